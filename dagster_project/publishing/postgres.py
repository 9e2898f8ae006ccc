"""Releases in PostgreSQL: what `published/current` is for files, for those who read a server.

    release_000007_2026_11_01   the tables of a release, loaded from its file in one transaction and never changed
    marts                       views on the tables of the release that is served
    omnivue                     releases (which are there, which is served), pin() and unpin() for sessions

`marts` moves to another release in one transaction that replaces its views, so that a statement sees one release, and
views of others on `marts` move along. No reader waits behind a lock that is asked for longer than `_PATIENCE`: where a
session in the midst of a transaction holds a view for longer than the setting allows, a new schema takes the name
`marts` instead, which waits for no reader. Nothing here builds a release or decides which one is current.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dagster_project.publishing.manifest import Release
from dagster_project.publishing.postgres_load import Watch, load_tables
from dagster_project.publishing.postgres_session import PostgresError, PostgresSession, postgres_session
from dagster_project.publishing.releases import SCHEMA, current_release
from dagster_project.settings import Home, Postgres, Settings
from dagster_project.warehouse.warehouse import literal, quoted

_OURS = "omnivue"
_ASIDE = "superseded_"
# Advisory locks, (_LOCKS, n): n > 0 is held by sessions that pinned release number n.
_LOCKS = 1330466377
_LOADING, _SWITCHING = 0, -1
# How long a reader may have to wait behind a lock that is asked for.
_PATIENCE = "100ms"
_LOCK_NOT_AVAILABLE, _DEADLOCK, _NO_PRIVILEGE, _DEPENDED_ON = "55P03", "40P01", "42501", "2BP01"


@dataclass(frozen=True)
class Served:
    """What PostgreSQL holds: the release that `marts` is (None before the first), and all that can be pinned or rolled
    back to, oldest first. `where` is user and database, `lacks` why this user cannot load a release, with the
    remedy."""

    where: str
    current: str | None
    releases: tuple[str, ...]
    lacks: str | None


@dataclass(frozen=True)
class Synced:
    """PostgreSQL serves `release`. `rows` were loaded for it, 0 when it was there already; `notes` say what could not
    be tidied up, one sentence each."""

    release: Release
    rows: int
    notes: tuple[str, ...]


def sync_postgres(home: Home, settings: Settings, watch: Watch | None = None) -> Synced | None:
    """Have PostgreSQL serve the current release of `home`, and keep as many releases as the setting says. None when
    nothing is published yet, or no server is named.

    Loads the release from its file unless it is there. Does nothing when it is served already; repeating what was cut
    off mends it. `watch` hears of each table loaded. Raises PostgresError when the server cannot do it, ReleaseError
    when the current release cannot be read; PostgreSQL then serves what it did.
    """
    options = settings.publishing.postgres
    dsn = options.dsn
    if dsn is None or current_release(home) is None:
        return None
    loaded = 0
    with postgres_session(dsn) as session:
        _prepare(session, options)
        while True:
            release = current_release(home)
            assert release is not None
            loaded += _load(session, release, options, watch)
            # Meanwhile someone may have rolled back or published: what is current when we switch is what counts.
            if _switch(session, home, release, options):
                break
        return Synced(release, loaded, tuple(_retire(session, settings.publishing.keep_releases)))


def served_by_postgres(settings: Settings) -> Served | None:
    """What PostgreSQL holds; None when no server is named. Raises PostgresError when it cannot be asked."""
    dsn = settings.publishing.postgres.dsn
    if dsn is None:
        return None
    with postgres_session(dsn) as session:
        ((where, is_prepared),) = session.query(
            f"select current_user || '@' || current_database(), to_regclass('{_OURS}.releases') is not null"
        )
        rows = session.query(f"select id, is_current from {_OURS}.releases order by id") if is_prepared else []
        lacks = _lacks(session)
    current = next((id_ for id_, is_current in rows if is_current), None)
    return Served(where, current, tuple(id_ for id_, _ in rows), lacks)


# -- what is there before the first release ------------------------------------------------------------------------


# What schema `omnivue` says of itself: another text than this, and it is made anew.
_LAYOUT = "Omnivue: releases in this database (1)"
_TABLE_OF_RELEASES = f"""
create table if not exists {_OURS}.releases (
    id text primary key,
    schema_name text not null unique,
    is_current boolean not null default false,
    as_of date not null,
    data_through date not null,
    built_at timestamp not null,
    loaded_at timestamp not null default (now() at time zone 'UTC'),
    code_version text not null,
    rows bigint not null,
    database_sha256 text not null
);
create unique index if not exists one_release_is_current on {_OURS}.releases (is_current) where is_current;
comment on table {_OURS}.releases is
    'One row per release in this database. Its tables are in schema_name; schema marts is the one that is_current.';
