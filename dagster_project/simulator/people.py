"""The people: who they are, where they live, which accounts, cards and addresses they hold, and how each system
spells them.

Truth only; what they do is in `behaviour`, what systems write down in `channels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.calendar import DAY, Window, local_day, to_utc, year_of
from dagster_project.simulator.columns import (
    NONE,
    Flags,
    Ints,
    Table,
    Text,
    blank,
    choose,
    joined,
    numbers,
    padded,
    pick,
    stream,
)
from dagster_project.simulator.names import choose_first_names, choose_surnames, name_book
from dagster_project.simulator.places import places

FAR = 1_000_000  # a day that never comes
HISTORY_DAYS = 1_095  # the oldest customers came this long before the window
PROSPECT_SHARE = 0.06
ANONYMOUS_SHARE = 0.08
BEFORE_SHARE = 0.55  # of the people: known before the window opened

_DOMAINS = (
    "gmail.example",
    "orange.example",
    "free.example",
    "hotmail.example",
    "sfr.example",
    "laposte.example",
    "yahoo.example",
    "icloud.example",
    "example.fr",
    "example.com",
    "example.org",
    "example.net",
)
_DOMAIN_SHARES = (0.34, 0.15, 0.10, 0.10, 0.06, 0.05, 0.05, 0.07, 0.04, 0.02, 0.01, 0.01)
_LANDLINE = {
    1: "19900",
    2: "26191",
    3: "35301",
    4: "46571",
    5: "53649",
}  # set apart for fiction by the regulator (ARCEP)
SHARED_TABLET_SHARE = 0.25  # of couples
SHARED_MAILBOX_SHARE = 0.09  # of couples


@dataclass(frozen=True)
class People(Table):
    """One row per person; days are day numbers, FAR meaning never; index columns use NONE for "has none"."""

    number: Ints
    is_female: Flags
    birth_day: Ints
    first: Ints
    last: Ints
    maiden: Ints
    renamed_day: Ints
    partner: Ints
    city: Ints
    street: Ints
    house: Ints
    new_city: Ints
    new_street: Ints
    new_house: Ints
    moved_day: Ints
    is_english: Flags
    arrived_at: Ints
    is_prospect: Flags
    is_anonymous: Flags
    email: Text
    shares_mailbox: Flags
    second_email: Text
    second_email_day: Ints
    mobile: Text
    landline: Text
    account: Text
    account_day: Ints
    card: Text
    card_day: Ints
    contact: Ints
    contact_day: Ints
    second_contact: Ints
    second_contact_day: Ints
    store: Ints
    mail_client: Ints
    takes_email: Flags
    takes_sms: Flags
    takes_cookies: Flags
    takes_profiling: Flags
    takes_push: Flags
    shares_tablet: Flags

    @property
    def has_email(self) -> Flags:
        return _present(self.email)

    @property
    def has_mobile(self) -> Flags:
        return _present(self.mobile)

    @property
    def has_account(self) -> Flags:
        return self.account_day < FAR

    @property
    def has_card(self) -> Flags:
        return self.card_day < FAR


def _present(column: Text) -> Flags:
    valid: Flags = pc.is_valid(column).to_numpy(zero_copy_only=False)
    return valid


def person_ids(numbers_: Ints) -> Text:
    """The truth's name for people: P0000001."""
    return joined("P", padded(numbers_ + 1, 7))


