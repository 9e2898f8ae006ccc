"""What `make chaos` prints: one row per part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One part's figures; None where a part has no such thing."""

    part: str
    kills: int | None = None
    survived: int | None = None
    queries: int | None = None
    errors: int | None = 0
    cases: int | None = None
    seconds: float = 0.0
    note: str = ""


def table(rows: Iterable[Row]) -> Table:
    drawn = Table(title="Chaos")
    drawn.add_column("part")
    for name in ("kills", "survived", "reader queries", "errors", "cases", "seconds"):
        drawn.add_column(name, justify="right")
    drawn.add_column("")
    for row in rows:
        figures = (row.kills, row.survived, row.queries, row.errors, row.cases, round(row.seconds))
        drawn.add_row(row.part, *("" if figure is None else f"{figure:,}" for figure in figures), row.note)
    return drawn
