"""People as the match model sees them: every field folded to ASCII, in one spelling, with the parts that are compared.

A plain frame goes in, one table of a private in-memory DuckDB comes out. Each distinct spelling is read once in Python
(names, dates, addresses of mailboxes, numbers); what is text only (street, town) is folded in SQL.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity.keys import names_one_person, normalise_email, normalise_phone
from dagster_project.identity.names import fold, full_names, is_common_first_name
from dagster_project.identity.people import PLACEHOLDER_DATES
from dagster_project.identity.scratch import Scratch

FIELDS = ("given_name", "surname", "birth_date", "email", "phone", "address", "postcode", "city")
COLUMNS = ("record_id", "source_system", *FIELDS)
PEOPLE = "people"

_PARTICLE_LIST = "d de del della des di dit dite du el l la le les van von den der ter vande vander ben bint"
_PARTICLES = frozenset(_PARTICLE_LIST.split())
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
# What forms fill in when the birth date is unknown; as text it need be no date.
_PLACEHOLDER_BIRTHS = {f"{day:%Y%m%d}" for day in PLACEHOLDER_DATES} | {"11111111", "00000000", "99999999"}
_SEPARATORS = re.compile(r"[;,|]")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv jan january",
            "fevrier fevr fev feb february",
            "mars mar march",
            "avril avr apr april",
            "mai may",
            "juin jun june",
            "juillet juil jul july",
            "aout aou aug august",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        start=1,
    )
    for name in names.split()
}
# Words, and their short forms, that say what kind of street, house or door it is: half the addresses share them, and
# spell them as they please.
_STREET_KIND_LIST = """
al all allee allees app appartement appt apt av ave avenue bat batiment bd bis bld blvd boulevard bvd ch che chem chemin
cite clos close cour cours court cres crescent crs ctr dit dr drive esc escalier etage faubourg fbg fg flat gal general
hameau imp impasse lane lieu lot lotissement mal marechal passage pl place porte pt qu quai quartier quater r rd res
residence road route rte rue saint sainte sentier sq square st ste str street ter unit villa vla voie zone
a and au aux d de des du en et l la le les of sur the
"""
_STREET_KINDS = _STREET_KIND_LIST.split()

_MACROS = (
    # Ligatures fall into two letters, everything but letters and digits into one space.
    r"""folded(value) as trim(regexp_replace(
        strip_accents(replace(replace(replace(lower(value), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss')),
        '[^a-z0-9]+', ' ', 'g'))""",
    rf"""without_kinds(folded_address) as trim(regexp_replace(regexp_replace(
        folded_address, '\b({"|".join(_STREET_KINDS)})\b', '', 'g'), ' +', ' ', 'g'))""",
    # 13e arrondissement and cedex 08 name the same town.
    r"""town(folded_city) as trim(regexp_replace(regexp_replace(regexp_replace(
        folded_city, '\b(cedex|[0-9]+(e|er|eme|nd)?)\b', '', 'g'),
        '\bst\b', 'saint', 'g'), '\bste\b', 'sainte', 'g'))""",
)


def parse_birth(text: str) -> str | None:
    """A birth date as eight digits, year first (19800203), from the forms people write: 1980-02-03, 03/02/1980, 3.2.80,
    19800203, `3 février 1980`; the day comes before the month unless the year comes first. A date that no calendar has
    (a typing error: 19801332) keeps its digits. None for what is no date, or for one that forms fill in by
    themselves."""
    if _ISO_DATE.fullmatch(text):
        birth = text.replace("-", "")
        return None if birth in _PLACEHOLDER_BIRTHS else birth
    words = re.findall(r"\d+|[^\W\d_]+", fold(text.split("T")[0].split(" 00:00")[0]))
    numbers = [str(_MONTHS.get(word, word)) for word in words]
    if not all(number.isdigit() for number in numbers):
        return None
    if len(numbers) == 1 and len(numbers[0]) == 8:
        digits = numbers[0]
        year_last = digits[4:] + digits[2:4] + digits[:2]
        birth = year_last if _is_date(year_last) and not _is_date(digits) else digits
    elif len(numbers) == 3:
        year, month, day = numbers if len(numbers[0]) == 4 else reversed(numbers)
        if len(words[0]) >= 3 and not words[0].isdigit():  # February 3, 1980
            month, day = day, month
        if len(year) == 2:
            year = ("20" if year <= "10" else "19") + year
        if len(year) != 4 or len(month) > 2 or len(day) > 2:
            return None
        birth = year + month.zfill(2) + day.zfill(2)
    else:
        return None
    return None if birth in _PLACEHOLDER_BIRTHS else birth


def _is_date(digits: str) -> bool:
    try:
        return 1880 <= dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def mailbox(text: str) -> str | None:
    """The mailbox that an address names, in one spelling; None for an address that names no one person. Gmail reads no
    dots, and nobody means another by what follows a plus sign."""
    email = normalise_email(text)
    if email is None or not names_one_person(email):
        return None
    local, _, domain = email.rpartition("@")
    local = local.partition("+")[0]
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local else None


def surname_words(folded_surname: str) -> list[str]:
    """The words of a folded surname that name a family, particles gone: `de la tour` is [tour]; a name of particles
    only keeps them."""
    words = folded_surname.split()
    return [word for word in words if word not in _PARTICLES] or words


def normalise(connection: Scratch, records: pd.DataFrame, country: str = "FR") -> np.ndarray:
    """Make the table PEOPLE: one row per record, numbered from 0 in the order of record_id's text, whatever the order
    of the rows. Returns the rows of `records` in that order.

    A field is None where the record does not say; a cell of email or phone may hold several, separated by `;`, `,` or
    `|`. `country` is the region of phone numbers without a prefix (ISO 3166). Raises ValueError when record_id is
    missing, empty or repeated.
    """
    if "record_id" not in records.columns:
        raise ValueError(f"people: column 'record_id' is missing; expected {', '.join(COLUMNS)}")
    texts = {column: _text(records, column) for column in COLUMNS}
    ids = texts["record_id"]
    if ids.null_count:
        raise ValueError(f"people: column 'record_id' is empty in {ids.null_count} rows")
    order = pc.sort_indices(ids)
    ids = ids.take(order)
    if len(ids) > 1 and pc.any(pc.equal(ids[1:], ids[:-1])).as_py():
        raise ValueError("people: a record_id is repeated; write the source system before it if sources share ids")
    columns = {column: text.take(order) for column, text in texts.items()}
    given = _distinct(columns["given_name"], fold)
    surname = _distinct(columns["surname"], fold)
    connection.register(
        "raw_people",
        pa.table(
            {
                "record": pa.array(np.arange(len(ids))),
                "source": columns["source_system"].fill_null(""),
                "given_spaced": given,
                "surname_spaced": surname,
                "birth": _distinct(columns["birth_date"], parse_birth),
                "emails": _several(columns["email"], mailbox),
                "phones": _several(columns["phone"], lambda raw: normalise_phone(raw, country)),
                "address": columns["address"],
                "postcode": columns["postcode"],
                "city": columns["city"],
            }
        ),
    )
    connection.register("given_names", _given_names(given))
    connection.register("surnames", _surnames(surname))
    _make_people(connection)
    for name in ("raw_people", "given_names", "surnames"):
        connection.unregister(name)
    rows: np.ndarray = order.to_numpy()
    return rows


def _text(records: pd.DataFrame, column: str) -> pa.Array:
    """A column as text, None where it is missing or blank."""
    if column not in records.columns:
        return pa.nulls(len(records), pa.string())
    values = pa.array(records[column], from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    text = pc.utf8_trim_whitespace(values.cast(pa.string()))
    if pa.types.is_floating(values.type):  # a number with gaps, as pandas reads one: 75001.0
        text = pc.replace_substring_regex(text, r"\.0$", "")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _distinct(text: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """`read` of every value, each distinct one read once; None for empty."""
    encoded = text.dictionary_encode()
    known = [read(value) or None for value in encoded.dictionary.to_pylist()]
    return pa.array(known, pa.string()).take(encoded.indices)


def _several(text: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """The distinct readable values of every cell, in the order given; None for a cell without."""
    encoded = text.dictionary_encode()
    known: list[list[str] | None] = []
    for cell in encoded.dictionary.to_pylist():
        parts = _SEPARATORS.split(cell) if _SEPARATORS.search(cell) else (cell,)
        known.append(list(dict.fromkeys(value for part in parts if (value := read(part)))) or None)
    return pa.array(known, pa.list_(pa.string())).take(encoded.indices)


def _given_names(folded: pa.Array) -> pa.Table:
    names: Sequence[str] = pc.unique(folded).drop_null().to_pylist()
    return pa.table(
        {
            "spaced": pa.array(names, pa.string()),
            "forms": pa.array([sorted(full_names(name)) for name in names], pa.list_(pa.string())),
            "is_common": pa.array([is_common_first_name(name.split()[0]) for name in names], pa.bool_()),
        }
    )


def _surnames(folded: pa.Array) -> pa.Table:
    names: Sequence[str] = pc.unique(folded).drop_null().to_pylist()
    return pa.table(
        {
            "spaced": pa.array(names, pa.string()),
            "words": pa.array([surname_words(name) for name in names], pa.list_(pa.string())),
        }
    )


def _make_people(connection: Scratch) -> None:
    for macro in _MACROS:
        connection.execute(f"create or replace temp macro {macro}").fetchall()
    connection.execute(
        rf"""
        create or replace table {PEOPLE} as
        with
        streets as (
            select address, without_kinds(folded(address)) as words
            from (select distinct address from raw_people where address is not null)
        ),
        addresses as (
            select
                address as raw_address,
                nullif(replace(words, ' ', ''), '') as address,
                nullif(regexp_extract(words, '\b[0-9]+[a-z]?\b'), '') as house,
                nullif(list_distinct(regexp_extract_all(words, '\b[a-z][a-z0-9]{{2,}}\b')), []) as street_words
            from streets
        ),
        places as (
            select city as raw_city, nullif(replace(town(folded(city)), ' ', ''), '') as city
            from (select distinct city from raw_people where city is not null)
        )
        select
            record,
            source,
            replace(given_spaced, ' ', '') as given,
            split_part(given_spaced, ' ', 1) as given_first,
            given_names.forms as given_forms,
            given_names.is_common as given_is_common,
            replace(surname_spaced, ' ', '') as surname,
            surnames.words as surname_words,
            birth,
            birth[1:4] || birth[7:8] || birth[5:6] as birth_swapped,
            birth[1:4]::smallint as birth_year,
            birth[5:6]::smallint as birth_month,
            birth[7:8]::smallint as birth_day,
            emails,
            emails[1] as email,
            phones,
            phones[1] as phone,
            addresses.address,
            addresses.house,
            addresses.street_words,
            nullif(upper(regexp_replace(postcode, '[^0-9A-Za-z]', '', 'g')), '') as postcode,
            places.city
        from raw_people
        left join given_names on given_names.spaced = given_spaced
        left join surnames on surnames.spaced = surname_spaced
        left join addresses on raw_address = raw_people.address
        left join places on raw_city = raw_people.city
        order by record
        """
    ).fetchall()
