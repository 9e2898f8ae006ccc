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
    """Make the table CANDIDATES (match_key, join_key_l, join_key_r): each pair of records once, the smaller number
    left."""
    plain = [_bearers(number, PEOPLE, key) for number, key in enumerate(_KEYS)]
    listed = [
        _bearers(number, f"(select *, unnest({column}) as value from {PEOPLE})", ("value", *others))
        for number, (column, others) in enumerate(_LISTS, start=len(_KEYS))
    ]
    bearers = plain + listed
    connection.execute(f"create or replace table keys as {' union all '.join(bearers)}").fetchall()
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


def _bearers(number: int, source: str, key: tuple[str, ...]) -> str:
    complete = " and ".join(f"({part}) is not null" for part in key)
    return f"select hash({number}, {', '.join(key)}) as key, record from {source} where {complete}"
