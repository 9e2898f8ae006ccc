"""`omnivue releases`: what was published, and the way back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from dagster_project.cli.terminal import T, counted, err, fail, folding_table, open_home, out
from dagster_project.settings import POSTGRES_DSN, Home, Settings, home

if TYPE_CHECKING:
    from dagster_project.publishing import Served

group = typer.Typer(no_args_is_help=True, help="What was published, and the way back.")


@group.command("list")
def releases_list() -> None:
    """Every release that is kept, the newest last; `current` is what BI reads. `served`: what schema marts is in
    PostgreSQL; `there`: in PostgreSQL, to roll back to."""
    from dagster_project.publishing import PostgresError, current_release, list_releases, served_by_postgres

    place, settings = open_home()
    problem, served = "", None
    try:
        served = served_by_postgres(settings)
    except PostgresError as error:
        problem = str(error)
    current = current_release(place)
    if current is None and not list_releases(place):
        out.print(f"nothing is published yet in {place.root}: `omnivue run` builds the first release", soft_wrap=True)
        return
    table = folding_table("release", "built at (UTC)", "rows", "checks", "", *(["PostgreSQL"] if served else []))
    table.columns[0].no_wrap = True
    for release in list_releases(place):
        table.add_row(
            release.id,
            f"{release.built_at:%Y-%m-%d %H:%M}",
            f"{release.rows:,}",
            counted(release.run.checks),
            "current" if current and release.id == current.id else "",
            *([_in_postgres(served, release.id)] if served else []),
        )
    out.print(table)
    if served and current and served.current != current.id:
        problem = f"PostgreSQL serves {served.current or 'nothing yet'}: `omnivue releases sync`"
    if problem:
        err.print(f"[yellow]warning:[/] {escape(problem)}", soft_wrap=True)


def _in_postgres(served: Served, release_id: str) -> str:
    return "served" if release_id == served.current else "there" if release_id in served.releases else ""


@group.command("show")
def releases_show(
    release_id: Annotated[str, typer.Argument(help="As `releases list` names it, or current.")] = "current",
) -> None:
    """One release: where it came from, its tables with rows and checksums."""
    from dagster_project.publishing import current_release, show_release

    place = home()
    release = current_release(place) if release_id == "current" else _release(lambda: show_release(place, release_id))
    if release is None:
        fail(f"nothing is published yet in {place.root}: `omnivue run`", 1)
    facts = folding_table("", "", show_header=False)
    for name, value in {
        "release": release.id,
        "built at": f"{release.built_at:%Y-%m-%d %H:%M} UTC",
        "as of": release.as_of,
        "data through": release.run.data_through,
        "code": release.run.code_version[:12],
        "engine": release.run.engine,
        "checks": counted(release.run.checks),
        "tables whole as served, by check": counted(release.audit) or "not looked at",
        "folder": release.path,
    }.items():
        facts.add_row(name, str(value))
    out.print(facts, soft_wrap=True)
    tables = folding_table("table", "rows", "sha256 of its Parquet file")
    tables.columns[1].justify = "right"
    for table in release.tables:
        tables.add_row(table.name, f"{table.rows:,}", table.parquet.sha256[:16])
    out.print(tables)


@group.command("rollback")
def releases_rollback(
    release_id: Annotated[str | None, typer.Argument(help="Default: the release before the current one.")] = None,
) -> None:
    """Make an older release current again, in a second; in PostgreSQL too, where it is used.

    The next run builds a new release from what is in landing: mend the cause first.
    """
    from dagster_project.publishing import rollback

    place, settings = open_home()
    release = _release(lambda: rollback(place, release_id))
    out.print(f"{release.id} is current: {release.path / release.database.name}", soft_wrap=True)
    _sync(place, settings)


@group.command("sync")
def releases_sync() -> None:
    """Have PostgreSQL serve the current release, after it was down or put in another's place. Repeating it is harmless.

    The server is the one that OMNIVUE_POSTGRES_DSN names.
    """
    place, settings = open_home()
    if settings.publishing.postgres.dsn is None:
        fail(f"no server is named: export {POSTGRES_DSN}=postgresql://user:password@host:5432/database", 1)
    if not _sync(place, settings):
        fail(f"nothing is published yet in {place.root}: `omnivue run`", 1)


def _sync(place: Home, settings: Settings) -> bool:
    """Whether PostgreSQL is used and there was a release to serve."""
    from dagster_project.publishing import SCHEMA, PostgresError, sync_postgres

    try:
        with out.status("PostgreSQL") as status:
            synced = _release(
                lambda: sync_postgres(
                    place,
                    settings,
                    lambda table, done, of: status.update(f"PostgreSQL: {done} of {of} tables, {table}"),
                )
            )
    except PostgresError as error:
        unserved(str(error))
    if synced is None:
        return False
    loaded = f", {synced.rows:,} rows loaded" if synced.rows else ""
    out.print(f"{synced.release.id} is schema {SCHEMA} in PostgreSQL{loaded}")
    for note in synced.notes:
        out.print(note, soft_wrap=True)
    return True


def unserved(why: str) -> NoReturn:
    fail(
        f"{why} The release is current as a file; PostgreSQL serves what it did before. Mend this, then `omnivue "
        "releases sync`; every run tries it, too.",
        7,
    )


@group.command("verify")
def releases_verify(
    release_id: Annotated[str | None, typer.Argument(help="Default: every release that is kept.")] = None,
) -> None:
    """Compare the files of a release with the checksums it was published with."""
    from dagster_project.publishing import list_releases, verify

    place = home()
    damaged = False
    for name in [release_id] if release_id else [release.id for release in list_releases(place)]:
        problems = _release(lambda name=name: verify(place, name))  # type: ignore[misc]
        damaged = damaged or bool(problems)
        out.print(f"{name}: {'; '.join(problems) if problems else 'whole'}", soft_wrap=True)
    if damaged:
        sys.exit(1)


def _release(action: Callable[[], T]) -> T:
    from dagster_project.publishing import ReleaseError

    try:
        return action()
    except ReleaseError as error:
        fail(str(error), 1)
