"""`omnivue checks`: what the gate found."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, out, print_csv
from dagster_project.settings import home


def checks(
    table: Annotated[
        str | None, typer.Option(help="Only this table, for example fct_orders or raw.crm_contacts.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that hold, too.")] = False,
    rows: Annotated[int, typer.Option(min=0, help="Failing rows to show of each; up to 1,000 are kept.")] = 3,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the checks as CSV, without rows.")] = False,
) -> None:
    """What the gate said when it last judged: what failed and what it warns of, why that matters, and rows.

    Personal columns of the rows are masked. What was judged is the last run's data, also where it was not published.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from dagster_project.ingestion import shown
    from data_quality.results import ExpectationResult, read_results
    from data_quality.suites.vocabulary import STAGES

    place = home()
    found = [said for stage in STAGES if (said := read_results(place.quality, stage)) is not None]
    if not found:
        fail("nothing was judged yet: `omnivue run`", 1)
    judged = pa.concat_tables(said.expectations for said in found)
    if table is not None:
        tables = set(judged["table_name"].to_pylist())
        named = [name for name in tables if table in (name, name.partition(".")[2])]
        if not named:
            near = difflib.get_close_matches(table, sorted(name.partition(".")[2] for name in tables))
            fail(f"no check is about '{table}'; " + (" or ".join(near) if near else "`omnivue checks --all`") + "?", 1)
        judged = judged.filter(pc.is_in(judged["table_name"], pa.array(named)))
    asked = judged if every else judged.filter(pc.invert(judged["success"]))
    if as_csv:
        print_csv(asked)
        return
    verdicts = {"critical": ("failed", "bold red"), "warning": ("warning", "yellow")}
    failing: dict[tuple[str, str], list[str]] = {}
    for stage in found:
        for row in stage.failing_rows.to_pylist():
            failing.setdefault((row["suite"], row["expectation"]), []).append(row["failing_row"])
    for said in asked.to_pylist():
        word, colour = ("ok", "green") if said["success"] else verdicts[said["severity"]]
        text = f"{ExpectationResult(**said).sentence()}. {said['note']}"
        out.print(f"[{colour}]{word:<8}[/] {escape(shown(text))}", soft_wrap=True)
        for row in failing.get((said["suite"], said["expectation"]), [])[:rows]:
            out.print(f"         {escape(shown(row))}", style="dim", soft_wrap=True)
    for stage in found:
        of_stage = judged.filter(pc.equal(judged["stage"], stage.stage))
        if of_stage.num_rows:
            hold = pc.sum(of_stage["success"]).as_py()
            # A run that ends at one stage leaves the later ones as the run before found them.
            before = " by an earlier run" if stage.judged_at < found[0].judged_at else ""
            when = f"{stage.judged_at:%Y-%m-%d %H:%M} UTC{before}"
            out.print(f"{stage.stage:<8} {hold:,} of {of_stage.num_rows:,} hold, judged {when}")