comment on column {_OURS}.releases.id is 'Release, as in marts.release_info and in the published files.';
comment on column {_OURS}.releases.schema_name is 'Schema of its tables, which never change.';
comment on column {_OURS}.releases.is_current is 'Whether schema marts is this release.';
comment on column {_OURS}.releases.as_of is 'The day the release speaks of.';
comment on column {_OURS}.releases.data_through is 'Latest business date delivered.';
comment on column {_OURS}.releases.built_at is 'When it was built, UTC.';
comment on column {_OURS}.releases.loaded_at is 'When it was loaded here, UTC.';
comment on column {_OURS}.releases.code_version is 'Digest of the code that built it.';
comment on column {_OURS}.releases.rows is 'Rows of all its tables.';
comment on column {_OURS}.releases.database_sha256 is 'Checksum of the published file it was loaded from.'
"""

_PIN = f"""
create or replace function {_OURS}.pin(release text default null) returns text language plpgsql as $pin$
declare
    chosen {_OURS}.releases;
begin
    perform {_OURS}.unpin();
    select * into chosen from {_OURS}.releases
    where case when release is null then is_current else id = release end;
    if chosen.id is not null then
        perform pg_advisory_lock_shared({_LOCKS}, split_part(chosen.id, '-', 1)::integer);
        -- It may have been removed before the lock was ours.
        select * into chosen from {_OURS}.releases where id = chosen.id;
    end if;
    if chosen.id is null then
        raise exception 'there is no release %; there are: %', coalesce(release, 'yet'),
            coalesce((select string_agg(id, ', ' order by id) from {_OURS}.releases), 'none');
    end if;
    perform set_config('search_path', quote_ident(chosen.schema_name) || ', public', false);
    perform set_config('{_OURS}.pinned', chosen.id, false);
    return chosen.id;
end
$pin$;
create or replace function {_OURS}.unpin() returns void language plpgsql as $unpin$
declare
    pinned text := current_setting('{_OURS}.pinned', true);
begin
    if pinned <> '' then
        perform pg_advisory_unlock_shared({_LOCKS}, split_part(pinned, '-', 1)::integer);
        perform set_config('{_OURS}.pinned', '', false);
        execute 'reset search_path';
    end if;
end
$unpin$;
comment on function {_OURS}.pin(text) is
    'Have this session read one release, by default the current one, until unpin() or its end: names of tables without '
    'a schema are those of the release, and it is not removed. Returns its id.';
comment on function {_OURS}.unpin() is 'Undo pin(): the session reads schema marts again.'
"""


def _prepare(session: PostgresSession, options: Postgres) -> None:
    """Make the schema `omnivue` and the readers' role. Repeating it changes nothing."""
    ((encoding, is_prepared),) = session.query(
        f"select current_setting('server_encoding'), obj_description(to_regnamespace('{_OURS}'), 'pg_namespace') = "
        f"{literal(_LAYOUT)}"
    )
    if encoding != "UTF8":
        raise PostgresError(f"the database has the encoding {encoding}. Create one with encoding 'UTF8' and name that.")
    if (lacks := _lacks(session)) is not None:
        raise PostgresError(f"{lacks}.")
    _make_role(session, options.reader_role)
    if not is_prepared:
        _lock(session, _LOADING)
        session.do([f"create schema if not exists {_OURS}", _TABLE_OF_RELEASES, _PIN])
        session.do([f"comment on schema {_OURS} is {literal(_LAYOUT)}"])
        _grant(session, _OURS, options)
    session.commit()


