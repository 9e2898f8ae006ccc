"""What the match model adds to keys: it joins what resembles, and never two people, too many records or what a steward
set apart."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from dagster_project.identity import IdentityResult, Ledger, MatchModel, train_model
from dagster_project.identity.resolution import RECORD_COLUMNS
from dagster_project.settings import shipped_settings

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
Grouped = Callable[[IdentityResult], set[frozenset[str]]]

MODEL = MatchModel.load()
HOME = {"street": "12 rue des Lilas", "postal_code": "31000", "city": "Toulouse"}
BORN = {"birth_date": dt.date(1983, 4, 17)}


@pytest.fixture
def anne(record: Record) -> list[dict[str, Any]]:
    """Anne-Sophie Delorme in three systems that share no key: an e-mail in one, a phone and a card in the others."""
    said = {"last_name": "Delorme", **BORN}
    return [
        record("crm:1", 1, first_name="Anne-Sophie", email="asd@delorme.fr", **said, **HOME),
        record("shop:1", 2, first_name="Anne Sophie", phone="06 12 34 56 78", **said, **HOME),
        record("loyalty:1", 3, first_name="ANNE-SOPHIE", card="77", **said, **HOME),
    ]


def test_records_without_a_common_key_join_by_name_birth_date_and_place(
    anne: list[dict[str, Any]], run: Run, grouped: Grouped
) -> None:
    assert grouped(run(anne)) == {frozenset({"crm:1"}), frozenset({"shop:1"}), frozenset({"loyalty:1"})}
    result = run(anne, model=MODEL)
    assert grouped(result) == {frozenset({"crm:1", "shop:1", "loyalty:1"})}
    assert {link["match_method"] for link in result.links.to_pylist()} == {"probabilistic"}
    assert all(0.9 <= link["match_probability"] <= 1 for link in result.links.to_pylist())
    assert (result.report.joined_by_resemblance, result.report.resembling_refused) == (2, 0)


def test_what_a_record_shares_by_key_stays_its_evidence(anne: list[dict[str, Any]], record: Record, run: Run) -> None:
    """The mailing's recipient is Anne's by e-mail, and goes where Anne goes."""
    result = run([*anne, record("messaging:1", 4, email="asd@delorme.fr")], model=MODEL)
    method = {link["source_system"]: link["match_method"] for link in result.links.to_pylist()}
    assert method == {"crm": "email", "messaging": "email", "shop": "probabilistic", "loyalty": "probabilistic"}
    assert len(set(result.links["customer_id"].to_pylist())) == 1


def test_twins_and_couples_of_one_house_stay_two_people(record: Record, run: Run, grouped: Grouped) -> None:
    same = {"last_name": "Delorme", **HOME}
    rows = [
        record("crm:1", 1, first_name="Julie", email="julie@delorme.fr", **same, **BORN),
        record("shop:1", 2, first_name="Julien", phone="0612345678", **same, **BORN),
        record("loyalty:1", 3, first_name="Paul", card="1", **same, birth_date=dt.date(1980, 2, 3)),
        record("loyalty:2", 3, first_name="Marie", card="2", **same, birth_date=dt.date(1981, 9, 9)),
    ]
    assert len(grouped(run(rows, model=MODEL))) == 4


def test_no_chain_of_likenesses_joins_two_people(record: Record, run: Run, grouped: Grouped) -> None:
    """The shop's record without birth date resembles father and son; one of them may have it, never both."""
    same = {"first_name": "Jean", "last_name": "Delorme", **HOME}
    rows = [
        record("crm:1", 1, email="pere@delorme.fr", **same, birth_date=dt.date(1950, 2, 3)),
        record("shop:1", 2, phone="0612345678", **same),
        record("loyalty:1", 3, card="1", **same, birth_date=dt.date(1979, 11, 24)),
    ]
    groups = grouped(run(rows, model=MODEL))
    assert not any({"crm:1", "loyalty:1"} <= group for group in groups)


def test_a_steward_and_the_largest_cluster_are_heeded(
    anne: list[dict[str, Any]], run: Run, grouped: Grouped, remembered: Callable[..., Any]
) -> None:
    decisions = pa.Table.from_pylist(
        [
            {
                "decided_on": dt.date(2026, 1, 30), "action": "unlink", "source_system_a": "crm",
                "source_person_key_a": "1", "source_system_b": "shop", "source_person_key_b": "1",
                "reason": "two people",
            }
        ]
    )  # fmt: skip
    apart = grouped(run(anne, remembered(None, run(anne), decisions), model=MODEL))
    assert not any({"crm:1", "shop:1"} <= group for group in apart)
    assert any(len(group) == 2 for group in apart)
    assert max(map(len, grouped(run(anne, max_cluster_records=2, model=MODEL)))) == 2


def test_a_shared_mailbox_is_no_likeness(record: Record, run: Run, grouped: Grouped) -> None:
    """Two people of one first name behind the office's mailbox; without it little is left that they have in common."""
    rows = [
        record("crm:1", 1, first_name="Marie", last_name="Delorme", email="bureau@delorme-et-fils.fr"),
        record("shop:1", 2, first_name="Paul", last_name="Serrault", email="bureau@delorme-et-fils.fr"),
        record("support:1", 3, first_name="Marie", last_name="Kowalczyk", email="bureau@delorme-et-fils.fr"),
    ]
    assert all(len(group) == 1 for group in grouped(run(rows, model=MODEL)))


def test_the_order_of_records_changes_nothing_and_a_second_run_adds_nothing(
    anne: list[dict[str, Any]], run: Run, remembered: Callable[..., Any]
) -> None:
    first = run(anne, model=MODEL)
    shuffled = anne.copy()
    random.Random(3).shuffle(shuffled)
    assert run(shuffled, model=MODEL).links.equals(first.links)
    again = run(anne, remembered(None, first), model=MODEL)
    assert again.links.equals(first.links)
    assert again.new_ledger_rows.num_rows == 0


def test_a_model_of_the_warehouses_records_learns_from_names_and_not_from_shared_mailboxes(record: Record) -> None:
    """Without enough records the shipped model stands; the mailbox of two people is kept from the training."""
    rows = [
        record("crm:1", 1, first_name="Marie", last_name="Delorme", email="bureau@delorme-et-fils.fr"),
        record("shop:1", 2, first_name="Paul", last_name="Serrault", email="bureau@delorme-et-fils.fr"),
    ]
    table = pa.Table.from_pylist([dict.fromkeys(RECORD_COLUMNS) | row for row in rows])
    seen: list[pd.DataFrame] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagster_project.identity.resolution.train", lambda people, country: seen.append(people) or MODEL)
        assert train_model(table, Ledger.empty().decisions, shipped_settings().identity, country="FR") is MODEL
    (people,) = seen
    assert people["given_name"].tolist() == ["Marie", "Paul"]
    assert people["email"].isna().all()
