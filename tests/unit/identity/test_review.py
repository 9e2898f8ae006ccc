"""The review queue: which pairs of customers are asked about, in which order, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dagster_project.identity import IdentityResult, Ledger, MatchModel, decide
from dagster_project.identity.ids import customer_id
from dagster_project.identity.review import REVENUE_SCHEMA, cases, review_queue, undecided

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
QueueOf = Callable[..., pa.Table]
Review = Callable[..., list[dict[str, Any]]]

MODEL = MatchModel.load()
HOME = {"postal_code": "31000", "city": "Toulouse"}
# Names without a birth date: likely one person each, not likely enough for a join.
REMI = {"first_name": "Rémi", "last_name": "Lambert", **HOME}
ANNE = {"first_name": "Anne", "last_name": "Martin", **HOME}
BORN = {"birth_date": dt.date(1983, 4, 17)}


@pytest.fixture
def rows(record: Record) -> list[dict[str, Any]]:
    return [
        record("crm:1", 1, email="remi@orange.fr", **REMI),
        record("survey:email:remi@orange.fr", 2, email="remi@orange.fr"),
        record("support:7", 3, **REMI),
        record("support:8", 4, **ANNE),
        record("crm:2", 5, **ANNE),
        record("crm:3", 6, first_name="Luc", last_name="Petit"),
    ]


def earned(**amounts: str) -> pa.Table:
    """crm_1="10.50": net revenue of the record crm:1."""
    said = [(*name.split("_"), Decimal(amount)) for name, amount in amounts.items()]
    return pa.Table.from_pylist([dict(zip(REVENUE_SCHEMA.names, row, strict=True)) for row in said], REVENUE_SCHEMA)


@pytest.fixture
def queue_of(run: Run, as_table: Callable[[list[dict[str, Any]]], pa.Table]) -> QueueOf:
    def call(
        rows: list[dict[str, Any]], revenue: pa.Table | None = None, review_from: float = 0.5, **more: Any
    ) -> pa.Table:
        result = run(rows, model=MODEL, review_from=review_from, **more)
        return review_queue(
            result.memory.scored_pairs,
            result.links,
            as_table(rows),
            more.get("ledger", Ledger.empty()).decisions,
            revenue,
            review_from=review_from,
            joins_from=MODEL.thresholds.keyed,
        )

    return call


@pytest.fixture
def review(queue_of: QueueOf) -> Callable[..., list[dict[str, Any]]]:
    return lambda rows, revenue=None, **more: queue_of(rows, revenue, **more).to_pylist()


def records(row: dict[str, Any]) -> tuple[str, str]:
    one, other = (f"{row[f'source_system_{side}']}:{row[f'source_person_key_{side}']}" for side in "ab")
    return one, other


def test_uncertain_pairs_are_listed_by_what_is_at_stake(review: Review, rows: list[dict[str, Any]]) -> None:
    """Rémi's smaller side earned 20, Anne's 100: at nearly equal odds hers comes first."""
    revenue = earned(crm_1="500", support_7="20", support_8="100.50", crm_2="100")
    anne, remi = review(rows, revenue)
    assert (records(anne), records(remi)) == (("support:8", "crm:2"), ("crm:1", "support:7"))
    assert remi["customer_id_a"] == customer_id("a key for tests", "crm", "1")
    assert (remi["records_a"], remi["records_b"], remi["why"]) == (2, 1, "below_threshold")
    assert (remi["net_revenue_a"], remi["net_revenue_b"]) == (Decimal(500), Decimal(20))
    assert 0.5 <= remi["probability"] < MODEL.thresholds.keyed
    assert float(remi["value_at_stake"]) == pytest.approx(20 * remi["probability"], abs=0.005)
    assert float(anne["value_at_stake"]) == pytest.approx(100 * anne["probability"], abs=0.005)
    swapped = review(rows, earned(crm_1="500", support_7="200", support_8="100", crm_2="-5"))
    assert [records(row) for row in swapped] == [records(remi), records(anne)]
    assert swapped[1]["value_at_stake"] == 0


def test_without_model_there_is_no_queue_and_without_revenue_the_likeliest_come_first(
    run: Run, review: Review, rows: list[dict[str, Any]]
) -> None:
    assert run(rows).memory.scored_pairs.num_rows == 0
    assert run(rows, model=MODEL).report.joined_by_resemblance == 0
    likely = [row["probability"] for row in review(rows)]
    assert len(likely) == 2
    assert likely == sorted(likely, reverse=True)


def test_the_setting_moves_the_lower_end_only(run: Run, review: Review, rows: list[dict[str, Any]]) -> None:
    links = run(rows, model=MODEL).links
    for least in (0.001, 0.5, 1.0):
        assert run(rows, model=MODEL, review_from=least).links.equals(links)
        assert all(row["probability"] >= least for row in review(rows, review_from=least))
    # Luc is somebody else at any odds worth a look; nobody is this certain without being joined.
    assert len(review(rows, review_from=1.0)) == 0
    vague = [*rows, {**rows[0], "source_system": "web", "source_person_key": "v", "emails": None, "city": None}]
    assert len(review(vague, review_from=0.001)) >= len(review(vague))


def test_a_likely_join_that_is_refused_is_asked_about_with_the_reason(review: Review, record: Record) -> None:
    anne = {**ANNE, **BORN, "street": "12 rue des Lilas"}
    contradicting = [
        record("crm:1", 1, card="9250000000017", gender="female", **anne),
        record("loyalty:9250000000017", 2, card="9250000000017", first_name="Anne", birth_date=dt.date(1951, 11, 2)),
        record("support:7", 3, **anne),
    ]
    (row,) = review(contradicting)
    assert (row["why"], records(row)) == ("contradiction", ("crm:1", "support:7"))
    assert row["probability"] >= MODEL.thresholds.keyed
    large = [record("crm:1", 1, **anne), record("support:7", 3, **anne)]
    large += [record(f"pos:{number}", 4, card="9250000000017") for number in range(3)]
    large[0]["loyalty_cards"] = ["9250000000017"]
    (row,) = review(large, max_cluster_records=4)
    assert (row["why"], row["records_a"]) == ("too_large", 4)


def test_what_a_steward_decided_is_not_asked_again(
    review: Review, queue_of: QueueOf, rows: list[dict[str, Any]]
) -> None:
    day = dt.date(2026, 1, 20)
    # Of Rémi's customer another record was set apart: the customers are, all the same.
    apart = decide("unlink", [("survey", "email:remi@orange.fr")], [("support", "7")], day, "")
    joined = decide("link", [("support", "8")], [("crm", "2")], day, "")
    assert [records(row) for row in review(rows, ledger=Ledger(Ledger.empty().rows, apart))] == [("support:8", "crm:2")]
    assert review(rows, ledger=Ledger(Ledger.empty().rows, pa.concat_tables([apart, joined]))) == []
    queue = queue_of(rows)
    assert [records(row) for row in undecided(queue, joined).to_pylist()] == [("crm:1", "support:7")]
    assert undecided(queue, joined.slice(0, 0)).equals(queue)


def test_a_case_names_the_records_and_the_evidence_and_its_reason_names_nobody(
    run: Run, queue_of: QueueOf, rows: list[dict[str, Any]]
) -> None:
    queue = queue_of(rows, earned(crm_1="1234.5"))
    of_remi = queue.filter(pc.equal(queue["source_person_key_a"], "1"))
    keys = run(rows, model=MODEL).memory.normalised_keys
    empty = dict.fromkeys(("street", "birth_date", "postal_code", "city", "first_name", "last_name"))
    table = pa.Table.from_pylist([empty | row for row in rows])
    (case,) = cases(of_remi, table, keys, MODEL, "FR", "EUR")
    assert case.records == (("crm", "1"), ("support", "7"))
    remi = customer_id("a key for tests", "crm", "1")
    assert case.sides[0] == f"{remi} (2 records, 1,234.50 EUR)  crm 1: Rémi Lambert, remi@orange.fr, 31000 Toulouse"
    assert case.why == f"probability {of_remi['probability'][0].as_py():.3f}, less than the 0.9 that joins"
    assert "the same surname (" in case.evidence
    assert case.reason == f"{case.why}: {case.evidence}"
    assert not any(said in case.reason for said in ("Rémi", "Lambert", "31000", "orange"))