def make_people(size: int, window: Window, seed: int) -> People:
    """`size` people as they are at the window's end. Shape: one row each."""
    rng = stream(seed, "people")
    book, land = name_book(), places()
    ages = np.clip(rng.normal(47, 15.5, size), 18, 92)
    birth_day = (window.last - ages * 365.25).astype(np.int64)
    is_female = rng.random(size) < 0.61
    last = choose_surnames(rng, size)
    first = choose_first_names(rng, is_female, year_of(birth_day))
    city = rng.choice(len(land.city), size=size, p=land.weight / land.weight.sum())
    street, house = rng.integers(0, len(land.street), size), rng.integers(1, 180, size)

    partner = _couples(rng, size)
    second = np.flatnonzero(
        (partner != NONE) & (partner < np.arange(size))
    )  # the later of each couple follows the first
    head = partner[second]
    city[second], street[second], house[second] = city[head], street[head], house[head]
    same_name = rng.random(len(second)) < 0.72
    birth_name = last.copy()
    last[second[same_name]] = last[head[same_name]]
    is_female[second] = np.where(rng.random(len(second)) < 0.93, ~is_female[head], is_female[head])
    first[second] = choose_first_names(rng, is_female[second], year_of(birth_day[second]))

    renamed = is_female & (rng.random(size) < 0.05) & (ages < 75)
    maiden = np.where(renamed, np.where(birth_name != last, birth_name, choose_surnames(rng, size)), NONE)
    maiden = np.where(maiden == last, NONE, maiden)
    renamed_day = np.where(maiden != NONE, _some_day(rng, size, window, before=500), FAR)
    moved = rng.random(size) < 0.11
    moved_day = np.where(moved, _some_day(rng, size, window, before=300), FAR)
    far_away = rng.random(size) < 0.45
    new_city = np.where(far_away, rng.choice(len(land.city), size=size, p=land.weight / land.weight.sum()), city)

    is_before = rng.random(size) < BEFORE_SHARE
    span = window.end - window.start
    arrived_at = np.where(
        is_before,
        window.start - (rng.random(size) * HISTORY_DAYS * DAY),
        window.start + rng.random(size) ** 0.92 * span,
    ).astype(np.int64)
    arrived_at = _at_waking_hours(rng, arrived_at, window)
    arrived_day = local_day(arrived_at)

    kind = rng.random(size)
    is_anonymous = kind < ANONYMOUS_SHARE
    is_prospect = kind > 1 - PROSPECT_SHARE
    store_bent = rng.random(size) < land.store_share[city] * 0.85
    named = ~is_anonymous

    has_email = named & (rng.random(size) < np.where(store_bent, 0.9, 0.995))
    email = _emails(rng, first, last, birth_day)
    shares_mailbox = np.zeros(size, dtype=np.bool_)
    family = second[rng.random(len(second)) < SHARED_MAILBOX_SHARE]
    family = family[has_email[family] & has_email[partner[family]]]
    shares_mailbox[family] = shares_mailbox[partner[family]] = True
    owner = np.arange(size, dtype=np.int64)
    owner[family] = partner[family]
    address = joined("famille.", _address_part(pick(book.last_plain, last)), ".", numbers(owner), "@example.fr")
    email = choose(shares_mailbox, pick(address, owner), email)
    email = blank(email, ~has_email)
    two = has_email & ~shares_mailbox & (rng.random(size) < 0.13)
    second_email = blank(_second_emails(rng, first, last), ~two)
    second_email_day = np.where(two, _some_day(rng, size, window, before=200), FAR)

    has_account = has_email & (rng.random(size) < np.where(store_bent, 0.66, 0.9))
    has_card = named & ~is_prospect & (rng.random(size) < np.where(store_bent, 0.86, 0.42))
    has_contact = has_email & (rng.random(size) < 0.86) | (is_prospect & has_email)

    def lag(mean: float) -> Ints:
        return rng.exponential(mean, size).astype(np.int64)

    account_day = np.where(has_account, arrived_day + np.where(rng.random(size) < 0.6, 0, lag(90)), FAR)
    card_day = np.where(has_card, arrived_day + np.where(rng.random(size) < 0.5, 0, lag(60)), FAR)
    contact_day = np.where(has_contact, arrived_day + np.where(rng.random(size) < 0.6, 0, lag(40)), FAR)
    account_day[account_day > window.last] = FAR
    card_day[card_day > window.last] = FAR
    contact_day[contact_day > window.last] = FAR
    twice = (contact_day < FAR) & (rng.random(size) < 0.04)
    second_contact_day = np.where(twice, np.maximum(contact_day, window.first) + lag(150) + 1, FAR)
    second_contact_day[second_contact_day > window.last] = FAR
    ids = np.cumsum(1 + rng.integers(0, 9, 2 * size)) + 10_000
    order = np.argsort(np.argsort(np.r_[contact_day, second_contact_day], kind="stable"), kind="stable")
    ids = ids[order]

    takes_email = has_email & (rng.random(size) < 0.62)
    tablet = second[rng.random(len(second)) < SHARED_TABLET_SHARE]
    tablet = tablet[(account_day[tablet] < FAR) & (account_day[partner[tablet]] < FAR)]
    shares_tablet = np.zeros(size, dtype=np.bool_)
    shares_tablet[tablet] = shares_tablet[partner[tablet]] = True
    number = np.arange(size, dtype=np.int64)
    account_rank = np.argsort(np.argsort(account_day, kind="stable"), kind="stable")
    return People(
        number=number,
        is_female=is_female,
        birth_day=birth_day,
        first=first,
        last=last,
        maiden=maiden,
        renamed_day=renamed_day,
        partner=partner,
        city=city,
        street=street,
        house=house,
        new_city=new_city,
        new_street=rng.integers(0, len(land.street), size),
        new_house=rng.integers(1, 180, size),
        moved_day=moved_day,
        is_english=rng.random(size) < 0.05,
        arrived_at=arrived_at,
        is_prospect=is_prospect,
        is_anonymous=is_anonymous,
        email=email,
        shares_mailbox=shares_mailbox,
        second_email=second_email,
        second_email_day=second_email_day,
        mobile=blank(_mobiles(number), ~named | (rng.random(size) < 0.14)),
        landline=blank(
            _landlines(land.zone[city], np.where(partner == NONE, number, np.minimum(number, partner))),
            ~named | (rng.random(size) > np.where(ages > 60, 0.45, 0.15)),
        ),
        account=blank(joined("acc-", padded(account_rank + 1, 6)), account_day == FAR),
        account_day=account_day,
        card=blank(_cards(number), card_day == FAR),
        card_day=card_day,
        contact=np.where(contact_day < FAR, ids[:size], NONE),
        contact_day=contact_day,
        second_contact=np.where(second_contact_day < FAR, ids[size:], NONE),
        second_contact_day=second_contact_day,
        store=land.nearest_store[city],
        mail_client=rng.choice(4, size=size, p=(0.3, 0.36, 0.06, 0.28)),
        takes_email=takes_email,
        takes_sms=named & (rng.random(size) < 0.3),
        takes_cookies=rng.random(size) < 0.88,
        takes_profiling=named & (rng.random(size) < 0.7),
        takes_push=named & (rng.random(size) < 0.35),
        shares_tablet=shares_tablet,
    )


