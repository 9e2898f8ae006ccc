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
    failing keys are kept and shown. Of failing rows the columns in `shown` are (None: all), the others are masked. No
    text of the table holds an e-mail address or a phone number where it is `impersonal`.
    """

    stage: Stage
    table: str
    key: tuple[str, ...]
    description: str
    expectations: Callable[[], Sequence[Expectation]]
    shown: frozenset[str] | None = None
    impersonal: bool = True

    @property
    def name(self) -> str:
        """`<stage>.<table without schema>`, e.g. `core.fct_orders`."""
        return f"{self.stage}.{self.table.partition('.')[2]}"

    def build(self, texts: Sequence[str] = ()) -> gx.ExpectationSuite:
        """The suite; `texts` are the columns of text that the table has."""
        meta = {"stage": self.stage, "table": self.table, "key": list(self.key)}
        expectations = list(self.expectations())
        if self.impersonal and texts:
            expectations.append(_tells_nobody(texts))
        suite: gx.ExpectationSuite = great_expectations().ExpectationSuite(
            name=self.name, expectations=expectations, meta=meta, notes=self.description
        )
        return suite


def table_suite(
    stage: Stage, table: str, *, key: Sequence[str], impersonal: bool = True
) -> Callable[[Callable[[], Sequence[Expectation]]], TableSuite]:
    """Turn a function returning expectations into the suite of `table`; its docstring describes the suite."""

    def declare(function: Callable[[], Sequence[Expectation]]) -> TableSuite:
        description = (function.__doc__ or "").strip()
        return TableSuite(stage, table, tuple(key), description, function, impersonal=impersonal)

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


def as_many_as(source: str, *, named: str | None = None) -> Expectation:
    """As many rows as `source`: `schema.table`, perhaps with a condition; `named` in words where it is more."""
    return no_rows(
        f"""
        select counted.row_count as rows_here, delivered.row_count as rows_there
        from (select count(*) as row_count from this) as counted
        cross join (select count(*) as row_count from {source}) as delivered
        where counted.row_count <> delivered.row_count
        """,
        says=f"it holds as many rows as {named or source}",
        note="A join that loses or repeats rows shows here.",
    )


def everyone(query: str, *, key: str, of: str) -> Expectation:
    """Every `key` that `query` selects is there; `of` says in words whose they are."""
    return no_rows(
        f"select {key} from ({query}) as wanted except select {key} from this",
        says=f"every {key} of {of} is there",
        column=key,
        note="Whatever is missing here is missing from every report that joins the table.",
    )


def agrees(
    here: str, there: str, *, key: Sequence[str], measures: Sequence[str], says: str, note: str, tolerance: float = 0
) -> Expectation:
    """`measures` by `key` are the same in two queries, the first one over the table as `this`; what is missing on one
    side is 0. Differences up to `tolerance`, as a share of 1 + the value, are none."""
    names = ", ".join(key)
    sides = [(f"coalesce(here.{name}, 0)", f"coalesce(there.{name}, 0)") for name in measures]
    differ = " or ".join(f"abs({ours} - {theirs}) > {tolerance} * (1 + abs({theirs}))" for ours, theirs in sides)
    return no_rows(
        f"select {names} from ({here}) as here full join ({there}) as there using ({names}) where {differ}",
        says=says,
        column=measures[0] if len(measures) == 1 else None,
        note=note,
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


# Codes may look like a phone number without its country.
_CODES = ("sku", "code", "id", "key", "number", "digest", "version")


def _tells_nobody(columns: Sequence[str]) -> Expectation:
    """No text is an e-mail address or a phone number, as far as their form shows it: with @ and a domain; with + and 8
    to 15 digits; ten digits of France, of which those of a code may be by chance."""
    tests = {}
    for column in columns:
        name = f'"{column}"'
        digits = f"translate({name}, ' .-/()', '')"
        international = f"{name} like '+%' and length({digits}) between 9 and 16"
        national = f"{name} like '0%' and length({digits}) = 10"
        if column.rpartition("_")[2] in _CODES:
            national = f"{national} and length({name}) > 10"
        bare = f"translate({name}, '+0123456789 .-/()', '') = ''"
        tests[column] = (
            f"{name} like '%_@_%._%' or (length({name}) < 25 and ({international} or {national}) and {bare})"
        )
    cases = " ".join(f"when {test} then '{column}'" for column, test in tests.items())
    return no_rows(
        f"select personal_column from (select case {cases} end as personal_column from this) as judged "
        "where personal_column is not null group by personal_column",
        says="no text is an e-mail address or a phone number",
        note="Who may read the marts may not read who people are; that stands in the directory.",
    )


def literal(value: str) -> str:
    """An SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def _range(minimum: Number | None, maximum: Number | None) -> str:
    if maximum is None:
        return f"at least {minimum}"
    if minimum is None:
        return f"at most {maximum}"
    return f"between {minimum} and {maximum}" if minimum != maximum else f"exactly {minimum}"


def _escape(sql: str) -> str:
    """Braces are placeholders in a query expectation."""
    return sql.replace("{", "{{").replace("}", "}}")
