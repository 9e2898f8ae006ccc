"""A customer told to a person: found by whatever they bear, with the reasons in words and the numbers of the model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dagster_project.identity import IdentityResult, MatchModel
from dagster_project.identity.dossier import dossier, find
from dagster_project.identity.explanation import Finding, compare

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]

MODEL = MatchModel.load()
MAILBOX = "famille.roux@example.fr"
CARD = "9250293487793"


@pytest.fixture
def tables(record: Record, run: Run) -> dict[str, pd.DataFrame]:
    """Anne, known to three systems: a card joins two of them, likeness the third; she shares a mailbox with Luc."""
    anne = {"last_name": "Roux", "birth_date": dt.date(1983, 4, 17), "postal_code": "31000", "city": "Toulouse"}
    rows = [
        record("crm:1", 1, first_name="Anne-Sophie", email=MAILBOX, card=CARD, **anne),
        record(f"loyalty:{CARD}", 2, first_name="Anne Sophie", card=CARD, phone="0612345678", **anne),
        record("support:7", 3, first_name="ANNE-SOPHIE", email="asroux@example.fr", **anne),
        record("crm:2", 4, first_name="Luc", last_name="Roux", email=MAILBOX, birth_date=dt.date(1980, 1, 2)),
    ]
    result = run(rows, model=MODEL)
    empty = dict.fromkeys(("street", "postal_code", "city", "birth_date", "first_name", "last_name"))
    golden = result.links.to_pandas()[["customer_id"]].drop_duplicates()
    golden = golden.assign(last_name="Roux", first_name="Anne", email=None, region="Occitanie", loyalty_tier=None)
    said = {
        "source_system": "crm",
        "source_person_key": "1",
        "said_at": pd.Timestamp("2026-03-30"),
        "rule": "most_trusted",
    }
    values = [{"field": "first_name", "value": "Anne"} | said, {"field": "last_name", "value": "Roux"} | said]
    return {
        "customer_sources": result.links.to_pandas(),
        "link_evidence": result.evidence.to_pandas(),
        "normalised_keys": result.memory.normalised_keys.to_pandas(),
        "customer_history": result.history.to_pandas(),
        "customer_records": pd.DataFrame([empty | row for row in rows]),
        "customers": golden,
        "customer_values": pd.DataFrame(values).merge(golden[["customer_id"]], how="cross"),
    }


def test_a_customer_is_found_by_id_key_and_every_spelling_of_what_they_bear(tables: dict[str, pd.DataFrame]) -> None:
    (anne,) = find(CARD, tables, "FR")
    for who in (anne, "06.12.34.56.78", "+33612345678", "ASRoux@example.fr", "7"):
        assert find(who, tables, "FR") == [anne], who
    both = find(MAILBOX, tables, "FR")
    assert len(both) == 2
    assert anne in both
    assert find("nobody@example.fr", tables, "FR") == []


def test_a_former_id_leads_to_the_customer_it_was_merged_into(tables: dict[str, pd.DataFrame]) -> None:
    (anne,) = find(CARD, tables, "FR")
    merged = [
        {
            "event_id": "7-1",
            "customer_id": one,
            "event": "merged_into",
            "other_customer_id": other,
            "at": dt.date(2026, 1, 5),
            "reason": "r",
        }
        for one, other in (("c_old", "c_older"), ("c_older", anne))
    ]
    tables["customer_history"] = pd.concat([tables["customer_history"], pd.DataFrame(merged)])
    assert find("c_old", tables, "FR") == [anne]
    assert f"2026-01-05: c_older was merged into {anne} (r) [event 7-1]" in dossier(anne, tables, MODEL, "FR").history


def test_the_reasons_name_the_card_and_the_likeness_but_not_the_shared_mailbox(tables: dict[str, pd.DataFrame]) -> None:
    (anne,) = find(CARD, tables, "FR")
    told = dossier(anne, tables, MODEL, "FR")
    assert told.records["source_person_key"].tolist() == ["1", CARD, "7"]
    assert told.values[["field", "value", "source_system"]].to_numpy().tolist() == [
        ["last_name", "Roux", "crm"],
        ["first_name", "Anne", "crm"],
    ]
    assert told.golden == {"region": "Occitanie"}
    card, likeness = told.reasons
    assert card == f"The loyalty card {CARD} is on 2 records: crm 1, loyalty {CARD}."
    assert "support 7" in likeness
    assert "the same birth date" in likeness
    assert "e-mail" not in likeness.replace("another e-mail", "")
    assert told.cautions == [f"The e-mail {MAILBOX} is shared by several people, or looks it: it joined nobody."]
    with pytest.raises(KeyError):
        dossier("c_unknown", tables, MODEL, "FR")


def test_factors_are_the_models_own() -> None:
    """The product of the factors is the evidence: weights of the model's levels, the surname's by its frequency."""
    one = {"given_name": "Jean", "surname": "Martin", "birth_date": "1983-04-17"}
    findings = {finding.text: finding.factor for finding in compare(one, one | {"birth_date": "1951-11-02"}, MODEL)}
    m, u = MODEL.levels["birth"]["other"]
    assert findings["another birth date"] == pytest.approx(m / u)
    m, _ = MODEL.levels["surname"]["same"]
    assert findings["the same surname"] == pytest.approx(m / MODEL.frequencies["surname"].shares["martin"])
    assert set(findings) == {"another birth date", "the same surname", "the same first name"}


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1234.0, "1,200 times as likely"),
        (46.2, "46 times as likely"),
        (9.31, "9.3 times as likely"),
        (1.0, "1 times as likely"),
        (0.25, "4 times less likely"),
        (1 / 29.4, "29 times less likely"),
    ],
)
def test_numbers_are_said_to_two_digits(factor: float, said: str) -> None:
    assert str(Finding("x", factor)) == f"x ({said})"
