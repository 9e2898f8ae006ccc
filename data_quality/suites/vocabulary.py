"""The words suites are written in: a table suite, and the few kinds of expectation it may hold.

Belongs here: how an expectation is spelt (severity, note, key columns), so that suites read as statements about data.
Lives elsewhere: how they are run (`data_quality.runner`), what they say (`landing`, `core`, `marts`).

`critical` stops the publication, `warning` is reported. Every expectation carries a note: why the rule exists.
Great Expectations is imported when a suite is built, not when this module is (5 seconds, 300 MB).
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from data_quality.library import great_expectations

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.expectations.expectation import Expectation

Severity = Literal["critical", "warning"]
Stage = Literal["landing", "core", "marts"]
Number = int | float
STAGES: tuple[Stage, ...] = ("landing", "core", "marts")


@dataclass(frozen=True)
class TableSuite:
    """A suite and where it applies; building it (`build`) imports Great Expectations.

    `table` is `schema.table`; `key` names the columns that identify a failing row: never personal data, because
    failing keys are kept and shown.
    """

    stage: Stage
    table: str
    key: tuple[str, ...]
    description: str
    expectations: Callable[[], Sequence[Expectation]]

    @property
    def name(self) -> str:
        """`<stage>.<table without schema>`, e.g. `core.fct_orders`."""
        return f"{self.stage}.{self.table.partition('.')[2]}"

    def build(self) -> gx.ExpectationSuite:
        meta = {"stage": self.stage, "table": self.table, "key": list(self.key)}
        suite: gx.ExpectationSuite = great_expectations().ExpectationSuite(
            name=self.name, expectations=list(self.expectations()), meta=meta, notes=self.description
        )
        return suite


def table_suite(
    stage: Stage, table: str, *, key: Sequence[str]
) -> Callable[[Callable[[], Sequence[Expectation]]], TableSuite]:
    """Turn a function returning expectations into the suite of `table`; its docstring describes the suite."""

    def declare(function: Callable[[], Sequence[Expectation]]) -> TableSuite:
        return TableSuite(stage, table, tuple(key), (function.__doc__ or "").strip(), function)

    return declare


@functools.cache
def _no_rows_class() -> Any:
    great_expectations()
    from data_quality.suites.no_rows import ExpectNoRows

    return ExpectNoRows


def _expectations() -> Any:
    return great_expectations().expectations


def row_count(
    *, note: str, minimum: int = 1, maximum: int | None = None, severity: Severity = "critical"
) -> Expectation:
    """The table holds `minimum` to `maximum` rows."""
    expectation: Expectation = _expectations().ExpectTableRowCountToBeBetween(
        min_value=minimum,
        max_value=maximum,
        severity=severity,
        notes=note,
        description=f"the table holds {_range(minimum, maximum)} rows",
    )
    return expectation


def not_null(column: str, *, note: str, severity: Severity = "critical") -> Expectation:
    """No row lacks `column`."""
    expectation: Expectation = _expectations().ExpectColumnValuesToNotBeNull(
        column=column, severity=severity, notes=note, description=f"{column} is never missing"
    )
    return expectation


def one_of(column: str, values: Sequence[str], *, note: str, severity: Severity = "critical") -> Expectation:
    """Every value of `column` that is present is one of `values`."""
    expectation: Expectation = _expectations().ExpectColumnValuesToBeInSet(
        column=column,
        value_set=list(values),
        severity=severity,
        notes=note,
        description=f"{column} is one of {', '.join(values)}",
    )
    return expectation


def between(
    column: str,
    minimum: Number | None = None,
    maximum: Number | None = None,
    *,
    note: str,
    severity: Severity = "critical",
) -> Expectation:
    """Every value of `column` that is present lies in [minimum, maximum]."""
    expectation: Expectation = _expectations().ExpectColumnValuesToBeBetween(
        column=column,
        min_value=minimum,
        max_value=maximum,
        severity=severity,
        notes=note,
        description=f"{column} is {_range(minimum, maximum)}",
    )
    return expectation


def unique(
    columns: Sequence[str], *, note: str, where: str | None = None, severity: Severity = "critical"
) -> Expectation:
    """No two rows share `columns`.

    A grouped query: the uniqueness expectation of the library uses a window over the table, half of a suite's time.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    condition = f"where {where} " if where else ""
    return no_rows(
        f"select {names} from this {condition}group by {names} having count(*) > 1",
        says=f"{', '.join(columns)} identifies a row",
        column=columns[0] if len(columns) == 1 else None,
        note=note,
        severity=severity,
    )


def references(
    column: str, target: str, key: str, target_column: str, *, note: str, severity: Severity = "critical"
) -> Expectation:
    """Every value of `column` that is present exists as `target_column` of `target`; `key` names failing rows."""
    return no_rows(
        f'select "{key}" from this as child where "{column}" is not null '
        f'and not exists (select 1 from {target} as parent where parent."{target_column}" = child."{column}")',
        says=f"every {column} is in {target}",
        column=column,
        note=note,
        severity=severity,
    )


def holds(
    condition: str,
    *,
    key: Sequence[str],
    says: str,
    note: str,
    column: str | None = None,
    severity: Severity = "critical",
) -> Expectation:
    """No row makes `condition` (SQL) false; a NULL condition counts as true, as in a check constraint."""
    names = ", ".join(f'"{name}"' for name in key)
    return no_rows(
        f"select {names} from this where not ({condition})",
        says=says,
        column=column,
        note=note,
        severity=severity,
    )


def no_rows(
    query: str, *, says: str, note: str, column: str | None = None, severity: Severity = "critical"
) -> Expectation:
    """The query returns nothing. It reads the table as `this` and selects key columns only.

    `says` is the rule as a sentence for readers of the Data Docs.
    """
    expectation: Expectation = _no_rows_class()(
        # The library writes its placeholder now with an alias, now without: a name of our own holds for every query.
        unexpected_rows_query=f"with this as (select * from {{batch}}) {_escape(textwrap.dedent(query).strip())}",
        description=says,
        severity=severity,
        notes=note,
        meta={"column": column} if column else None,
    )
    return expectation


def _range(minimum: Number | None, maximum: Number | None) -> str:
    if maximum is None:
        return f"at least {minimum}"
    if minimum is None:
        return f"at most {maximum}"
    return f"between {minimum} and {maximum}" if minimum != maximum else f"exactly {minimum}"


def _escape(sql: str) -> str:
    """Braces are placeholders in a query expectation."""
    return sql.replace("{", "{{").replace("}", "}}")
