"""Suites of the lake, derived from the contracts: one per extract, over the rows ingestion accepted.

Ingestion puts rows that break a contract aside one by one; these suites prove, over all that is in the lake, that none
slipped through, that the lake holds what ingestion counted, and they tell when a channel falls silent. Failing rows are
named by file and line: a source's own keys are personal.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from data_quality.contract import Contract
from data_quality.suites.vocabulary import TableSuite, literal, no_rows

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

SCHEMA = "raw"
DELIVERIES = "pipeline.deliveries"
_KEY = ("_file", "_line")
_NUMBERS = {"number", "integer"}


def suites(
    contracts: Iterable[Contract], *, as_of: dt.date, max_rejected_share: float, usual_times: float, min_rows: int
) -> tuple[TableSuite, ...]:
    """The suite of every contract. `as_of` is the day freshness is judged on; `max_rejected_share` (0..1) holds where a
    contract states none. A day's rows are unusual beyond `usual_times` of the same weekday's, `min_rows` or more."""
    contracts = list(contracts)
    return tuple(
        TableSuite(
            stage="landing",
            table=f"{SCHEMA}.{contract.id}",
            key=_KEY,
            description=contract.grain,
            expectations=functools.partial(
                _expectations,
                contract,
                [other.id for other in contracts if contract.id in other.mappings],
                as_of,
                max_rejected_share,
                usual_times,
                min_rows,
            ),
            shown=frozenset({*_KEY, "ds", "delivery", *contract.told}),
            impersonal=False,
        )
        for contract in contracts
    )


def _expectations(
    contract: Contract,
    sources: Sequence[str],
    as_of: dt.date,
    max_rejected_share: float,
    usual_times: float,
    min_rows: int,
) -> Sequence[Expectation]:
    """`sources` are the mapping extracts that write into this table too."""
    expectations = [_holds_what_was_counted(contract, sources)]
    if contract.key:
        expectations.append(_unique_in_delivery(contract))
    required = {column.name: f'"{column.name}" is null' for column in contract.required}
    if required:
        expectations.append(
            _no_row_breaks(required, "required columns are never missing", "The contract requires them.")
        )
    if values := _value_rules(contract):
        expectations.append(
            _no_row_breaks(values, "values keep to the contract's lists and bounds", "The contract states them.")
        )
    share = max_rejected_share if contract.max_rejected_share is None else contract.max_rejected_share
    expectations += [
        _few_rejected(contract, share),
        _is_fresh(contract, as_of),
        _is_as_large_as_usual(contract, usual_times, min_rows),
    ]
    return expectations


def _holds_what_was_counted(contract: Contract, sources: Sequence[str]) -> Expectation:
    # Rows of a mapping extract are counted under its own name.
    prefixes = [f"{source}__" for source in sources]
    own = " and ".join(f"substr(delivery, 1, {len(prefix)}) <> '{prefix}'" for prefix in prefixes) or "true"
    return no_rows(
        f"""
        select counted.row_count as rows_counted, held.row_count as rows_held
        from (
            select coalesce(sum(rows_loaded), 0) as row_count
            from {DELIVERIES}
            where extract = '{contract.id}' and is_current
        ) as counted
        cross join (select count(*) as row_count from this where {own}) as held
        where counted.row_count <> held.row_count
        """,
        says="the lake holds the rows ingestion counted as loaded",
        note="A folder lost or loaded twice shows here first.",
    )


def _unique_in_delivery(contract: Contract) -> Expectation:
    names = ", ".join(f'"{column.name}"' for column in contract.key)
    return no_rows(
        f"select min(_file) as _file, min(_line) as _line from this group by delivery, {names} having count(*) > 1",
        says=f"{', '.join(column.name for column in contract.key)} identifies a row within its delivery",
        column=contract.key[0].name if len(contract.key) == 1 else None,
        note="The contract's primary key.",
    )


def _value_rules(contract: Contract) -> dict[str, str]:
    """By column, the SQL that is true where its value is off the contract's list or bounds."""
    rules: dict[str, str] = {}
    for column in contract.columns:
        breaks = []
        if column.valid_values and not column.is_nested:
            listed = ", ".join(literal(value) for value in column.valid_values)
            breaks.append(f'"{column.name}" not in ({listed})')
        if column.logical_type in _NUMBERS:
            if column.minimum is not None:
                breaks.append(f'"{column.name}" < {column.minimum}')
            if column.maximum is not None:
                breaks.append(f'"{column.name}" > {column.maximum}')
        if breaks:
            rules[column.name] = " or ".join(breaks)
    return rules


