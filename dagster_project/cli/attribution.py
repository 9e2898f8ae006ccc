"""`omnivue attribution`: which channels earned the conversions of a file of paths."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement

from dagster_project.cli.terminal import err, fail, folding_table, open_home, out

if TYPE_CHECKING:
    import pandas as pd


def attribution(
    paths: Annotated[
        Path, typer.Option(help="CSV or Parquet: path (a > b > c), conversions, value, nulls, perhaps days_before.")
    ],
    models: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Which models, by comma; default: all but shapley_rate.")
    ] = None,
    output: Annotated[str, typer.Option("--format", metavar="table|csv", help="csv has every digit.")] = "table",
    chart: Annotated[Path | None, typer.Option(help="Draw them side by side, into this .svg, .png or .html.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between two channels of a path.")] = ">",
    direct_channel: Annotated[str | None, typer.Option(help="last_non_direct passes it over.")] = None,
    first_weight: Annotated[float | None, typer.Option(help="position_based: share of the first touch.")] = None,
    last_weight: Annotated[float | None, typer.Option(help="position_based: share of the last touch.")] = None,
    half_life_days: Annotated[float | None, typer.Option(help="time_decay: this much earlier counts half.")] = None,
    step_days: Annotated[float | None, typer.Option(help="time_decay without days_before: days a step.")] = None,
    markov_order: Annotated[int | None, typer.Option(help="markov: channels the next one depends on, 1 to 3.")] = None,
) -> None:
    """Which channels earned the conversions: models of attribution side by side, over a file of paths.

    Options that are not given are the settings `attribution` of OMNIVUE_HOME.
    """
    from dagster_project.attribution import DEFAULT_MODELS, AttributionError, attribute, channel_weights, encode
    from dagster_project.attribution.chart import draw
    from dagster_project.attribution.files import read_paths
    from dagster_project.charts import ChartError

    if output not in ("table", "csv"):
        fail(f"--format {output}: choose table or csv", 2)
    asked = [model.strip() for model in models.split(",")] if models is not None else list(DEFAULT_MODELS)
    given = {
        "direct_channel": direct_channel,
        "first_weight": first_weight,
        "last_weight": last_weight,
        "half_life_days": half_life_days,
        "step_days": step_days,
        "markov_order": markov_order,
    }
    settings = open_home()[1].attribution.model_dump() | {name: own for name, own in given.items() if own is not None}
    try:
        frame = read_paths(paths)
        found = attribute(frame, asked, separator=separator, **settings)
        if output == "csv":
            found.to_csv(sys.stdout, index=False, lineterminator="\n")
        else:
            _print_attribution(found, "conversions")
            if found["value"].any():
                _print_attribution(found, "value")
            if raw := [model for model in asked if model in ("markov", "shapley_rate")]:
                effects = channel_weights(encode(frame, separator), raw, **settings)
                out.print(
                    "Before they become shares: removal effects (markov), conversions per journey (shapley_rate)\n"
                )
                _print_attribution(effects, "effect", digits=4, totals=False)
        if chart is not None:
            draw(found, chart)
            err.print(f"The models are drawn in {chart}", soft_wrap=True)
    except (AttributionError, ChartError) as error:
        fail(str(error), 1)


def _print_attribution(found: pd.DataFrame, measure: str, *, digits: int | None = None, totals: bool = True) -> None:
    """Channels down, models across. `digits` behind the point: the fewer, the more there is, when not given."""
    wide = found.pivot(index="channel", columns="model", values=measure)[list(dict.fromkeys(found["model"]))]
    if digits is None:
        digits = max(0, 4 - len(f"{wide.sum().abs().max():.0f}"))
    table = folding_table(measure, *(str(model).replace("_", "\n") for model in wide.columns))
    for column in table.columns[1:]:
        column.justify = "right"
    for channel, row in wide.iterrows():
        table.add_row(escape(str(channel)), *(f"{value:,.{digits}f}" for value in row))
    if totals:
        table.add_section()
        table.add_row("[bold]all[/]", *(f"[bold]{value:,.{digits}f}[/]" for value in wide.sum()))
    # A narrow terminal breaks lines, but no number is cut.
    needed = Measurement.get(out, out.options.update(max_width=10_000), table).maximum
    Console(highlight=False, width=max(out.width, needed)).print(table)
    out.print()
