"""`omnivue contracts`: what each channel promised to deliver."""

from __future__ import annotations

import typer

from dagster_project.cli.terminal import fail, folding_table, open_home, out

group = typer.Typer(no_args_is_help=True, help="What each channel promised to deliver.")


@group.command("check")
def contracts_check() -> None:
    """Validate every contract: the ODCS schema, types, formats, patterns, mappings."""
    from dagster_project.ingestion import find_contracts
    from data_quality.contract import ContractError

    place, settings = open_home()
    try:
        found = find_contracts(place, settings)
    except ContractError as error:
        fail(str(error), 1)
    out.print(f"{len(found)} contracts are valid.")


@group.command("list")
def contracts_list() -> None:
    """Every extract with its format, its delivery and what its file names look like."""
    from dagster_project.ingestion import find_contracts

    place, settings = open_home()
    table = folding_table("extract", "format", "delivery", "columns", "file names")
    for contract in find_contracts(place, settings).values():
        formats = ", ".join(dialect.format for dialect in contract.dialects)
        columns = str(len(contract.columns))
        table.add_row(
            contract.id,
            formats,
            " + ".join(sorted(set(contract.delivery_kinds.values()))),
            columns,
            contract.file_pattern,
        )
    out.print(table)