def _lacks(session: PostgresSession) -> str | None:
    """Why the user of the DSN cannot load and switch releases, with the remedy."""
    ((user, database, may_create, owner),) = session.query(
        "select current_user, current_database(), has_database_privilege(current_database(), 'create'), "
        f"(select pg_get_userbyid(nspowner) from pg_namespace where nspname = {literal(_OURS)} and "
        "not pg_has_role(nspowner, 'usage'))"
    )
    if owner is not None:
        return f"the releases in database {database} belong to {owner}, and {user} may not change them: name {owner}"
    if not may_create:
        grant = f"grant create on database {quoted(database)} to {quoted(user)}"
        return f"{user} may not create schemas in database {database}. Have an administrator run `{grant}`"
    return None


def _make_role(session: PostgresSession, role: str | None) -> None:
    if role is None or session.query(f"select from pg_roles where rolname = {literal(role)}"):
        return
    try:
        session.do([f"create role {quoted(role)} nologin"])
    except PostgresError as error:
        if error.code != _NO_PRIVILEGE:
            raise
        raise PostgresError(
            f"there is no role {role}, and the user of the DSN may not create one. Have an administrator run "
            f"`create role {quoted(role)} nologin`, or set publishing.postgres.reader_role to null and grant by "
            "yourself.",
            error.code,
        ) from None


def _grant(session: PostgresSession, schema: str, options: Postgres) -> None:
    if options.reader_role is not None:
        role, name = quoted(options.reader_role), quoted(schema)
        session.do(
            [f"grant usage on schema {name} to {role}", f"grant select on all tables in schema {name} to {role}"]
        )


def _lock(session: PostgresSession, number: int) -> None:
    """Until the end of the transaction, be the only one who loads, or the only one who switches."""
    session.do([f"perform pg_advisory_xact_lock({_LOCKS}, {number})"])


# -- loading -------------------------------------------------------------------------------------------------------


def _load(session: PostgresSession, release: Release, options: Postgres, watch: Watch | None) -> int:
    """Load a release into a schema of its own, unless it is there; returns the rows loaded. All of it is one
    transaction: what is cut off leaves nothing."""
    id_, checksum, schema = literal(release.id), literal(release.database.sha256), _schema_of(release)
    is_there = f"select from {_OURS}.releases where id = {id_} and database_sha256 = {checksum}"
    if session.query(is_there):
        return 0
    try:
        _lock(session, _LOADING)
        if session.query(is_there):
            return 0
        if session.query(f"select from {_OURS}.releases where id = {id_}"):
            # The same number by another home, or before a new beginning: readers keep the old tables until the switch.
            _set_aside(session, schema)
            session.do([f"delete from {_OURS}.releases where id = {id_}"])
        session.do([f"create schema {quoted(schema)}"])
        load_tables(session, schema, release, watch)
        _grant(session, schema, options)
        session.do([_announcement(release, schema)])
        session.commit()
        return release.rows
    finally:
        session.rollback()


def _schema_of(release: Release) -> str:
    return f"release_{release.id.replace('-', '_')}"


def _announcement(release: Release, schema: str) -> str:
    values = ", ".join(
        literal(value)
        for value in (
            release.id,
            schema,
            release.as_of,
            release.run.data_through,
            f"{release.built_at:%Y-%m-%d %H:%M:%S}",
            release.run.code_version,
            release.rows,
            release.database.sha256,
        )
    )
    return (
        f"insert into {_OURS}.releases (id, schema_name, as_of, data_through, built_at, code_version, rows, "
        f"database_sha256) values ({values})"
    )


# -- switching -----------------------------------------------------------------------------------------------------


