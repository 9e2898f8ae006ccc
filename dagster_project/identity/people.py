"""How many people bear a key? Two records are clearly different people when their first names, or their
birth dates, say so.

Absence of evidence is no difference: a record without name and birth date agrees with everybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from dagster_project.identity.names import same_first_name

# What forms fill in when the birth date is unknown.
PLACEHOLDER_DATES = frozenset({dt.date(1900, 1, 1), dt.date(1901, 1, 1), dt.date(1970, 1, 1)})


class Profile(NamedTuple):
    """What one record says of its person; names folded by `names.fold`, empty and None when it does not
    say."""

    first_name: str
    last_name: str
    birth_date: dt.date | None
    gender: str | None

    @property
    def speaks(self) -> bool:
        """Whether the record can tell its person from another."""
        return bool(self.first_name) or self.birth_date is not None


def usable_birth_date(value: dt.date | None) -> dt.date | None:
    """The birth date, or None for the dates that forms fill in by themselves."""
    return None if value in PLACEHOLDER_DATES else value


def clearly_different(left: Profile, right: Profile) -> bool:
    """Whether two records cannot be one person's. Symmetric.

    The same birth date (day and month may be swapped) makes one person even of two first names, unless the
    genders contradict: a nickname outside the table is likelier than twins who share a mailbox. Birth dates
    differ only when two of day, month and year do: one is a typing error. Last names are no evidence, for a
    maiden name would split a person; they only serve to see that first and last name were swapped.
    """
    names_agree: bool | None = None
    if left.first_name and right.first_name:
        names_agree = same_first_name(left.first_name, right.first_name) or _names_swapped(left, right)
    dates = _birth_dates(left.birth_date, right.birth_date)
    if names_agree is False:
        contradicting = left.gender is not None and right.gender is not None and left.gender != right.gender
        return dates != "same" or contradicting
    return dates == "different"


def _names_swapped(left: Profile, right: Profile) -> bool:
    return bool(left.last_name) and left.first_name == right.last_name and left.last_name == right.first_name


def _birth_dates(left: dt.date | None, right: dt.date | None) -> str:
    if left is None or right is None:
        return "unknown"
    if left == right or (left.year, left.month, left.day) == (right.year, right.day, right.month):
        return "same"
    parts = (left.year != right.year) + (left.month != right.month) + (left.day != right.day)
    return "different" if parts >= 2 else "close"


def groups_differ(left: Iterable[Profile], right: Iterable[Profile]) -> bool:
    """Whether two groups of records, each already known to be one person, are clearly two people: no
    spelling of the one agrees with any of the other. False when a group does not speak."""
    pairs = [(one, other) for one in left for other in right]
    return bool(pairs) and all(clearly_different(one, other) for one, other in pairs)


def disagreeing(groups: Sequence[int], size: int, differ: Callable[[int, int], bool]) -> list[int] | None:
    """The first `size` of `groups`, in the given order, of which each differs from every other; None if
    there are not so many."""

    def extend(chosen: list[int], candidates: Sequence[int]) -> list[int] | None:
        if len(chosen) == size:
            return chosen
        for position, group in enumerate(candidates):
            if len(candidates) - position + len(chosen) < size:
                return None
            rest = [other for other in candidates[position + 1 :] if differ(group, other)]
            found = extend([*chosen, group], rest)
            if found is not None:
                return found
        return None

    return extend([], groups)