def _couples(rng: np.random.Generator, size: int) -> Ints:
    """The partner of each person, NONE for the 72 % without one among the customers."""
    partner = np.full(size, NONE, dtype=np.int64)
    order = rng.permutation(size)
    pairs = int(size * 0.14)
    left, right = order[:pairs], order[pairs : 2 * pairs]
    partner[left], partner[right] = right, left
    return partner


def _some_day(rng: np.random.Generator, size: int, window: Window, before: int) -> Ints:
    return rng.integers(window.first - before, window.last + 1, size)


def _at_waking_hours(rng: np.random.Generator, at: Ints, window: Window) -> Ints:
    """The same days, at an hour a shop may be open (10:00 to 19:00), never after the window."""
    moved = to_utc(local_day(at), rng.integers(10 * 3600, 19 * 3600, len(at)))
    return np.minimum(moved, window.end - 5 * 3600)


def _address_part(words: Text) -> Text:
    lower = pc.utf8_lower(words)
    return pc.replace_substring_regex(lower, "[^a-z-]", "")


def _emails(rng: np.random.Generator, first: Ints, last: Ints, birth_day: Ints) -> Text:
    """One address per person, all different."""
    book, size = name_book(), len(first)
    given, family = _address_part(pick(book.first_plain, first)), _address_part(pick(book.last_plain, last))
    style = rng.integers(0, 5, size)
    dotted = joined(given, ".", family)
    local = choose(
        style <= 1,
        dotted,
        choose(
            style == 2,
            joined(pc.utf8_slice_codeunits(given, 0, 1), family),
            choose(style == 3, joined(given, "_", family), joined(given, family, padded(year_of(birth_day) % 100, 2))),
        ),
    )
    domain = pick(pa.array(_DOMAINS), rng.choice(len(_DOMAINS), size=size, p=_DOMAIN_SHARES))
    return _unlike(local, domain)