# Comments and privileges are those of the release's tables; only what differs is said again, as readers wait meanwhile.
_VIEWS_OF = """
for item in
    select
        given.relname,
        array(
            select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = given.oid and attnum > 0 and not attisdropped order by attnum
        ) as columns,
        array(
            select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = shown.oid and attnum > 0 and not attisdropped order by attnum
        ) as shown
    from pg_class as given
    left join pg_class as shown
        on given.relname = shown.relname and shown.relnamespace = {marts}::regnamespace
    where given.relnamespace = {schema}::regnamespace and given.relkind = 'r'
    order by given.relname
loop
    -- A view may gain columns at its end, and nothing else.
    if item.columns[1:cardinality(item.shown)] <> item.shown then
        execute format('drop view %I.%I', {marts}, item.relname);
    end if;
    execute format(
        'create or replace view %I.%I as select * from %I.%I', {marts}, item.relname, {schema}, item.relname
    );
end loop;
for item in
    select
        shown.relname,
        spoken.attname,
        spoken.text
    from (
        select oid, null as attname, 0 as attnum, obj_description(oid, 'pg_class') as text from pg_class
        where relnamespace = {schema}::regnamespace and relkind = 'r'
        union all
        select attrelid, attname, attnum, col_description(attrelid, attnum)
        from pg_attribute inner join pg_class on attrelid = pg_class.oid
        where relnamespace = {schema}::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
    ) as spoken
    inner join pg_class as given on spoken.oid = given.oid
    inner join pg_class as shown on given.relname = shown.relname and shown.relnamespace = {marts}::regnamespace
    left join pg_description as known
        on known.objoid = shown.oid and known.classoid = 'pg_class'::regclass and known.objsubid = spoken.attnum
    where known.description is distinct from spoken.text
loop
    execute case when item.attname is null
        then format('comment on view %I.%I is %L', {marts}, item.relname, item.text)
        else format('comment on column %I.%I.%I is %L', {marts}, item.relname, item.attname, item.text)
    end;
end loop
"""


# Views by name that stand on what is in a schema.
_BUILT_ON = """
select distinct built.oid::regclass::text
from pg_depend inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
inner join pg_class as built on pg_rewrite.ev_class = built.oid
inner join pg_class as ground on pg_depend.refobjid = ground.oid
inner join pg_namespace on ground.relnamespace = pg_namespace.oid
where pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.refclassid = 'pg_class'::regclass and nspname {named}
""".strip()
# Those in `marts` that stand on the tables of a release.
_OUR_VIEWS = (
    _BUILT_ON.replace("built.oid::regclass::text", "built.relname::text").format(named="~ '^(release|superseded)_'")
    + f" and built.relnamespace = to_regnamespace('{SCHEMA}') and built.relkind = 'v'"
)


def _switch(session: PostgresSession, home: Home, release: Release, options: Postgres) -> bool:
    """Make `marts` the given release, in one transaction; False when another one has become current meanwhile."""
    if _is_served(session, release):
        return _is_current(home, release)
    deadline = time.monotonic() + options.switch_seconds
    pause = 0.05
    while True:
        with _switching(session):
            if not _is_current(home, release):
                return False
            try:
                _point(session, release, options)
                session.commit()
                return True
            except PostgresError as error:
                if error.code == _DEPENDED_ON:
                    raise PostgresError(
                        f"schema {SCHEMA} cannot become release {release.id}, whose tables differ: {error}. Drop "
                        "these views, run `omnivue releases sync`, and create them again.",
                        error.code,
                    ) from None
                if error.code not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
                    raise
        if time.monotonic() > deadline:
            break
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(2 * pause, 1.0)
    with _switching(session):
        if not _is_current(home, release):
            return False
        if others := _of_others(session):
            raise PostgresError(
                f"schema {SCHEMA} still serves another release: {_holders(session)} held its views for "
                f"{options.switch_seconds:g} s, and {', '.join(others)} would not follow a new schema. End these "
                "sessions and run `omnivue releases sync`."
            )
        # Renaming a schema waits for no reader: those in a transaction keep the old views until it ends.
        _set_aside(session, SCHEMA)
        _point(session, release, options)
        session.commit()
    return True


@contextmanager
def _switching(session: PostgresSession) -> Iterator[None]:
    _lock(session, _SWITCHING)
    session.do([f"set local lock_timeout = '{_PATIENCE}'"])
    try:
        yield
    finally:
        session.rollback()


def _is_served(session: PostgresSession, release: Release) -> bool:
    served = f"exists (select from {_OURS}.releases where is_current and id = {literal(release.id)})"
    return session.query(f"select {served}, count(*) from ({_OUR_VIEWS}) as ours") == [(True, len(release.tables))]


def _is_current(home: Home, release: Release) -> bool:
    now = current_release(home)
    return now is not None and now.id == release.id


