"""The keys that may join two records: e-mail, phone, loyalty card, web account, each in one spelling.

A key that names nobody in particular (noreply@, 06 00 00 00 00, 0000000000) is no key: it is dropped here
and counted. Every distinct spelling is read once, whatever number of records bear it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc


class KeyType(IntEnum):
    """The kinds of evidence, strongest first; `STEWARD` is a person's own decision, `PROBABILISTIC` what the match
    model finds in names, birth dates and places."""

    STEWARD = 0
    LOYALTY_CARD = 1
    WEB_ACCOUNT = 2
    EMAIL = 3
    PHONE = 4
    PROBABILISTIC = 5

    @property
    def label(self) -> str:
        return self.name.lower()

    @property
    def is_strong(self) -> bool:
        """Whether one system issues the key to one person, so that it joins by itself."""
        return self <= KeyType.WEB_ACCOUNT


# Probability that two records which share the key are one person's. Cards and accounts are issued to one
# person; the others are judgements, to be replaced by a fitted model's: an address outlives a household, a
# phone number is given to another subscriber.
MATCH_PROBABILITY = {
    KeyType.STEWARD: 1.0,
    KeyType.LOYALTY_CARD: 1.0,
    KeyType.WEB_ACCOUNT: 1.0,
    KeyType.EMAIL: 0.98,
    KeyType.PHONE: 0.95,
}

_EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s.,;<>\"()]+")
_NOBODYS_LOCAL_PART_LIST = """
noreply no-reply no.reply donotreply do-not-reply nepasrepondre ne-pas-repondre ne_pas_repondre noemail
no-email nomail pasdemail pas-de-mail pasdemel sansmail sans-mail sansemail aucun none null na n/a inconnu
unknown anonymous anonyme test tests essai example exemple toto abc azerty qwerty xxx xxxx client magasin
boutique caisse
"""
_NOBODYS_LOCAL_PARTS = frozenset(_NOBODYS_LOCAL_PART_LIST.split())
# Mailboxes of an office or a household, or that nobody keeps for long: they name no single person.
_OFFICE_LIST = """
accueil achat achats admin administration adv association bureau commande commandes commercial compta comptabilite
contact contacts direction facturation hello info infos information mairie marketing office postmaster rh sales sav
secretariat service serviceclient support webmaster
"""
_HOUSEHOLDS = (
    r"famille[^@+]*|(?:fam|family|foyer|couple|maison|parents)(?:[._-][^@+]*)?"
    r"|[^@+]*[._-](?:famille|family)|les[._-][^@+]*"
)
_DISPOSABLE_LIST = """
10minutemail.com dispostable.com fakeinbox.com getairmail.com getnada.com guerrillamail.com jetable.com jetable.org
mailcatch.com maildrop.cc mailinator.com mailnesia.com moakt.com mohmal.com mytemp.email sharklasers.com spam4.me
temp-mail.org tempmail.com tempr.email throwawaymail.com trashmail.com yopmail.com yopmail.fr yopmail.net
"""
_COLLECTIVE = re.compile(
    rf"^(?:{'|'.join(_OFFICE_LIST.split())}|{_HOUSEHOLDS})[+@]"
    rf"|@(?:{'|'.join(map(re.escape, _DISPOSABLE_LIST.split()))})$"
)
_NOBODYS_DOMAINS = frozenset(
    {"noemail.com", "nomail.com", "noemail.fr", "none.com", "test.com", "test.fr", "toto.fr", "toto.com"}
)
# Mobile numbers that the regulator sets apart for fiction (France: 06 39 98 xx xx, Arcep decision 2018-0881). The
# library does not know them; nobody real bears them, so reading them lets demonstrations and tests use phones.
_FICTION = {"FR": "63998"}
_SEPARATORS = re.compile(r"[\s./-]+")
_ADDRESS_PREFIXES = {"email": KeyType.EMAIL, "phone": KeyType.PHONE}
_PREFIXES = {**_ADDRESS_PREFIXES, "card": KeyType.LOYALTY_CARD, "account": KeyType.WEB_ACCOUNT}


def normalise_email(raw: str) -> str | None:
    """NFKC, trimmed, lower case; None when it is no address, or nobody's. Dots and +tags stay: most
    providers tell them apart."""
    email = unicodedata.normalize("NFKC", raw).strip().strip("<>").removeprefix("mailto:").lower()
    if not _EMAIL.fullmatch(email):
        return None
    local, _, domain = email.rpartition("@")
    placeholder = local in _NOBODYS_LOCAL_PARTS or domain in _NOBODYS_DOMAINS
    return None if placeholder else email


def names_one_person(email: str) -> bool:
    """Whether a normalised e-mail is a person's own by its looks: no office's (contact@), no household's
    (famille.martin@), no throw-away one."""
    return not _COLLECTIVE.search(email)


def collective_mailboxes(emails: Sequence[str]) -> np.ndarray:
    """Per normalised e-mail, whether it is not `names_one_person`; for many of them."""
    found = pc.match_substring_regex(pa.array(emails, pa.string()), _COLLECTIVE.pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def normalise_phone(raw: str, country: str) -> str | None:
    """E.164, read as dialled in `country`; None when the numbering plan has no such number, or when it is made up:
    one digit repeated, or a plain run (0123456789)."""
    text = unicodedata.normalize("NFKC", raw)
    plan = _simple_plan(country)
    dialled = _SEPARATORS.sub("", text)
    if plan is not None and (plain := plan.spelling.fullmatch(dialled)):
        subscriber = plain["international"] or plain["national"]
        exists = plan.numbers.fullmatch(subscriber) or subscriber.startswith(_FICTION.get(country, "-"))
        e164 = f"+{plan.code}{subscriber}" if exists else None
    else:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            return None
        subscriber = str(number.national_number)
        valid = phonenumbers.is_valid_number(number)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None
    made_up = len(set(subscriber[1:])) == 1 or subscriber in "1234567890" or subscriber in "9876543210"
    return None if made_up else e164


@dataclass(frozen=True)
class _Plan:
    """A numbering plan simple enough to be read by two expressions: what may be dialled, and which numbers
    exist."""

    code: int
    spelling: re.Pattern[str]
    numbers: re.Pattern[str]


@functools.cache
def _simple_plan(country: str) -> _Plan | None:
    """phonenumbers' own patterns as one expression, 30 times faster than its parser on the usual spellings. None
    for a country whose plan is shared (North America), has numbers of several lengths, or another trunk prefix than
    0."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.national_prefix_for_parsing != "0" or metadata.national_prefix_transform_rule:
        return None
    code, general = metadata.country_code, metadata.general_desc
    if code is None or general is None or phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code] != (country,):
        return None
    if len(general.possible_length) != 1:
        return None
    described = (
        metadata.fixed_line,
        metadata.mobile,
        metadata.premium_rate,
        metadata.toll_free,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
    )
    patterns = [each.national_number_pattern for each in described if each and each.national_number_pattern]
    subscriber = rf"[1-9]\d{{{general.possible_length[0] - 1}}}"
    return _Plan(
        code=code,
        spelling=re.compile(rf"(?:\+|00){code}(?:\(0\)|0)?(?P<international>{subscriber})|0(?P<national>{subscriber})"),
        numbers=re.compile("|".join(f"(?:{pattern})" for pattern in patterns)),
    )