def _second_emails(rng: np.random.Generator, first: Ints, last: Ints) -> Text:
    """Another address per person, at work or at another provider, all different and unlike the first ones."""
    book, size = name_book(), len(first)
    initial = pc.utf8_slice_codeunits(_address_part(pick(book.first_plain, first)), 0, 1)
    local = joined(initial, ".", _address_part(pick(book.last_plain, last)))
    domain = pick(
        pa.array(["pro.example.com", "mairie.example.org", "gmail.example", "univ.example.fr"]),
        rng.integers(0, 4, size),
    )
    return _unlike(local, domain)


def _unlike(local: Text, domain: Text) -> Text:
    """`local@domain`, repeats told apart by `.2`, `.3` behind the local part."""
    whole = pd.Series(joined(local, "@", domain).to_pandas())
    repeat = whole.groupby(whole).cumcount().to_numpy().astype(np.int64)
    suffix = choose(repeat > 0, joined(".", numbers(repeat + 1)), "")
    return joined(local, suffix, "@", domain)


def _mobiles(number: Ints) -> Text:
    """National digits after the 0. The 10,000 numbers set apart for fiction first, then plausible ones; no two
    alike.
    """
    fictional = joined("63998", padded((number * 7919 + 17) % 10_000, 4))
    beyond = joined("61", padded((number * 7_654_321 + 1_234_567) % 10_000_000, 7))
    return choose(number < 10_000, fictional, beyond)


def _landlines(zone: Ints, household: Ints) -> Text:
    """National digits after the 0, one per household: fictional ranges (0000 to 8999; the stores hold 90xx), then
    plausible ones.
    """
    _, rank = np.unique(household, return_inverse=True)
    out: Text = None
    for code, prefix in _LANDLINE.items():
        fictional = joined(prefix, padded(rank % 9_000, 4))
        beyond = joined(f"{code}4", padded((rank * 7_654_321 + 4_321) % 10_000_000, 7))
        digits = choose(rank < 9_000, fictional, beyond)
        out = digits if out is None else choose(zone == code, digits, out)
    return out


