"""`omnivue customer`: who a customer is, and why."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, folding_table, open_home, out


def customer(
    who: Annotated[
        str, typer.Argument(help="A customer_id, present or former; an e-mail, phone, card, account or key.")
    ],
    chart: Annotated[
        Path | None,
        typer.Option(help="Draw why records without a key in common are together, into this .svg, .png or .html."),
    ] = None,
    unpublished: Annotated[
        bool,
        typer.Option("--unpublished", help="As the last run found it, also where the gate held it back."),
    ] = False,
) -> None:
    """Who a customer is: golden record, the records behind it, why they are together, the id's history. Personal."""
    from dagster_project.charts import ChartError
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity.dossier import TABLES, dossier, find
    from dagster_project.identity.waterfall import draw, waterfalls
    from dagster_project.publishing import directory_to_be, read_directory

    place, settings = open_home()
    pipeline = Pipeline(place, settings)
    read = directory_to_be(pipeline.warehouse, TABLES) if unpublished else read_directory(place, TABLES)
    tables = {name: table.to_pandas() for name, table in read.items()}
    found = find(who, tables, settings.business.country)
    if not found:
        fail(f"no customer bears '{who}': give a customer_id, e-mail, phone, loyalty card, account or source key", 1)
    if len(found) > 1:
        out.print(f"{who} is borne by {len(found)} customers; ask for one of them:\n", soft_wrap=True)
        golden = tables["customers"].set_index("customer_id")
        for customer_id in found:
            names = (golden.at[customer_id, column] for column in ("first_name", "last_name"))
            said = " ".join(name for name in names if isinstance(name, str))
            out.print(f"  {customer_id}  {escape(said or 'no name')}")
        return
    told = dossier(found[0], tables, pipeline.match_model, settings.business.country)
    out.print(f"[bold]{told.customer_id}[/]\n")
    table = folding_table("", "golden record", "said by", "on", "as the")
    for row in told.values.to_dict("records"):
        source, said_on = f"{row['source_system']} {row['source_person_key']}", f"{row['said_at']:%Y-%m-%d}"
        values = (row["field"].replace("_", " "), row["value"], source, said_on, row["rule"].replace("_", " "))
        table.add_row(*map(escape, values))
    out.print(table)
    out.print("\n[bold]Known of them[/]")
    table = folding_table("", "", show_header=False)
    for name, value in told.golden.items():
        table.add_row(name.replace("_", " "), escape(_cell(value)))
    out.print(table)
    table = folding_table("source", "key", "since", "first name", "last name", "joined by", "probability")
    for row in told.records.to_dict("records"):
        cells = [
            row[name] for name in ("source_system", "source_person_key", "first_seen_date", "first_name", "last_name")
        ]
        cells += [row["match_method"].replace("_", " "), f"{row['match_probability']:.4f}"]
        table.add_row(*(escape(_cell(cell)) for cell in cells))
    out.print("\n[bold]Records[/]")
    out.print(table)
    for title, sentences in (("Why together", told.reasons), ("Note", told.cautions), ("History", told.history)):
        if sentences:
            out.print(f"\n[bold]{title}[/]")
            for sentence in sentences:
                out.print(f"  {escape(sentence)}", soft_wrap=True)
    if chart is not None:
        try:
            draw(waterfalls(found[0], tables, pipeline.match_model, settings.business.country), chart)
        except ChartError as error:
            fail(str(error), 1)
        out.print(f"\nThe evidence is drawn in {chart}; it shows personal data.", soft_wrap=True)


def _cell(value: object) -> str:
    """A value as people read it: no time of day at midnight, lists with commas, nothing for null."""
    if isinstance(value, dt.datetime):
        return (
            ""
            if str(value) == "NaT"
            else f"{value:%Y-%m-%d}"
            if value.time() == dt.time()
            else f"{value:%Y-%m-%d %H:%M}"
        )
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return "" if value is None or value != value else str(value)
