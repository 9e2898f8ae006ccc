"""Models side by side as a picture: for each channel one bar per model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_project.charts import INK, SOFT, save

if TYPE_CHECKING:
    import altair as alt

# Rules of one touch in greys and browns, of several in blues, algorithmic models in strong colours.
_COLOURS = {
    "first_touch": "#c9b8a3",
    "last_touch": "#9b8b7a",
    "last_non_direct": "#6b6259",
    "linear": "#a9cbe0",
    "position_based": "#6d9fc2",
    "time_decay": "#3c6e99",
    "markov": "#c8553d",
    "shapley": "#2f7d5b",
    "shapley_rate": "#d9a521",
}
_BAR = 9
_GAP = 14
_WIDTH = 460


def draw(credits_by_channel: pd.DataFrame, file: Path) -> None:
    """Draw what `attribute` returns, conversions and, where there is any, value beside them, into a file as
    `charts.save` does; the channel with the most conversions on average comes first. Raises ChartError."""
    import altair as alt

    measures = ["conversions"] + (["value"] if credits_by_channel["value"].any() else [])
    panels = [_panel(credits_by_channel, measure, names=not at) for at, measure in enumerate(measures)]
    save(alt.hconcat(*panels, spacing=28), file)


def _panel(credited: pd.DataFrame, measure: str, *, names: bool) -> alt.Chart:
    import altair as alt

    models = list(dict.fromkeys(credited["model"]))
    channels = credited.groupby("channel")["conversions"].sum().sort_values(ascending=False, kind="stable").index
    said: list[dict[str, Any]] = credited.assign(model=credited["model"].str.replace("_", " ")).to_dict("records")  # type: ignore[assignment]
    labels = [model.replace("_", " ") for model in models]
    panel: alt.Chart = (
        alt.Chart(alt.InlineData(values=said), title=_title(credited, measure))
        .mark_bar(cornerRadius=1)
        .encode(
            y=alt.Y("channel:N", title=None, sort=list(channels))
            .scale(paddingInner=_GAP / (len(models) * _BAR + _GAP), paddingOuter=0.1)
            .axis(labels=names, labelFontSize=13, labelColor=INK, labelPadding=10, domain=False, ticks=False),
            yOffset=alt.YOffset("model:N", sort=labels),
            x=alt.X(f"{measure}:Q", title=None).axis(
                labelFontSize=12, labelColor=INK, gridColor="#e4e6ea", domain=False, ticks=False, tickCount=5
            ),
            color=alt.Color("model:N", title=None, sort=labels)
            .scale(domain=labels, range=[_COLOURS[model] for model in models])
            .legend(orient="bottom", labelFontSize=12, labelColor=INK, symbolType="square", columns=len(labels)),
            tooltip=["channel:N", "model:N", alt.Tooltip(f"{measure}:Q", format=",.2f")],
        )
        .properties(width=_WIDTH, height=len(channels) * (len(models) * _BAR + _GAP))
    )
    return panel


def _title(credited: pd.DataFrame, measure: str) -> alt.Title:
    import altair as alt

    total = credited.loc[credited["model"] == credited["model"].iloc[0], measure].sum()
    subtitle = f"{total:,.2f} in all".replace(".00 ", " ")
    return alt.Title(
        f"{measure.capitalize()} by channel and model",
        subtitle=subtitle,
        anchor="start",
        frame="group",
        fontSize=16,
        color=INK,
        subtitleFontSize=12,
        subtitleColor=SOFT,
        subtitlePadding=6,
        offset=18,
    )
