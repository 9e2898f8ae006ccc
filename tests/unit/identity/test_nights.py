"""A night looks only at what changed and whom it touches, and finds what a whole resolution finds: same links, same
evidence, same keys, same scored pairs, whatever came in which order."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity import IdentityResult, Ledger, MatchModel, blocking, identify
from dagster_project.identity.memory import RECORD, Memory
from dagster_project.identity.resolution import RECORD_COLUMNS
from dagster_project.settings import Identity, shipped_settings

MODEL = MatchModel.load()
SETTINGS = shipped_settings().identity
TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        (
            name,
            {"first_seen_date": pa.date32(), "birth_date": pa.date32()}.get(
                name, TEXTS if name[-1] == "s" else pa.string()
            ),
        )
        for name in RECORD_COLUMNS
    ]
)
# Few of each, so that people share names, houses and keys.
GIVEN = ("Anne", "Anne-Sophie", "Paul", "Zoé", "Élodie", None)
SURNAMES = ("Delorme", "De Lorme", "Lemaître", None)
PLACES = (("12 rue des Lilas", "31000", "Toulouse"), ("3 bis quai Victor Hugo", "75015", "Paris"), (None, None, None))
BIRTHS = (dt.date(1983, 4, 17), dt.date(1983, 4, 18), dt.date(1961, 12, 1), None)
EMAILS = ("anne@orange.fr", "famille.delorme@free.fr", "zoe@laposte.net", "p.delorme@gmail.com")
PHONES = ("06 12 34 56 78", "01 45 23 67 89", "06 87 65 43 21")
SYSTEMS = ("crm", "shop", "loyalty", "support", "web")


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    street, postal_code, city = draw(st.sampled_from(PLACES))
    return {
        "source_system": draw(st.sampled_from(SYSTEMS)),
        "source_person_key": str(draw(st.integers(1, 12))),
        "first_seen_date": dt.date(2026, 1, draw(st.integers(1, 28))),
        "first_name": draw(st.sampled_from(GIVEN)),
        "last_name": draw(st.sampled_from(SURNAMES)),
        "birth_date": draw(st.sampled_from(BIRTHS)),
        "gender": draw(st.sampled_from(("female", "male", None, None))),
        "emails": draw(st.lists(st.sampled_from(EMAILS), max_size=1)),
        "phones": draw(st.lists(st.sampled_from(PHONES), max_size=1)),
        "loyalty_cards": draw(st.lists(st.sampled_from(("9250000000017", "9250000000024")), max_size=1)),
        "web_accounts": draw(st.lists(st.sampled_from(("acc-1", "acc-2")), max_size=1)),
        "street": street,
        "postal_code": postal_code,
        "city": city,
    }


# Each night delivers some records, new or as they are now, and takes some away.
nights = st.lists(st.tuples(st.lists(records(), max_size=6), st.integers(0, 3)), min_size=2, max_size=4)


def as_table(rows: dict[tuple[str, str], dict[str, Any]], seed: int) -> pa.Table:
    shuffled = random.Random(seed).sample(list(rows.values()), len(rows))
    return pa.Table.from_pylist(shuffled, schema=SCHEMA)


def run(records: pa.Table, ledger: Ledger, day: int, memory: Memory | None) -> IdentityResult:
    return identify(records, ledger, SETTINGS, country="FR", as_of=dt.date(2026, 2, day), model=MODEL, memory=memory)


def put(before: dict[str, pa.Table], result: IdentityResult) -> dict[str, pa.Table]:
    """The tables after a run, as the warehouse keeps them."""
    after = dict(result.whole())
    for name, rows in result.by_record().items():
        if result.looked_at is not None:
            looked_at = set(zip(*(result.looked_at[column].to_pylist() for column in RECORD), strict=True))
            old = before[name].to_pylist()
            stay = [row for row in old if (row["source_system"], row["source_person_key"]) not in looked_at]
            rows = pa.concat_tables([pa.Table.from_pylist(stay, schema=rows.schema), rows])
        after[name] = rows
    return after


def rows_of(table: pa.Table) -> list[str]:
    return sorted(map(str, table.to_pylist()))


@given(nights=nights, seed=st.integers(0, 1000), crowd=st.sampled_from((2, 3, 40)))
@settings(max_examples=15, deadline=None)
def test_nights_find_what_one_whole_resolution_finds(nights: list[Any], seed: int, crowd: int) -> None:
    """`crowd`: the bearers beyond which a blocking key makes no pairs; small ones come and go with the nights."""
    held: dict[tuple[str, str], dict[str, Any]] = {}
    tables: dict[str, pa.Table] = {}
    ledger = Ledger.empty()
    with mock.patch.object(blocking, "MOST_RECORDS_PER_KEY", crowd):
        for day, (delivered, gone) in enumerate(nights, start=1):
            for name in sorted(held)[:gone]:
                del held[name]
            for row in delivered:
                held[row["source_system"], row["source_person_key"]] = row
            records = as_table(held, seed + day)
            night = run(records, ledger, day, Memory.of(tables))
            tables = put(tables, night)
            full = run(records, ledger, day, None)
            for name, table in (full.by_record() | full.whole()).items():
                assert rows_of(tables[name]) == rows_of(table), name
            assert rows_of(night.new_ledger_rows) == rows_of(full.new_ledger_rows)
            ledger = Ledger(pa.concat_tables([ledger.rows, night.new_ledger_rows]), ledger.decisions)


def test_a_night_looks_at_the_changed_record_and_whom_it_touches_and_no_further() -> None:
    def record(key: str, **said: Any) -> dict[str, Any]:
        lists: dict[str, Any] = {name: [] for name in RECORD_COLUMNS if name[-1] == "s"}
        day = dt.date(2026, 1, 1)
        return {"source_system": "crm", "source_person_key": key, "first_seen_date": day, **lists, **said}

    rows = {
        "neighbour": record("neighbour", emails=["anne@orange.fr"]),
        "their neighbour": record("their neighbour", emails=["anne@orange.fr"], phones=["06 12 34 56 78"]),
        "last": record("last", phones=["06 12 34 56 78"]),
        "alike": record("alike", first_name="Zoé", last_name="Lemaître", birth_date=BIRTHS[0], postal_code="31000"),
        "stranger": record("stranger", first_name="Paul", last_name="Durand", emails=["paul@free.fr"]),
    }
    before = run(pa.Table.from_pylist(list(rows.values()), schema=SCHEMA), Ledger.empty(), 1, None)
    new = record(
        "new",
        emails=["anne@orange.fr"],
        first_name="Zoé",
        last_name="Lemaitre",
        birth_date=BIRTHS[0],
        postal_code="31000",
    )
    now = pa.Table.from_pylist([*rows.values(), new], schema=SCHEMA)
    night = run(now, Ledger(before.new_ledger_rows, Ledger.empty().decisions), 2, before.memory)
    assert night.looked_at is not None
    assert set(night.looked_at["source_person_key"].to_pylist()) == {*rows, "new"} - {"stranger"}
    assert night.report.looked_at == 5
    assert (night.report.records, night.report.customers) == (6, 2)


@pytest.mark.parametrize("change", [{"max_cluster_records": 39}, {"match_model": None}])
def test_a_memory_of_other_settings_is_not_used(change: dict[str, Any]) -> None:
    table = SCHEMA.empty_table()
    memory = run(table, Ledger.empty(), 1, None).memory
    others = Identity.model_validate(SETTINGS.model_dump() | change)
    again = identify(table, Ledger.empty(), others, country="FR", as_of=dt.date(2026, 2, 1), model=MODEL, memory=memory)
    assert again.looked_at is None
