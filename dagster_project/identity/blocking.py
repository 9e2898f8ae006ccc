"""Which pairs of records are worth comparing: those that share a tight key.

A key that many records share (a call centre's number, a common name) makes no pairs: what it would find, a narrower key
of the list finds as well. So the number of pairs grows with the records, not with their square.
"""

from __future__ import annotations

from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.scratch import Scratch

CANDIDATES = "candidates"
# Records that may share a key: at most 40 x 39 / 2 pairs of each.
MOST_RECORDS_PER_KEY = 40

# The two names, whichever was written first.
_NAMES = "case when given < surname then given || ' ' || surname else surname || ' ' || given end"
_INITIALS = "case when given < surname then given[1] || surname[1] else surname[1] || given[1] end"
# Parts of a key; a record without one of them bears no such key.
_KEYS = (
    (_NAMES,),
    (_NAMES, "substr(postcode, 1, 2)"),
    (_NAMES, "substr(birth, 1, 4)"),
    (_NAMES, "substr(birth, 5, 4)"),
    ("birth", "substr(given, 1, 1)"),
    ("birth", "substr(surname, 1, 1)"),
    (f"({_INITIALS})", "birth"),
    ("birth", "postcode"),
    ("birth", "house"),
    ("address",),
    ("postcode", "house"),
    ("city", "house"),
    ("given", "postcode"),
    ("given", "city"),
    ("surname", "postcode"),
    ("surname", "city"),
    ("substr(surname, 1, 4)", "postcode", "substr(given, 1, 1)"),
)
# A column of lists and what goes with each of its values.
_LISTS = (
    ("emails", ()),
    ("phones", ()),
    ("street_words", ("postcode",)),
    ("street_words", ("city", "house")),
    ("street_words", ("given",)),
    ("street_words", ("surname", "house")),
)


def make_candidates(connection: Scratch) -> None:
    """Make the table CANDIDATES (match_key, join_key_l, join_key_r): each pair of records of PEOPLE once, the smaller
    number left."""
    connection.execute(f"create or replace table keys as {_all_bearers(PEOPLE)}").fetchall()
    connection.execute(
        f"""
        create or replace table {CANDIDATES} as
        with
        useful as (
            select key from keys group by key having count(*) between 2 and {MOST_RECORDS_PER_KEY}
        ),
        tight as (
            select key, record from keys semi join useful using (key)
        )
        select distinct '0' as match_key, one.record as join_key_l, other.record as join_key_r
        from tight as one
        inner join tight as other on one.key = other.key and one.record < other.record
        """
    ).fetchall()
    connection.execute("drop table keys").fetchall()


def make_candidates_beside(connection: Scratch, fresh: int, former: str, remembered: str) -> None:
    """Make CANDIDATES of the pairs that a record below `fresh` makes: it is new in PEOPLE, or not as it was; `former`
    is the table of such rows before. New bearers may be too many for a key, so pairs of others come or go: those that
    come are CANDIDATES as well, those that go leave the table `remembered` (record_l, record_r)."""
    connection.execute(f"create or replace table keys as {_all_bearers(PEOPLE)}").fetchall()
    connection.execute(
        f"""
        create or replace table crowds as
        with
        former as ({_all_bearers(former)})
        select key, sum(now) as now, sum(now) - sum(fresh) + sum(former) as before
        from (
            select key, 1 as now, (record < {fresh})::int as fresh, 0 as former
            from keys
            semi join (select key from keys where record < {fresh} union all select key from former) using (key)
            union all
            select key, 0 as now, 0 as fresh, 1 as former from former
        )
        group by key
        """
    ).fetchall()
    connection.execute(
        f"""
        create or replace table {CANDIDATES} as
        with
        tight as (
            select key, record, now <> before and before > {MOST_RECORDS_PER_KEY} as is_opened
            from keys
            inner join crowds using (key)
            where now between 2 and {MOST_RECORDS_PER_KEY}
        )
        select distinct '0' as match_key, one.record as join_key_l, other.record as join_key_r
        from tight as one
        inner join tight as other on one.key = other.key and one.record < other.record
        where one.record < {fresh} or one.is_opened
        """
    ).fetchall()
    connection.execute(
        f"""
        delete from {remembered} where (record_l, record_r) in (
            with
            crowded as (
                select record, key from keys semi join (
                    select key from crowds where before <= {MOST_RECORDS_PER_KEY} and now > {MOST_RECORDS_PER_KEY}
                ) using (key)
            ),
            doubtful as (
                select distinct record_l, record_r
                from {remembered}
                inner join crowded as one on one.record = record_l
                inner join crowded as other on other.record = record_r and other.key = one.key
            ),
            borne as (
                select key, record from keys
                where record in (select record_l from doubtful union all select record_r from doubtful)
            ),
            useful as (
                select key from keys semi join borne using (key)
                group by key having count(*) <= {MOST_RECORDS_PER_KEY}
            ),
            held as (
                select record_l, record_r
                from doubtful
                inner join borne as one on one.record = record_l
                inner join borne as other on other.record = record_r and other.key = one.key
                semi join useful on useful.key = one.key
            )
            select record_l, record_r from doubtful anti join held using (record_l, record_r)
        )
        """
    ).fetchall()
    connection.execute("drop table keys").fetchall()


def _all_bearers(people: str) -> str:
    """(key, record) of every key that a record of the table bears."""
    plain = [_bearers(number, people, key) for number, key in enumerate(_KEYS)]
    listed = [
        _bearers(number, f"(select *, unnest({column}) as value from {people})", ("value", *others))
        for number, (column, others) in enumerate(_LISTS, start=len(_KEYS))
    ]
    return " union all ".join(plain + listed)


def _bearers(number: int, source: str, key: tuple[str, ...]) -> str:
    complete = " and ".join(f"({part}) is not null" for part in key)
    return f"select hash({number}, {', '.join(key)}) as key, record from {source} where {complete}"