def _point(session: PostgresSession, release: Release, options: Postgres) -> None:
    """In the transaction, replace the views of `marts` by those on the release, with comments and privileges."""
    gone = {name for (name,) in session.query(_OUR_VIEWS)} - {table.name for table in release.tables}
    session.do(
        [
            f"update {_OURS}.releases set is_current = false where is_current and id <> {literal(release.id)}",
            f"update {_OURS}.releases set is_current = true where id = {literal(release.id)} and not is_current",
            f"create schema if not exists {SCHEMA}",
            *(f"drop view if exists {SCHEMA}.{quoted(name)}" for name in sorted(gone)),
            _VIEWS_OF.format(marts=literal(SCHEMA), schema=literal(_schema_of(release))).strip(),
        ],
        declare="item record;",
    )
    _grant(session, SCHEMA, options)


def _set_aside(session: PostgresSession, schema: str) -> None:
    """Give a schema a name under which a later call of `_retire` finds it."""
    session.do([f"alter schema {quoted(schema)} rename to {quoted(f'{_ASIDE}{schema}_{time.time_ns()}')}"])


def _of_others(session: PostgresSession) -> list[str]:
    """What stands in `marts` without being ours, and what elsewhere is built on it."""
    marts = f"'{SCHEMA}'::regnamespace"
    found = session.query(
        f"select oid::regclass::text from pg_class where relnamespace = {marts} and relname not in ({_OUR_VIEWS}) "
        f"union {_BUILT_ON.format(named=f'= {literal(SCHEMA)}')} and built.relnamespace <> {marts} order by 1"
    )
    return [str(name) for (name,) in found]


def _holders(session: PostgresSession) -> str:
    """Who holds the views of `marts`, as far as the user may know."""
    found = session.query(
        "select distinct pid, usename, coalesce(application_name, '') from pg_locks inner join pg_stat_activity "
        "using (pid) inner join pg_class on pg_locks.relation = pg_class.oid "
        f"where relnamespace = '{SCHEMA}'::regnamespace and granted and pid <> pg_backend_pid() order by 1"
    )
    told = [f"session {pid} of {user}{f' ({application})' if application else ''}" for pid, user, application in found]
    return ", ".join(told) or "sessions that are gone now"


# -- tidying up ----------------------------------------------------------------------------------------------------


_DROP_ALL_OF = """
select string_agg(format('%I.%I', nspname, relname), ', ' order by relname),
    case max(relkind) when 'v' then 'view' else 'table' end
into named, kind
from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
where nspname = {schema} and relkind in ('r', 'v');
if named is not null then execute format('drop %s %s', kind, named); end if;
execute format('drop schema %I', {schema})
"""


def _retire(session: PostgresSession, keep: int) -> Iterator[str]:
    """Remove all but the newest `keep` releases and the one that is served, and what was set aside; says what has to
    stay for now."""
    aside = session.query(
        f"select nspname, nspname, 0 from pg_namespace where starts_with(nspname, '{_ASIDE}') "
        # Views before the tables they stand on.
        f"order by starts_with(nspname, '{_ASIDE}{SCHEMA}_') desc, 1"
    )
    old = session.query(
        "select schema_name, 'release ' || id, split_part(id, '-', 1)::integer from ("
        f"select *, row_number() over (order by id desc) as age from {_OURS}.releases) as each "
        f"where age > {keep} and not is_current order by id"
    )
    session.rollback()
    for schema, what, number in [*aside, *old]:
        try:
            if note := _remove(session, schema, number):
                yield f"PostgreSQL keeps {what}: {note}"
        finally:
            session.rollback()


def _remove(session: PostgresSession, schema: str, number: int) -> str:
    """Remove a schema of ours; says why not, if not."""
    session.do([f"set local lock_timeout = '{_PATIENCE}'"])
    ((is_free,),) = session.query(f"select {number} = 0 or pg_try_advisory_xact_lock({_LOCKS}, {number})")
    if not is_free:
        return "a session pinned it"
    try:
        session.do(
            [
                _DROP_ALL_OF.format(schema=literal(schema)).strip(),
                f"delete from {_OURS}.releases where schema_name = {literal(schema)}",
            ],
            declare="named text; kind text;",
        )
        session.commit()
    except PostgresError as error:
        if error.code == _DEPENDED_ON:
            return str(error)
        if error.code not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
            raise
        return "a session is reading it"
    return ""
