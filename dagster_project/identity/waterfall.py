"""The evidence of a link as a picture: from how likely any two records are one person's, through what each comparison
says, to how likely these two are.

Odds multiply, so their logarithms add up: bar by bar the sum is the match model's score of the pair. What the model
asks beside it, whether the two may be people of one household, is no part of the sum. Pictures show personal data.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.charts import INK, SOFT, ChartError, save
from dagster_project.identity.dossier import RECORD, Tables, person, record_name, rows_of
from dagster_project.identity.explanation import Finding, compare, times
from dagster_project.identity.keys import KeyType
from dagster_project.identity.match_model import MatchModel

if TYPE_CHECKING:
    import altair as alt

_FOR, _AGAINST, _SUM = "speaks for one person", "speaks for two people", "before and after"
_COLOURS = {_FOR: "#2f7d8c", _AGAINST: "#c8553d", _SUM: "#8a8f98"}
_ROW = 34
_WIDTH = 480
# Powers of ten from one tick of the axis to the next: the finest that leaves its words room.
_TICKS_APART = (1, 2, 3, 6)
_MOST_TICKS = 6
_SURE = 0.999999
_TEN = math.log2(10)
_LARGE = {6: "million", 9: "billion", 12: "trillion"}


@dataclass(frozen=True)
class Waterfall:
    """Why two records are one person's. `records`: how each is named and what it says. `prior`: probability before
    anything is compared. `findings`: what speaks, the weightiest first. `needed`: the least probability that joins."""

    records: tuple[tuple[str, str], tuple[str, str]]
    prior: float
    findings: Sequence[Finding]
    needed: float

    @property
    def bits(self) -> list[float]:
        """Log2 of the odds before the comparisons, then what each finding adds."""
        return [_bits(self.prior), *(math.log2(finding.factor) for finding in self.findings)]

    @property
    def probability(self) -> float:
        """That the two are one person's, household aside."""
        return 1 / (1 + 2.0 ** -sum(self.bits))


def waterfalls(customer_id: str, tables: Tables, model: MatchModel | None, country: str) -> list[Waterfall]:
    """One per link by resemblance of a customer, `tables` as for `dossier`. Raises ChartError when there is none."""
    if model is None:
        raise ChartError("keys alone decide here (setting identity.match_model), so there is no evidence to weigh")
    known = tables["customer_records"].merge(tables["customer_sources"], on=RECORD)
    records = known[known["customer_id"] == customer_id]
    evidence = tables["link_evidence"].merge(records, on=RECORD)
    evidence = evidence[evidence["kind"] == KeyType.PROBABILISTIC.label]
    if evidence.empty:
        raise ChartError(
            f"no records of {customer_id} are joined by resemblance, so there is no evidence to weigh; "
            "`omnivue customer` lists the keys they share"
        )
    keys = tables["normalised_keys"].merge(records[RECORD], on=RECORD)
    keys = keys[~keys["is_shared"]]
    named = int(known[["first_name", "last_name"]].notna().any(axis=1).sum())
    found = []
    for _, pair in evidence.groupby("evidence_id", sort=True):
        rows = rows_of(pair.sort_values(["first_seen_date", *RECORD]))
        one, other = (person(row, keys) for row in rows)
        names = [record_name(row) for row in rows]
        found.append(
            Waterfall(
                ((names[0], _said(one)), (names[1], _said(other))),
                model.among(named).prior,
                compare(one, other, model, country=country),
                model.thresholds.keyed,
            )
        )
    return sorted(found, key=lambda waterfall: -waterfall.probability)


def draw(waterfalls: Sequence[Waterfall], file: Path) -> None:
    """Draw the waterfalls one below the other into a file, as `charts.save` does. Raises ChartError."""
    import altair as alt

    save(alt.vconcat(*(_chart(waterfall) for waterfall in waterfalls), spacing=48), file)


