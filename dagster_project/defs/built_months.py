"""What the first pass was built from, month by month, and what a night has to build again.

Belongs here: which months of an extract changed, and which are settled. Lives elsewhere: how a month's digest comes
about (`dagster_project.ingestion`), and the models that write what changed (`dbt/macros/by_month.sql`,
`dbt/macros/settled_versions.sql`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

BUILT_MONTHS_SCHEMA = pa.schema([(name, pa.string()) for name in ("extract", "month", "digest", "basis")])
# A late delivery of the month before is common, an older one rare: that one has the settled versions written anew.
OPEN_MONTHS = 2

Built = frozenset[tuple[str, str, str, str]]


@dataclass(frozen=True)
class MonthsToBuild:
    """`changed`: by extract, the months (YYYY-MM-01) that are not as the first pass last found them; None when all is
    to be built. `settled`: by extract, `before`, the first of its newest months (None: it has no older ones), and
    `since`, the first of the older ones that what was settled lacks: `before` when it lacks none, None when it is to be
    written anew."""

    changed: Mapping[str, list[str]] | None = None
    settled: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)


def months_to_build(remembered: Built, now: Built, extracts: Collection[str]) -> tuple[MonthsToBuild, Built]:
    """What to build, and what may be remembered while that goes on: what a run that is cut off may have written stands
    in neither. `extracts` that never delivered have nothing to build.

    All is built after other settings or code, and when nothing is remembered.
    """
    is_all = not remembered or {basis for *_, basis in remembered} != {basis for *_, basis in now}
    if is_all:
        remembered = frozenset()
    settled: dict[str, Mapping[str, str | None]] = {}
    kept = remembered & now
    for extract in sorted({extract for extract, *_ in now}):
        then, today = _of(remembered, extract), _of(now, extract)
        before = _first(today - _older(today)) if _older(today) else None
        settled[extract] = {"before": before, "since": _since(_older(then), _older(today), before)}
        if not then or _older(then) != _older(today):
            kept -= then
    if is_all:
        return MonthsToBuild(None, settled), kept
    changed: dict[str, set[str]] = {extract: set() for extract in extracts}
    for extract, month, *_ in remembered ^ now:
        changed.setdefault(extract, set()).add(f"{month}-01")
    return MonthsToBuild({name: sorted(months) for name, months in changed.items()}, settled), kept


def to_arrow(rows: Iterable[tuple[str, ...]]) -> pa.Table:
    """One row per extract and month."""
    names = BUILT_MONTHS_SCHEMA.names
    return pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in sorted(rows)], schema=BUILT_MONTHS_SCHEMA
    )


def from_arrow(table: pa.Table) -> Built:
    return frozenset(tuple(row.values()) for row in table.to_pylist())


def _since(then: Built, today: Built, before: str | None) -> str | None:
    """The first month by which what is settled `today` goes on from what was `then`."""
    if then == today:
        return before
    added = today - then
    if not then or then - today or _first(added) < _last(then):
        return None
    return _first(added)


def _first(rows: Built) -> str:
    return f"{min(month for _, month, *_ in rows)}-01"


def _last(rows: Built) -> str:
    return f"{max(month for _, month, *_ in rows)}-01"


def _of(rows: Built, extract: str) -> Built:
    return frozenset(row for row in rows if row[0] == extract)


def _older(rows: Built) -> Built:
    """Those of an extract's months that are not its newest."""
    newest = sorted(month for _, month, *_ in rows)[-OPEN_MONTHS:]
    return frozenset(row for row in rows if row[1] not in newest)
