"""Who is one customer, and who is not. Dates are days of January 2026; `run` uses the shipped limits."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity import IdentityResult, Ledger, LedgerError, identify
from dagster_project.identity.ids import customer_id, record_hash
from dagster_project.settings import Identity, shipped_settings

LIMITS = shipped_settings().identity.model_dump() | {
    "id_key": "a key for tests", "max_people_per_email": 1, "max_people_per_phone": 2, "max_cluster_records": 40,
    "match_model": None, "review_from": 0.5, "decisions": None,
}  # fmt: skip

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
Grouped = Callable[[IdentityResult], set[frozenset[str]]]
CustomerOf = Callable[[IdentityResult, str], str | None]


def test_each_key_joins_and_the_chain_is_one_customer(record: Record, run: Run, grouped: Grouped) -> None:
    result = run(
        [
            record("crm:1", 1, first_name="Anne", email="anne@orange.fr", phone="06 12 34 56 78"),
            record("shop:acc-1", 2, email=" Anne@Orange.fr", account="acc-1"),
            record("web:acc-1", 3, account="acc-1"),
            record("support:77", 4, phone="+33612345678", card="9250000000017"),
            record("loyalty:9250000000017", 5, card="9250 0000 00017"),
            record("crm:2", 1, first_name="Paul", email="paul@orange.fr"),
        ]
    )
    assert grouped(result) == {
        frozenset({"crm:1", "shop:acc-1", "web:acc-1", "support:77", "loyalty:9250000000017"}),
        frozenset({"crm:2"}),
    }
    methods = {link["source_person_key"]: link["match_method"] for link in result.links.to_pylist()}
    assert methods == {
        "1": "email",
        "acc-1": "web_account",
        "77": "loyalty_card",
        "9250000000017": "loyalty_card",
        "2": "single",
    }
    assert result.report.customers == 2


def test_a_customer_bears_the_id_of_its_eldest_record(record: Record, run: Run, customer_of: CustomerOf) -> None:
    result = run(
        [
            record("shop:acc-1", 2, email="anne@orange.fr", account="acc-1"),
            record("crm:1", 1, email="anne@orange.fr"),
            record("survey:email:anne@orange.fr", 9, email="anne@orange.fr"),
        ]
    )
    assert customer_of(result, "shop:acc-1") == customer_id("a key for tests", "crm", "1")
    assert all(len(link["customer_id"]) >= 18 for link in result.links.to_pylist())


def test_births_on_one_day_are_ordered_by_system_and_key(record: Record, run: Run, customer_of: CustomerOf) -> None:
    result = run([record("shop:a", 1, email="x@orange.fr"), record("crm:2", 1, email="x@orange.fr")])
    assert customer_of(result, "shop:a") == customer_id("a key for tests", "crm", "2")


def test_hashes_of_records_do_not_show_ids_or_keys(record: Record, run: Run) -> None:
    (link,) = run([record("crm:1", 1, email="anne@orange.fr")]).links.to_pylist()
    assert link["source_record_hash"] == record_hash("a key for tests", "crm", "1")
    assert link["source_record_hash"] not in link["customer_id"]
    assert link["source_record_hash"] != record_hash("another key for tests", "crm", "1")


def test_a_shared_mailbox_joins_nobody_and_its_facts_are_unknown(
    record: Record, run: Run, grouped: Grouped, customer_of: CustomerOf
) -> None:
    result = run(
        [
            record("crm:1", 1, first_name="Martin", email="mr.durand@orange.fr"),
            record("crm:2", 1, first_name="Martine", email="mr.durand@orange.fr"),
            record("messaging:email:mr.durand@orange.fr", 2, email="mr.durand@orange.fr"),
            record("survey:email:mr.durand@orange.fr", 2),
        ]
    )
    assert grouped(result) == {frozenset({"crm:1"}), frozenset({"crm:2"})}
    assert customer_of(result, "messaging:email:mr.durand@orange.fr") is None
    assert result.report.shared_emails == 1
    assert result.report.unlinked_records == 2
    shared = {row["source_person_key"]: row["is_shared"] for row in result.memory.normalised_keys.to_pylist()}
    assert set(shared.values()) == {True}


def test_a_households_mailbox_joins_only_records_of_one_name(record: Record, run: Run, grouped: Grouped) -> None:
    for mailbox in ("famille.durand@orange.fr", "les.durand@orange.fr", "contact@durand.fr", "x@yopmail.com"):
        result = run(
            [
                record("crm:1", 1, first_name="Anne", email=mailbox),
                record("loyalty:925000", 2, first_name="Anne", email=mailbox),
                record("web:acc-1", 3, email=mailbox, account="acc-1"),
                record(f"messaging:email:{mailbox}", 4, email=mailbox),
            ]
        )
        assert grouped(result) == {frozenset({"crm:1", "loyalty:925000"}), frozenset({"web:acc-1"})}


def test_a_card_borrowed_for_an_order_from_the_households_mailbox_joins_nobody(
    record: Record, run: Run, customer_of: CustomerOf
) -> None:
    """Élise orders from the family's address with her own phone and Ange's card."""
    rows = [
        record("loyalty:925000", 1, first_name="Ange", card="925000"),
        record("web:acc-1", 2, first_name="Élise", phone="0619877175", account="acc-1"),
        record("shop:email:famille.besson@orange.fr", 3, first_name="Élise", card="925000", phone="0619877175"),
    ]
    result = run(rows)
    assert customer_of(result, "web:acc-1") == customer_of(result, "shop:email:famille.besson@orange.fr")
    assert customer_of(result, "loyalty:925000") != customer_of(result, "web:acc-1")


def test_two_accounts_of_one_mailbox_are_two_people_unless_something_else_joins_them(
    record: Record, run: Run, grouped: Grouped
) -> None:
    mailbox = "julien.barre@orange.fr"
    julien = record("crm:1", 1, first_name="Julien", email=mailbox)
    first = record("web:acc-1", 2, first_name="Julien", email=mailbox, account="acc-1")
    second = record("web:acc-2", 3, email=mailbox, account="acc-2")
    assert grouped(run([julien, first, second])) == {frozenset({"crm:1", "web:acc-1"}), frozenset({"web:acc-2"})}
    card = record("loyalty:925000", 4, card="925000", account=["acc-1", "acc-2"])
    together = frozenset({"crm:1", "web:acc-1", "web:acc-2", "loyalty:925000"})
    assert grouped(run([julien, first, second, card])) == {together}


def test_other_evidence_names_the_person_behind_a_shared_mailbox(
    record: Record, run: Run, customer_of: CustomerOf
) -> None:
    couple = [
        record("crm:1", 1, first_name="Martin", email="mr.durand@orange.fr", phone="0612345678"),
        record("crm:2", 1, first_name="Martine", email="mr.durand@orange.fr", phone="0687654321"),
    ]
    by_phone = run([*couple, record("shop:email:mr.durand@orange.fr", 2, phone="0687654321")])
    assert customer_of(by_phone, "shop:email:mr.durand@orange.fr") == customer_of(by_phone, "crm:2")
    by_both = run([*couple, record("shop:email:mr.durand@orange.fr", 2, phone=["0687654321", "0612345678"])])
    assert customer_of(by_both, "shop:email:mr.durand@orange.fr") is None


def test_a_household_guest_order_with_two_cards_does_not_join_the_couple(
    record: Record, run: Run, customer_of: CustomerOf
) -> None:
    result = run(
        [
            record("loyalty:9250000000017", 1, first_name="Martin", card="9250000000017"),
            record("loyalty:9250000000024", 1, first_name="Martine", card="9250000000024"),
            record("shop:email:mr.durand@orange.fr", 2, card=["9250000000017", "9250000000024"]),
        ]
    )
    assert customer_of(result, "loyalty:9250000000017") != customer_of(result, "loyalty:9250000000024")


def test_nicknames_typing_errors_and_maiden_names_stay_one_person(record: Record, run: Run, grouped: Grouped) -> None:
    result = run(
        [
            record("crm:1", 1, first_name="Stéphanie", last_name="Durand", email="s@orange.fr"),
            record("loyalty:9250000000017", 2, first_name="Steph", last_name="Petit", email="s@orange.fr"),
            record("support:3", 3, first_name="S.", email="s@orange.fr"),
            record("shop:acc-3", 4, first_name="STEPHANE", email="other@orange.fr"),
            record("crm:4", 5, first_name="Stephanei", email="s@orange.fr"),
        ]
    )
    assert frozenset({"crm:1", "loyalty:9250000000017", "support:3", "crm:4"}) in grouped(result)


def test_a_couples_phone_joins_each_one_apart_and_a_shared_house_nobody(
    record: Record, run: Run, grouped: Grouped
) -> None:
    phone = "0142345678"
    couple = [
        record("crm:1", 1, first_name="Anne", phone=phone),
        record("support:1", 2, first_name="Anne", phone=phone),
        record("crm:2", 1, first_name="Paul", phone=phone),
        record("support:2", 2, first_name="Paul", phone=phone),
        record("messaging:phone:+33142345678", 3),
    ]
    assert grouped(run(couple)) == {frozenset({"crm:1", "support:1"}), frozenset({"crm:2", "support:2"})}
    house = [*couple, record("crm:3", 1, first_name="Zoé", phone=phone)]
    people = [row for row in house if row["source_system"] != "messaging"]
    assert grouped(run(house)) == {frozenset({f"{row['source_system']}:{row['source_person_key']}"}) for row in people}


def test_father_and_son_of_one_name_are_told_apart_by_birth_date(record: Record, run: Run, grouped: Grouped) -> None:
    rows = [
        record("crm:1", 1, first_name="Jean", birth_date=dt.date(1950, 3, 4), email="jean@orange.fr"),
        record("crm:2", 1, first_name="Jean", birth_date=dt.date(1982, 9, 21), email="jean@orange.fr"),
    ]
    assert len(grouped(run(rows))) == 2


def test_a_card_joins_whatever_the_names_but_not_two_contacts_who_are_two_people(
    record: Record, run: Run, grouped: Grouped
) -> None:
    card = "9250000000017"
    anne = record("loyalty:" + card, 1, first_name="Anne", card=card)
    assert len(grouped(run([anne, record("crm:1", 2, first_name="Paul", card=card)]))) == 1
    two = run(
        [anne, record("crm:1", 2, first_name="Paul", card=card), record("crm:2", 2, first_name="Anne", card=card)]
    )
    assert grouped(two) == {frozenset({"loyalty:" + card, "crm:2"}), frozenset({"crm:1"})}
    assert two.report.refused_strong_joins == 1


def test_a_chain_of_keys_never_joins_two_people(record: Record, run: Run, grouped: Grouped) -> None:
    """The nameless guest order bears Anne's e-mail and the phone it was delivered to, Paul's: e-mail wins."""
    result = run(
        [
            record("crm:1", 1, first_name="Anne", email="anne@orange.fr"),
            record("shop:email:anne@orange.fr", 2, phone="0612345678"),
            record("crm:2", 1, first_name="Paul", phone="0612345678"),
            record("loyalty:9250000000017", 3, first_name="Paul", phone="0612345678"),
        ]
    )
    assert grouped(result) == {
        frozenset({"crm:1", "shop:email:anne@orange.fr"}),
        frozenset({"crm:2", "loyalty:9250000000017"}),
    }
    assert result.report.clusters_of_several_people == 1


def test_a_cluster_grown_too_large_loses_its_weakest_key(record: Record, run: Run, grouped: Grouped) -> None:
    rows = [record(f"support:{n}", 1, phone="0612345678", email=f"p{n // 2}@orange.fr") for n in range(6)]
    assert len(grouped(run(rows, max_cluster_records=6))) == 1
    result = run(rows, max_cluster_records=5)
    assert grouped(result) == {frozenset({f"support:{n}", f"support:{n + 1}"}) for n in (0, 2, 4)}
    assert (result.report.clusters_oversized, result.report.keys_refused) == (1, 1)


def test_placeholders_join_nobody(record: Record, run: Run, grouped: Grouped) -> None:
    rows = [record(f"crm:{n}", 1, email="noreply@boutique.fr", phone="0000000000") for n in range(3)]
    assert len(grouped(run([*rows, record("survey:email:noreply@boutique.fr", 1)]))) == 3


def test_linked_at_is_the_day_the_connection_became_known(record: Record, run: Run) -> None:
    """crm:1 (day 1) and support:9 (day 2) share nothing until shop:acc-1 (day 8) bears the keys of both."""
    result = run(
        [
            record("crm:1", 1, email="anne@orange.fr"),
            record("support:9", 2, phone="0612345678"),
            record("shop:acc-1", 8, email="anne@orange.fr", phone="0612345678"),
            record("survey:email:anne@orange.fr", 20),
        ]
    )
    days = {link["source_person_key"]: link["linked_at"].day for link in result.links.to_pylist()}
    assert days == {"1": 1, "9": 8, "acc-1": 8, "email:anne@orange.fr": 20}


def test_no_records_give_empty_tables(run: Run) -> None:
    result = run([])
    assert (result.links.num_rows, result.history.num_rows, result.report.customers) == (0, 0, 0)


def test_bad_input_is_named(record: Record, run: Run) -> None:
    with pytest.raises(ValueError, match=r"1 rows repeat a .* of crm"):
        run([record("crm:1", 1), record("crm:1", 2)])
    with pytest.raises(ValueError, match="column 'first_seen_date' is empty"):
        run([record("crm:1", 1) | {"first_seen_date": None}])
    with pytest.raises(ValueError, match="column 'emails' is missing"):
        identify(
            pa.table(
                {
                    "source_system": ["crm"],
                    "source_person_key": ["1"],
                    "first_seen_date": [dt.date(2026, 1, 1)],
                    "first_name": [None],
                    "last_name": [None],
                    "birth_date": [None],
                    "gender": [None],
                }
            ),
            Ledger.empty(),
            Identity.model_validate(LIMITS),
            country="FR",
            as_of=dt.date(2026, 1, 31),
        )


def test_another_id_key_is_refused_rather_than_renaming_everybody(
    record: Record, run: Run, remembered: Callable[..., Ledger]
) -> None:
    rows = [record("crm:1", 1), record("crm:2", 2)]
    ledger = remembered(None, run(rows))
    with pytest.raises(LedgerError, match="every customer_id would change"):
        run(rows, ledger, id_key="another key for tests")


# Nameless records with few keys, so that they collide; each is (day, e-mail number, phone number, card number).
small = st.none() | st.integers(0, 5)
worlds = st.lists(st.tuples(st.integers(1, 28), small, small, small), min_size=1, max_size=14)
named_worlds = st.lists(
    st.tuples(st.integers(1, 28), small, small, small, st.sampled_from(["", "Anne", "Paul", "A.", "Bob", "Robert"])),
    min_size=1,
    max_size=14,
)


def build(record: Record, world: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    rows = []
    for number, (day, email, phone, card, *name) in enumerate(world):
        said: dict[str, Any] = {}
        if email is not None:
            said["email"] = f"p{email}@orange.fr"
        if phone is not None:
            said["phone"] = f"061234567{phone}"
        if card is not None:
            said["card"] = f"925000000001{card}"
        said["first_name"] = (name or [None])[0] or None
        rows.append(record(f"{('crm', 'support', 'loyalty')[number % 3]}:{number}", day, **said))
    return rows


def by_brute_force(world: list[tuple[Any, ...]]) -> set[frozenset[int]]:
    """Oracle: merge any two sets of records that share a key, until nothing changes."""
    groups = [{number} for number in range(len(world))]
    keys = [{(kind, value) for kind, value in enumerate(row[1:4]) if value is not None} for row in world]
    merged = True
    while merged:
        merged = False
        for left in range(len(groups)):
            for right in range(left + 1, len(groups)):
                if any(keys[one] & keys[other] for one in groups[left] for other in groups[right]):
                    groups[left] |= groups.pop(right)
                    merged = True
                    break
            if merged:
                break
    return {frozenset(group) for group in groups}


@given(world=worlds)
@settings(max_examples=25, deadline=None)
def test_nameless_records_form_the_connected_components_of_their_keys(world: list[tuple[Any, ...]]) -> None:
    rows = build(make_record, world)
    result = resolve(rows)
    found: dict[str, set[int]] = {}
    for link in result.links.to_pylist():
        found.setdefault(link["customer_id"], set()).add(int(link["source_person_key"]))
    assert {frozenset(group) for group in found.values()} == by_brute_force(world)


@given(world=named_worlds, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_records_changes_nothing(world: list[tuple[Any, ...]], seed: int) -> None:
    rows = build(make_record, world)
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = resolve(rows), resolve(shuffled)
    assert one.links.equals(other.links)
    assert one.memory.normalised_keys.equals(other.memory.normalised_keys)
    assert one.new_ledger_rows.equals(other.new_ledger_rows)
    assert one.report == other.report


@given(world=named_worlds)
@settings(max_examples=25, deadline=None)
def test_no_weak_key_puts_two_clearly_different_people_in_one_customer(world: list[tuple[Any, ...]]) -> None:
    rows = [row | {"loyalty_cards": []} for row in build(make_record, world)]
    names: dict[str, set[str]] = {}
    by_key = {row["source_person_key"]: row["first_name"] for row in rows}
    for link in resolve(rows).links.to_pylist():
        names.setdefault(link["customer_id"], set()).add(by_key[link["source_person_key"]] or "")
    for found in names.values():
        assert not ({"Paul"} <= found and found & {"Anne", "A.", "Bob", "Robert"})
        assert not ({"Anne"} <= found and found & {"Bob", "Robert"})


@given(world=named_worlds, cut=st.integers(1, 28))
@settings(max_examples=25, deadline=None)
def test_nightly_runs_give_the_links_of_one_full_run_and_a_rerun_adds_nothing(
    world: list[tuple[Any, ...]], cut: int
) -> None:
    rows = build(make_record, world)
    first = resolve([row for row in rows if row["first_seen_date"].day <= cut])
    ledger = Ledger(first.new_ledger_rows, Ledger.empty().decisions)
    second = resolve(rows, ledger)
    assert second.links.equals(resolve(rows).links)
    after = Ledger(pa.concat_tables([ledger.rows, second.new_ledger_rows]), ledger.decisions)
    again = resolve(rows, after)
    assert again.new_ledger_rows.num_rows == 0
    assert again.history.equals(second.history)
    assert_every_rename_is_logged(first, second)


def assert_every_rename_is_logged(first: IdentityResult, second: IdentityResult) -> None:
    """An id that ends has a merged_into; an id alive has exactly one created."""
    ids_before = set(first.links["customer_id"].to_pylist())
    ids_now = set(second.links["customer_id"].to_pylist())
    events = second.history.to_pylist()
    created = [event["customer_id"] for event in events if event["event"] == "created"]
    assert len(created) == len(set(created))
    assert ids_now <= set(created)
    merged = {event["customer_id"]: event["other_customer_id"] for event in events if event["event"] == "merged_into"}
    linked_now = {(link["source_system"], link["source_person_key"]) for link in second.links.to_pylist()}
    still_linked = {
        link["customer_id"]
        for link in first.links.to_pylist()
        if (link["source_system"], link["source_person_key"]) in linked_now
    }
    for ended in (ids_before - ids_now) & still_linked:
        assert merged[ended] in ids_now


def make_record(name: str, day: int = 1, **said: Any) -> dict[str, Any]:
    """As the fixture `record`, for tests that hypothesis calls many times."""
    system, _, key = name.partition(":")
    columns = {"email": "emails", "phone": "phones", "card": "loyalty_cards"}
    row: dict[str, Any] = {"source_system": system, "source_person_key": key, "first_seen_date": dt.date(2026, 1, day)}
    for field, value in said.items():
        row[columns.get(field, field)] = [value] if field in columns else value
    return row


def resolve(rows: list[dict[str, Any]], ledger: Ledger | None = None) -> IdentityResult:
    texts = pa.list_(pa.string())
    columns = {
        "source_system": pa.string(),
        "source_person_key": pa.string(),
        "first_seen_date": pa.date32(),
        "first_name": pa.string(),
        "last_name": pa.string(),
        "birth_date": pa.date32(),
        "gender": pa.string(),
        "emails": texts,
        "phones": texts,
        "loyalty_cards": texts,
        "web_accounts": texts,
        "street": pa.string(),
        "postal_code": pa.string(),
        "city": pa.string(),
    }
    limits = Identity.model_validate(LIMITS)
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(columns.items())))
    return identify(table, ledger or Ledger.empty(), limits, country="FR", as_of=dt.date(2026, 1, 31))