def _chart(waterfall: Waterfall) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    bars = _bars(waterfall)
    low, high = min(bar["low"] for bar in bars), max(bar["high"] for bar in bars)
    ticks, words = _ticks(min(low, 0), max(high, 0))
    row = alt.Y("text:N", title=None, sort=[bar["text"] for bar in bars]).axis(
        labelLimit=420, labelFontSize=13, labelColor=INK, labelPadding=10, domain=False, ticks=False
    )
    value = (
        alt.X("low:Q")
        .scale(domain=[ticks[0], ticks[-1]], nice=False)
        .axis(
            values=ticks,
            labelExpr=f"{json.dumps(words)}[round((datum.value - {ticks[0]}) / {ticks[1] - ticks[0]})]",
            labelFontSize=12,
            labelColor=INK,
            labelPadding=6,
            labelFlush=False,
            labelOverlap=False,
            gridColor="#e4e6ea",
            domain=False,
            ticks=False,
            title="that they are one person rather than two",
            titleFontSize=12,
            titleFontWeight="normal",
            titleColor=SOFT,
            titlePadding=12,
        )
    )
    colour = (
        alt.Color("side:N", title=None)
        .scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
        .legend(orient="bottom", direction="horizontal", labelFontSize=12, labelColor=INK, symbolType="square")
    )
    tooltip = [
        alt.Tooltip("text:N", title="evidence"),
        alt.Tooltip("said:N", title="factor"),
        alt.Tooltip("bits:Q", title="log2", format="+.2f"),
    ]
    base = alt.Chart(alt.InlineData(values=bars))
    beside = base.mark_text(align="left", baseline="middle", fontSize=12, color=INK, dx=16)
    weight = base.mark_text(align="right", baseline="middle", fontSize=12, color=INK, dx=220)
    above: dict[str, Any] = {"baseline": "bottom", "fontSize": 11, "color": SOFT, "dy": -6}
    needed = alt.Chart(
        alt.InlineData(values=[{"at": _bits(waterfall.needed), "text": f"joined from {_percent(waterfall.needed)}"}])
    )
    layers = [
        base.transform_filter("datum.next != null").mark_rule(color="#9aa0a8").encode(x="end:Q", y=row, y2="next:N"),
        needed.mark_rule(color=INK, strokeDash=[4, 4], opacity=0.7).encode(x="at:Q"),
        needed.mark_text(**above).encode(x="at:Q", y=alt.value(0), text="text:N"),
        base.mark_bar(height=20, cornerRadius=2).encode(y=row, x=value, x2="high:Q", color=colour, tooltip=tooltip),
        beside.encode(y=row, x=alt.value(_WIDTH), text="said:N"),
        weight.encode(y=row, x=alt.value(_WIDTH), text="weight:N"),
        needed.mark_text(align="right", **above | {"dx": 220}).encode(
            x=alt.value(_WIDTH), y=alt.value(0), text=alt.value("log2")
        ),
    ]
    (one, one_said), (other, other_said) = waterfall.records
    title = alt.Title(
        f"One person: {_percent(waterfall.probability)} likely",
        subtitle=[f"{one}: {one_said}", f"{other}: {other_said}"],
        anchor="start",
        frame="group",
        fontSize=16,
        color=INK,
        subtitleFontSize=12,
        subtitleColor=SOFT,
        subtitlePadding=6,
        offset=26,
    )
    return alt.layer(*layers, width=_WIDTH, height=_ROW * len(bars), title=title)


def _bars(waterfall: Waterfall) -> list[dict[str, Any]]:
    """One row per bar, top to bottom: from `low` to `high`, ending at `end`, in log2 of the odds."""
    prior, *added = waterfall.bits
    bars = [_bar("any two records", 0, prior, _SUM, f"1 pair in {float(f'{1 / waterfall.prior:.2g}'):,.0f}")]
    for finding, bits in zip(waterfall.findings, added, strict=True):
        side = _FOR if bits >= 0 else _AGAINST
        bars.append(_bar(finding.text, bars[-1]["end"], bits, side, times(finding.factor)))
    bars.append(_bar("these two records", 0, bars[-1]["end"], _SUM, _percent(waterfall.probability)))
    for bar, following in itertools.pairwise(bars):
        bar["next"] = following["text"]
    return bars


def _bar(text: str, start: float, bits: float, side: str, said: str) -> dict[str, Any]:
    low, high = sorted((start, start + bits))
    return {
        "text": text,
        "low": low,
        "high": high,
        "end": start + bits,
        "next": None,
        "side": side,
        "said": said,
        "bits": bits,
        "weight": f"{bits:+.1f}".replace("-", "\N{MINUS SIGN}"),
    }


def _ticks(low: float, high: float) -> tuple[list[float], list[list[str]]]:
    """Powers of ten around the bars, 1 among them, as log2, and each in lines of words."""
    for apart in _TICKS_APART:
        first, last = math.floor(low / _TEN / apart), math.ceil(high / _TEN / apart)
        if last - first < _MOST_TICKS:
            break
    powers = [step * apart for step in range(first, last + 1)]
    return [power * _TEN for power in powers], [_words(power) for power in powers]


def _words(power: int) -> list[str]:
    if power == 0:
        return ["as likely", "as not"]
    size = abs(power)
    unit = max((large for large in _LARGE if large <= size), default=0)
    number = f"{10 ** (size - unit):,} {_LARGE.get(unit, '')}".rstrip()
    return [f"{number} times", "likelier" if power > 0 else "less likely"]


def _said(record: Mapping[str, Any]) -> str:
    """What a record says of its person, in one line."""
    name = " ".join(part for part in (record["given_name"], record["surname"]) if part)
    town = " ".join(part for part in (record["postcode"], record["city"]) if part)
    parts = [name, record["birth_date"], record["address"], town, record["email"], record["phone"]]
    return ", ".join(part for part in parts if part)


def _bits(probability: float) -> float:
    return math.log2(probability / (1 - probability))


def _percent(probability: float) -> str:
    """As many digits as tell it from certainty, four at most: 90 %, 99.97 %, over 99.9999 %."""
    if probability > _SURE:
        return f"over {100 * _SURE:.4f} %"
    digits = max(1, math.ceil(-math.log10(1 - probability)) - 1)
    return f"{round(100 * probability, digits):g} %"
