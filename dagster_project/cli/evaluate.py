"""`omnivue evaluate`: how good the results are, against the simulator's truth."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli.terminal import fail, folding_table, out
from dagster_project.settings import home

group = typer.Typer(no_args_is_help=True, help="How good the results are, against the simulator's truth.")


@group.command("identity")
def evaluate_identity() -> None:
    """Precision and recall of who is who, in all and by what made a record hard."""
    import pandas as pd

    from dagster_project.identity import EvaluationError, evaluate
    from dagster_project.publishing import read_directory

    place = home()
    truth = place.root / "truth" / "source_records.csv"
    if not truth.exists():
        fail(f"there is no truth in {truth.parent}: only a simulated retailer's is known (`omnivue simulate`)", 1)
    assigned = read_directory(place, ["customer_sources"])["customer_sources"].to_pandas()
    # A key may look like a number, or be written NA.
    known = pd.read_csv(truth, dtype=str, keep_default_na=False, na_values=[""])
    for records in (assigned, known):
        records["record_id"] = records["source_system"] + ":" + records["source_person_key"]
    try:
        found = evaluate(assigned, known)
    except EvaluationError as error:
        fail(str(error), 1)
    became = f"{found.records - found.alone:,} records became {found.customers - found.alone:,} customers"
    others = f" Each of the other {found.alone:,}, refused or not delivered yet, counts as a customer of its own."
    out.print(
        f"The channels wrote {found.records:,} records of {found.people:,} people; {became}."
        f"{others if found.alone else ''}\n",
        soft_wrap=True,
    )
    table = folding_table("measure", "precision", "recall", "F1")
    for name, score in (("pairs of records", found.pairwise), ("average record (B-cubed)", found.b_cubed)):
        table.add_row(name, *(f"{value:.4f}" for value in (score.precision, score.recall, score.f1)))
    out.print(table)
    table = folding_table("records", "how many", "precision", "recall")
    for kind, records, precision, recall in found.kinds.itertuples(index=False):
        table.add_row(kind, f"{records:,}", f"{precision:.4f}", f"{recall:.4f}")
    out.print("\nby what was written in them, over the pairs with such a record")
    out.print(table)
    table = folding_table("records of no one person", "how many", "with one", "joining several", "per thousand")
    for kind, records, one, several in found.nobodys.itertuples(index=False):
        table.add_row(kind, f"{records:,}", f"{one:,}", f"{several:,}", f"{1000 * several / records:.1f}")
    if len(found.nobodys):
        out.print()
        out.print(table)


@group.command("attribution")
def evaluate_attribution(
    models: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Which models, by comma; default: all.")
    ] = None,
) -> None:
    """What models of attribution credit channels with, against the orders these caused."""
    import json

    from dagster_project.attribution.evaluation import EvaluationError, evaluate
    from dagster_project.publishing import SCHEMA, reader
    from dagster_project.publishing.manifest import DATABASE
    from dagster_project.warehouse.warehouse import exactly

    place = home()
    truth, parameters = place.root / "truth" / "channel_counterfactual.csv", place.root / "truth" / "parameters.json"
    published = place.published / "current" / DATABASE
    if not truth.exists():
        fail(f"there is no truth in {truth.parent}: only a simulated retailer's is known (`omnivue simulate`)", 1)
    if not published.exists():
        fail(f"there is no release in {place.published}: `omnivue run` first", 1)
    planted = json.loads(parameters.read_text(encoding="utf-8"))["touch_effect"]
    channels = [channel for channel, effect in planted.items() if effect > 0]
    with reader(published) as session:
        tables = session.execute("select table_name from information_schema.tables where table_schema = ?", [SCHEMA])
        if ("attribution_credits",) not in tables.fetchall():
            fail(f"the release in {published.parent} has no attribution_credits: `omnivue run` makes one that has", 1)
        credited = session.execute(
            "select customer_id, touch_channel, model, sum(credit_conversions) as orders "
            "from marts.attribution_credits where list_contains(?, touch_channel) group by all order by all",
            [channels],
        ).df()
        caused = session.execute(
            "select touch_channel, orders_caused - cancelled as incremental from read_csv(?) "
            "where list_contains(?, touch_channel)",
            [exactly(truth), channels],
        ).df()
    known = sorted(credited["model"].unique())
    asked = [name.strip() for name in models.split(",")] if models is not None else known
    if unknown := [name for name in asked if name not in known]:
        fail(f"there is no model '{unknown[0]}'; there are {', '.join(known)}", 2)
    try:
        found = evaluate(credited[credited["model"].isin(asked)], caused)
    except EvaluationError as error:
        fail(str(error), 1)
    out.print(
        f"{caused['incremental'].sum():,} orders were caused by {len(caused)} channels. Models credit these channels "
        f"with orders of {found.customers:,} customers.\n"
        "Shares are over these channels, intervals of 95 % over customers.\n",
        soft_wrap=True,
    )
    table = folding_table("model", "total absolute error", "from", "to")
    for name, *errors in found.models.itertuples(index=False):
        table.add_row(name, *(f"{value:.3f}" for value in errors))
    out.print(table)
    out.print("\nby channel: what it caused, what models credit it with, and orders caused for each one credited")
    table = folding_table("channel, model", "share", "from", "to", "orders", "caused / credited")
    by_size = found.channels.sort_values(["true_share", "touch_channel"], ascending=[False, True], kind="stable")
    for channel, rows in by_size.groupby("touch_channel", sort=False):
        first = rows.iloc[0]
        table.add_row(str(channel), f"{first['true_share']:.3f}", "", "", f"{first['incremental']:,.0f}", "")
        for _, name, _, *shares, _, orders, ratio in rows.itertuples(index=False):
            worth = f"{ratio:.2f}" if orders else "-"
            table.add_row(f"  {name}", *(f"{share:.3f}" for share in shares), f"{orders:,.1f}", worth)
    out.print(table)
