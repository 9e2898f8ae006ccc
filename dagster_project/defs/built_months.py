"""What the first pass was built from, month by month, and what a night has to build again.

Belongs here: which months of an extract changed, and which are settled. Lives elsewhere: how a month's digest comes
about (`dagster_project.ingestion`), and the models that write what changed (`dbt/macros/by_month.sql`,
`dbt/macros/settled_versions.sql`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

BUILT_MONTHS_SCHEMA = pa.schema([(name, pa.string()) for name in ("extract", "month", "digest", "basis")])
# A late delivery of the month before is common, an older one rare: that one has the settled versions written anew.
OPEN_MONTHS = 2

Built = frozenset[tuple[str, str, str, str]]


@dataclass(frozen=True)
class MonthsToBuild:
    """`changed`: by extract, the months (YYYY-MM-01) that are not as the first pass last found them; None when all is
    to be built. `settled`: by extract, `before`, the first of its newest months (None: it has no older ones), and
    `has_changed`, whether the older ones are others than those last found."""

    changed: Mapping[str, list[str]] | None = None
    settled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def months_to_build(remembered: Built, now: Built, extracts: Collection[str]) -> tuple[MonthsToBuild, Built]:
    """What to build, and what may be remembered while that goes on: what a run that is cut off may have written stands
    in neither. `extracts` that never delivered have nothing to build.

    All is built after other settings or code, and when nothing is remembered.
    """
    is_all = not remembered or {basis for *_, basis in remembered} != {basis for *_, basis in now}
    if is_all:
        remembered = frozenset()
    settled: dict[str, Mapping[str, Any]] = {}
    kept = remembered & now
    for extract in sorted({extract for extract, *_ in now}):
        then, today = _of(remembered, extract), _of(now, extract)
        has_changed = not then or _older(then) != _older(today)
        newest = sorted(month for _, month, *_ in today - _older(today))
        settled[extract] = {"before": f"{newest[0]}-01" if _older(today) else None, "has_changed": has_changed}
        if has_changed:
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


def _of(rows: Built, extract: str) -> Built:
    return frozenset(row for row in rows if row[0] == extract)


def _older(rows: Built) -> Built:
    """Those of an extract's months that are not its newest."""
    newest = sorted(month for _, month, *_ in rows)[-OPEN_MONTHS:]
    return frozenset(row for row in rows if row[1] not in newest)