def normalise_card(raw: str) -> str | None:
    """Letters and digits in upper case (a spreadsheet's `.0` gone); None when empty or one character
    repeated."""
    card = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", raw).strip().removesuffix(".0")).upper()
    return None if len(card) < 4 or len(set(card)) == 1 else card


def normalise_account(raw: str) -> str | None:
    """The shop's id as given, trimmed: it tells upper from lower case. None when empty or a placeholder."""
    account = unicodedata.normalize("NFKC", raw).strip()
    return (
        None
        if account.lower() in {"", "0", "-1", "null", "none", "undefined", "guest", "anonymous", "(not set)"}
        else account
    )


@dataclass(frozen=True)
class KeyTable:
    """Which record bears which key. `record` and `key` are parallel, one pair once, sorted by key then
    record; `kind` and `value` are indexed by key, sorted by kind then value. `own_address[record]` is the
    key a record is named by (`email:...`, `phone:...`), -1 for a record named by its own system's id, -2
    for one named by an address that is no usable key. `rejected` counts, per kind, the distinct spellings
    that are no usable key."""

    record: np.ndarray
    key: np.ndarray
    kind: np.ndarray
    value: list[str]
    own_address: np.ndarray
    rejected: dict[str, int]


def read_keys(records: pa.Table, country: str) -> KeyTable:
    """The keys of `records` (columns source_person_key, emails, phones, loyalty_cards, web_accounts),
    numbered by row."""
    columns: list[tuple[KeyType, str, Callable[[str], str | None]]] = [
        (KeyType.LOYALTY_CARD, "loyalty_cards", normalise_card),
        (KeyType.WEB_ACCOUNT, "web_accounts", normalise_account),
        (KeyType.EMAIL, "emails", normalise_email),
        (KeyType.PHONE, "phones", lambda raw: normalise_phone(raw, country)),
    ]
    prefixed = _prefixed_keys(records)
    own_address = np.where(np.isin(np.arange(records.num_rows), prefixed.addresses), -2, -1)
    all_records: list[np.ndarray] = []
    all_keys: list[np.ndarray] = []
    kinds: list[KeyType] = []
    values: list[str] = []
    rejected: dict[str, int] = {}
    for kind, column, normalise in columns:
        listed = records[column].combine_chunks().cast(pa.list_(pa.string()))
        rows = np.concatenate([pc.list_parent_indices(listed).to_numpy(zero_copy_only=False), prefixed.rows[kind]])
        raw = pa.concat_arrays([pc.list_flatten(listed), pa.array(prefixed.values[kind], pa.string())])
        encoded = raw.dictionary_encode()
        normal = [normalise(spelling) for spelling in encoded.dictionary.to_pylist()]
        rejected[kind.label] = sum(value is None for value in normal)
        known = sorted({value for value in normal if value is not None})
        position = {value: number for number, value in enumerate(known, start=len(values))}
        spelling_key = np.array([position.get(value, -1) if value else -1 for value in normal] + [-1], dtype=np.int64)
        codes = pc.fill_null(encoded.indices, len(normal)).to_numpy(zero_copy_only=False)
        keys = spelling_key[codes]
        if kind in _ADDRESS_PREFIXES.values():
            own = keys[len(keys) - len(prefixed.rows[kind]) :]
            own_address[prefixed.rows[kind]] = np.where(own < 0, -2, own)
        all_records.append(rows[keys >= 0])
        all_keys.append(keys[keys >= 0])
        kinds += [kind] * len(known)
        values += known
    record, key = np.concatenate(all_records).astype(np.int64), np.concatenate(all_keys)
    pairs = np.unique(np.stack([key, record], axis=1), axis=0) if len(key) else np.empty((0, 2), dtype=np.int64)
    return KeyTable(
        record=pairs[:, 1],
        key=pairs[:, 0],
        kind=np.array(kinds, dtype=np.int64),
        value=values,
        own_address=own_address,
        rejected=rejected,
    )


@dataclass(frozen=True)
class _Prefixed:
    rows: dict[KeyType, np.ndarray]
    values: dict[KeyType, list[str]]
    addresses: np.ndarray


def _prefixed_keys(records: pa.Table) -> _Prefixed:
    """The keys that record names themselves hold: `email:`, `phone:`, `card:` and `account:`."""
    rows: dict[KeyType, list[int]] = {kind: [] for kind in KeyType}
    values: dict[KeyType, list[str]] = {kind: [] for kind in KeyType}
    for row, name in enumerate(records["source_person_key"].to_pylist()):
        prefix, separator, value = name.partition(":")
        if separator and prefix in _PREFIXES:
            rows[_PREFIXES[prefix]].append(row)
            values[_PREFIXES[prefix]].append(value)
    return _Prefixed(
        rows={kind: np.array(found, dtype=np.int64) for kind, found in rows.items()},
        values=values,
        addresses=np.array(sorted(rows[KeyType.EMAIL] + rows[KeyType.PHONE]), dtype=np.int64),
    )
