"""`omnivue identity`: how records become customers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, open_home, out
from dagster_project.settings import Home, home

group = typer.Typer(no_args_is_help=True, help="How records become customers.")


@group.command("train")
def identity_train(
    save: Annotated[Path | None, typer.Option(help="Where to write it; match_model.json in OMNIVUE_HOME.")] = None,
) -> None:
    """Fit a match model to the records of the last run, in a file. No run uses it before the settings name it."""
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity import train_model

    place, settings = open_home()
    pipeline = Pipeline(place, settings)
    target = save or place.root / "match_model.json"
    records = pipeline.warehouse.table("intermediate", "int_customer_records")
    model = train_model(records, pipeline.decisions.table, settings.identity, country=settings.business.country)
    target.parent.mkdir(parents=True, exist_ok=True)
    model.save(target)
    out.print(f"{target}: match model {model.version}, of {records.num_rows:,} records", soft_wrap=True)
    used = pipeline.match_model
    out.print(
        f"in use: {used.version if used else 'none'}. To use the new one, set in {place.settings_file}:", soft_wrap=True
    )
    out.print(f"  identity: {{match_model: {_as_set(place, target)}}}", soft_wrap=True)


def _as_set(place: Home, path: Path) -> Path:
    """A path as the settings take it: relative to the home where it lies in it."""
    path = path.resolve()
    return path.relative_to(place.root) if path.is_relative_to(place.root) else path


@group.command("review")
def identity_review(
    limit: Annotated[int, typer.Option(min=1, help="Pairs to show, or to write.")] = 10,
    file: Annotated[Path | None, typer.Option("--csv", help="Write them as decisions to fill in, instead.")] = None,
) -> None:
    """Pairs of customers that may be one, the most valuable first, and the evidence. Personal.

    --csv writes them in the format of the decisions file with `action` left empty: write link or unlink there.
    """
    from dagster_project.defs.pipeline import Pipeline, business_day
    from dagster_project.identity.decisions import write_undecided
    from dagster_project.identity.review import cases, undecided
    from dagster_project.publishing import read_directory

    place, settings = open_home()
    pipeline = Pipeline(place, settings)
    if pipeline.match_model is None:
        out.print("Nothing to review: without a match model (identity.match_model) nothing is uncertain.")
        return
    read = read_directory(place, ("review_queue", "customer_records", "normalised_keys"))
    queue, records, keys = read.values()
    waiting = undecided(queue, pipeline.decisions.table)
    asked = cases(
        waiting.slice(0, limit),
        records,
        keys,
        pipeline.match_model,
        settings.business.country,
        settings.business.currency,
    )
    if file is not None:
        if file.exists():
            fail(f"{file} is there already: name another file, so that no decision in it is lost", 1)
        file.parent.mkdir(parents=True, exist_ok=True)
        written = write_undecided(file, ((*case.records, case.reason) for case in asked), business_day(settings))
        out.print(
            f"{file}: {written:,} of {waiting.num_rows:,} pairs. Write link or unlink in column action,", soft_wrap=True
        )
        chosen = settings.identity.decisions
        setting = f"set in {place.settings_file}:\n  identity: {{decisions: {_as_set(place, file)}}}"
        where = f"add the lines to {chosen}" if chosen else setting
        out.print(f"To have the next `omnivue run` obey, {where}", soft_wrap=True)
        return
    for number, case in enumerate(asked, start=1):
        stake = f"{case.row['value_at_stake']:,} {settings.business.currency}"
        out.print(f"[bold]{number}.[/] {stake} at stake, {escape(case.why)}", soft_wrap=True)
        for line in (*case.sides, case.evidence):
            out.print(f"   {escape(line)}", soft_wrap=True)
    if not waiting.num_rows:
        out.print("Nothing to review.")
    elif waiting.num_rows > limit:
        out.print(f"... and {waiting.num_rows - limit:,} more (--limit, --csv)")


@group.command("decisions")
def identity_decisions() -> None:
    """What stewards decided, in the file and by `identity revert`; what of it decides nothing, and why. Personal."""
    from collections import Counter

    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity import load_ledger, weigh
    from dagster_project.identity.decisions import CONTRADICTED, HOLDS, REPLACED, pair

    place, settings = open_home()
    decisions = Pipeline(place, settings).decisions
    weighed = weigh(decisions.table)
    known = load_ledger(place.ledger).members()
    delivered = set(zip(known["source_system"], known["source_person_key"], strict=True))
    rows = decisions.table.to_pylist()
    kinds = Counter(weighed.state)
    absent = {
        row: missing
        for row, state in enumerate(weighed.state)
        if state == HOLDS and (missing := [record for record in pair(rows[row]) if record not in delivered])
    }
    out.print(
        f"decisions: {kinds[HOLDS] - len(absent):,} in force, {len(absent):,} waiting for a record, "
        f"{kinds[REPLACED]:,} replaced by later ones on the same pair, {kinds[CONTRADICTED]:,} contradicted by later "
        f"ones, {decisions.unfilled:,} still without an action",
        soft_wrap=True,
    )

    def told(row: int) -> str:
        one, other = (" ".join(record) for record in pair(rows[row]))
        return f"{decisions.places[row]} ({rows[row]['decided_on']}: {rows[row]['action']} {one}, {other})"

    for row, state in enumerate(weighed.state):
        if state == CONTRADICTED:
            others = "; ".join(told(other) for other in weighed.against[row])
            out.print(f"[yellow]contradicted[/]  {escape(told(row))} by {escape(others)}", soft_wrap=True)
        elif row in absent:
            named = " and ".join(" ".join(record) for record in absent[row])
            out.print(f"[yellow]waiting[/]  {escape(told(row))}: no customer has {escape(named)} yet", soft_wrap=True)


@group.command("history")
def identity_history(
    customer_id: Annotated[str | None, typer.Option("--customer", help="Only events of this customer_id.")] = None,
    event: Annotated[
        str | None, typer.Option(help="Only this kind: created, merged_into, split_from or reverted.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Events to show.")] = 50,
) -> None:
    """What happened to ids, the latest first: merges, splits, reversals; births with --event created or --customer."""
    from dagster_project.identity import load_ledger
    from dagster_project.identity.dossier import happened
    from dagster_project.identity.ledger import CREATED, MERGED_INTO, REVERTED, SPLIT_FROM

    kinds = (CREATED, MERGED_INTO, SPLIT_FROM, REVERTED)
    if event is not None and event not in kinds:
        fail(f"--event {event}: choose {', '.join(kinds)}", 2)
    place = home()
    rows = load_ledger(place.ledger).history().to_pylist()
    if customer_id is not None:
        rows = [row for row in rows if customer_id in (row["customer_id"], row["other_customer_id"])]
        if not rows:
            fail(f"nothing is known of customer '{customer_id}': give a present or former customer_id", 1)
    shown = {event} if event else set(kinds) if customer_id else {*kinds} - {CREATED}
    rows = [row for row in rows if row["event"] in shown]
    for row in rows[::-1][:limit]:
        out.print(escape(happened(row)), soft_wrap=True)
    if not rows:
        out.print("No such event so far.")
    elif len(rows) > limit:
        out.print(f"... and {len(rows) - limit:,} more (--limit, --customer, --event)")


@group.command("revert")
def identity_revert(
    event: Annotated[str, typer.Argument(help="As `identity history` names it, for example 12-3.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decisions.")] = "",
) -> None:
    """Undo a logged event at the next run: set the two sides of a merge apart, join those of a split again."""
    from dagster_project.defs.pipeline import Pipeline, business_day
    from dagster_project.identity import Ledger, LedgerError, add_decisions, load_ledger, revert
    from dagster_project.publishing import run_lock

    place, settings = open_home()
    pipeline = Pipeline(place, settings)
    try:
        with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
            ledger = Ledger(load_ledger(place.ledger).rows, pipeline.decisions.table)
            done = revert(ledger, event, business_day(settings), reason or f"event {event} reverted")
            add_decisions(place.ledger, done.decisions)
    except LedgerError as error:
        fail(str(error), 1)
    from dagster_project.identity.dossier import happened

    one, other = done.event["customer_id"], done.event["other_customer_id"]
    sizes = [f"{len(side):,} record{'s' if len(side) > 1 else ''}" for side in (done.ours, done.theirs)]
    out.print(escape(happened(done.event)), soft_wrap=True)
    if done.action == "unlink":
        does = f"sets the {sizes[0]} of {one} apart from the {sizes[1]} of {other}: {one} is back."
    else:
        does = f"joins the {sizes[0]} of {one} and the {sizes[1]} of {other} again."
    out.print(f"The next `omnivue run` {does}", soft_wrap=True)