def _cards(number: Ints) -> Text:
    """EAN-13 loyalty card numbers that begin with 925."""
    body = 925_000_000_000 + (number * 48_271 + 11) % 1_000_000_000
    digits = np.stack([body // 10**power % 10 for power in range(11, -1, -1)])
    total = digits[0::2].sum(axis=0) + 3 * digits[1::2].sum(axis=0)
    return joined(numbers(body), numbers(-total % 10))


_PHONE_FORMS = 8


def phone_text(digits: Text, form: Ints) -> Text:
    """National digits (without the 0) written one of eight French ways; null stays null."""
    part = [pc.utf8_slice_codeunits(digits, start, stop) for start, stop in ((0, 1), (1, 3), (3, 5), (5, 7), (7, 9))]

    def spaced(lead: str, sign: str) -> Text:
        return pc.binary_join_element_wise(joined_strict(lead, part[0]), *part[1:], sign)

    written = joined_strict("+33", digits)
    for code, text in enumerate(
        (
            joined_strict("0", digits),
            spaced("0", " "),
            spaced("+33 ", " "),
            joined_strict("0033", digits),
            spaced("0", "."),
            spaced("0", "-"),
            spaced("+33 (0)", " "),
        )
    ):
        written = choose(form % _PHONE_FORMS == code, text, written)
    return written


def joined_strict(*parts: Text | str) -> Text:
    """The parts one after the other; null if any part is."""
    return pc.binary_join_element_wise(*parts, "")


def e164(digits: Text) -> Text:
    """+33612345678."""
    return joined_strict("+33", digits)


@dataclass(frozen=True)
class Spelling:
    """How one system writes each person: first name, surname today and before marriage, and what was done to them.

    `kind`: 0 exact, 1 without accents, 2 nickname, 3 typo, 4 capitals without accents.
    """

    first: Text
    last: Text
    last_before: Text
    kind: Ints
    birth_day: Ints
    has_birth: Flags
    is_swapped: Flags
    phone_form: Ints


KINDS = ("exact", "no_accents", "nickname", "typo", "capitals")
_SHARES = {
    "crm": (0.74, 0.12, 0.09, 0.03, 0.02),
    "shop": (0.66, 0.20, 0.07, 0.03, 0.04),
    "account": (0.68, 0.15, 0.09, 0.04, 0.04),
    "loyalty": (0.62, 0.06, 0.03, 0.05, 0.24),
    "support": (0.70, 0.14, 0.12, 0.04, 0.00),
    "crm_second": (0.30, 0.20, 0.40, 0.08, 0.02),
}
_BIRTH_KNOWN = {"crm": 0.58, "shop": 0.0, "account": 0.0, "loyalty": 0.86, "support": 0.0, "crm_second": 0.4}


def spell(people: People, system: str, seed: int) -> Spelling:
    """The spelling of everyone in `system` (crm, crm_second, shop, account, loyalty, support). One row per person."""
    rng, book, size = stream(seed, f"spelling {system}"), name_book(), len(people)
    kind = rng.choice(len(KINDS), size=size, p=_SHARES[system])
    kind = np.where((kind == 2) & ~book.has_nickname[people.first], 0, kind)
    first = choose(kind == 2, pick(book.nickname, people.first), pick(book.first, people.first))
    plain_first = pick(book.first_plain, people.first)
    first = choose(kind == 1, plain_first, choose(kind == 4, pc.utf8_upper(plain_first), first))
    slips_first = rng.random(size) < 0.4
    first = _mistyped(first, (kind == 3) & slips_first, rng)

    def surname(index: Ints) -> Text:
        exact, bare = pick(book.last, index), pick(book.last_plain, index)
        text = choose(kind == 1, bare, choose(kind == 4, pc.utf8_upper(bare), exact))
        return _mistyped(text, (kind == 3) & ~slips_first, rng)

    day_in_month = (
        people.birth_day
        - people.birth_day.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        + 1
    )
    is_swapped = (rng.random(size) < 0.015) & (day_in_month <= 12)
    return Spelling(
        first=first,
        last=surname(people.last),
        last_before=surname(np.where(people.maiden == NONE, people.last, people.maiden)),
        kind=kind,
        birth_day=np.where(is_swapped, _swapped(people.birth_day, day_in_month), people.birth_day),
        has_birth=rng.random(size) < _BIRTH_KNOWN[system],
        is_swapped=is_swapped,
        phone_form=rng.integers(0, _PHONE_FORMS, size),
    )


def _swapped(days: Ints, day_in_month: Ints) -> Ints:
    """The day number of the date with day and month exchanged (only meaningful where the day is at most 12)."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    year, month_in_year = month // 12, month % 12
    swapped = (year * 12 + np.minimum(day_in_month, 12) - 1).astype("datetime64[M]").astype("datetime64[D]")
    return swapped.astype(np.int64) + month_in_year


def _mistyped(words: Text, where: Flags, rng: np.random.Generator) -> Text:
    """Two neighbouring letters exchanged in the chosen words."""
    rows = np.flatnonzero(where)
    if not len(rows):
        return words
    plain = np.array(words.take(pa.array(rows)).to_pylist(), dtype=np.str_)
    letters = plain.view(np.uint32).reshape(len(rows), -1).copy()
    length = (letters > 0).sum(axis=1)
    at = np.where(length > 3, 1 + rng.integers(0, 1 << 30, len(rows)) % np.maximum(length - 2, 1), 0)
    line = np.arange(len(rows))
    right = np.minimum(at + 1, length - 1)
    letters[line, at], letters[line, right] = letters[line, right].copy(), letters[line, at].copy()
    changed = pa.array(letters.view(plain.dtype).reshape(-1).tolist())
    return pc.replace_with_mask(words, pa.array(where), changed)


def street_text(people: People, rows: Ints, day: Ints) -> Text:
    """House number and street on a day."""
    moved = day >= people.moved_day[rows]
    house = np.where(moved, people.new_house[rows], people.house[rows])
    street = np.where(moved, people.new_street[rows], people.street[rows])
    return joined(numbers(house), " ", pick(places().street, street))


def city_index(people: People, rows: Ints, day: Ints) -> Ints:
    """The city on a day."""
    return np.where(day >= people.moved_day[rows], people.new_city[rows], people.city[rows])