def _no_row_breaks(rules: Mapping[str, str], what: str, note: str) -> Expectation:
    """One pass over the rows for all columns: an extract is hundreds of files. A failing key names the column."""
    cases = " ".join(f"when {broken} then {literal(column)}" for column, broken in rules.items())
    return no_rows(
        f"select _file, _line, broken_column from (select _file, _line, case {cases} end as broken_column from this) "
        "as judged where broken_column is not null",
        says=f"{what}: {', '.join(rules)}",
        column=next(iter(rules)) if len(rules) == 1 else None,
        note=note,
    )


def _few_rejected(contract: Contract, share: float) -> Expectation:
    return no_rows(
        f"""
        select sum(rows_quarantined) as rows_rejected, sum(rows_read) as rows_read
        from {DELIVERIES}
        where extract = '{contract.id}' and is_current
        having sum(rows_quarantined) > {share} * sum(rows_read)
        """,
        says=f"at most {share:.1%} of the rows delivered so far broke the contract",
        note="One bad night stops the run at ingestion; this tells of a slow decline.",
        severity="warning",
    )


def _is_fresh(contract: Contract, as_of: dt.date) -> Expectation:
    days = contract.frequency_days + contract.latency_days
    oldest = as_of - dt.timedelta(days=days)
    return no_rows(
        f"""
        select max(business_date) as latest_delivery
        from {DELIVERIES}
        where extract = '{contract.id}' and is_current
        having max(business_date) < date '{oldest.isoformat()}'
        """,
        says=f"the latest delivery is at most {days} days old on {as_of.isoformat()}",
        note="Frequency and latency of the contract. An extract never delivered is not late.",
        severity="warning",
    )


def _is_as_large_as_usual(contract: Contract, times: float, min_rows: int) -> Expectation:
    weeks = " or ".join(f"days.business_date = latest.business_date - interval {7 * week} day" for week in range(1, 5))
    return no_rows(
        f"""
        select latest.business_date, latest.row_count as rows_loaded, usual.row_count as rows_usual
        from (
            select business_date, row_count from (
                select business_date, sum(rows_loaded) as row_count, max(business_date) over () as last_date
                from {DELIVERIES}
                where extract = '{contract.id}' and is_current
                group by business_date
            ) as by_day
            where business_date = last_date
        ) as latest
        inner join (
            select latest.business_date, median(days.row_count) as row_count, count(*) as weeks
            from (
                select business_date, sum(rows_loaded) as row_count
                from {DELIVERIES}
                where extract = '{contract.id}' and is_current
                group by business_date
            ) as days
            inner join (
                select max(business_date) as business_date from {DELIVERIES}
                where extract = '{contract.id}' and is_current
            ) as latest on {weeks}
            group by latest.business_date
        ) as usual on usual.business_date = latest.business_date
        where usual.weeks >= 3
            and usual.row_count >= {min_rows}
            and (latest.row_count > {times} * usual.row_count or {times} * latest.row_count < usual.row_count)
        """,
        says=f"the latest day holds between a {times:g}th and {times:g} times the rows of its weekday before",
        note="Half a file looks like a whole one. Extracts that come monthly have no weekday.",
        severity="warning",
    )
