"""Precision and recall of a clustering: hand-worked values, and brute force over all pairs."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity import evaluate
from dagster_project.identity.evaluation import EvaluationError


def frames(rows: list[tuple[str | None, str | None, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(customer, person, kind) per record, as `assigned` and `truth`."""
    names = [f"r{number}" for number in range(len(rows))]
    customers, persons, kinds = zip(*rows, strict=True)
    assigned = pd.DataFrame({"record_id": names, "customer_id": customers})
    return assigned.iloc[::-1], pd.DataFrame({"record_id": names, "person_id": persons, "kind": kinds})


def test_a_worked_example() -> None:
    """Anne's three records are c1, c1, c2; Bea's two are c1 and alone. Made: 3 pairs in c1, 1 of them Anne's. Due: 3 of
    Anne, 1 of Bea. B-cubed precision (2/3 + 2/3 + 1 + 1/3 + 1) / 5, recall (2/3 + 2/3 + 1/3 + 1/2 + 1/2) / 5."""
    result = evaluate(
        *frames(
            [
                ("c1", "anne", "exact"), ("c1", "anne", "typo"), ("c2", "anne", "typo"), ("c1", "bea", "exact"),
                (None, "bea", "exact"),
            ]
        )
    )  # fmt: skip
    assert (result.records, result.alone, result.people, result.customers) == (5, 1, 2, 3)
    assert (result.pairwise.precision, result.pairwise.recall) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert result.pairwise.f1 == pytest.approx(2 / 7)
    assert result.b_cubed.precision == pytest.approx(float(Fraction(11, 15)))
    assert result.b_cubed.recall == pytest.approx(float(Fraction(8, 15)))
    # Typos: the second record has one right neighbour of two made and two due, the third none of none and two.
    exact, typo = result.kinds.itertuples(index=False)
    assert tuple(exact) == ("exact", 3, pytest.approx(1 / 4), pytest.approx(1 / 4))
    assert tuple(typo) == ("typo", 2, pytest.approx(1 / 2), pytest.approx(1 / 4))


def test_records_of_no_one_person_make_no_pairs_and_are_counted_by_whom_they_join() -> None:
    result = evaluate(
        *frames(
            [
                ("c1", "anne", "exact"), ("c1", None, "shared_mailbox"), ("c2", None, "shared_mailbox"),
                ("c3", "anne", "exact"), ("c3", "bea", "exact"), ("c3", None, "shared_mailbox"),
                (None, None, "shared_device"),
            ]
        )
    )  # fmt: skip
    assert result.nobodys.to_dict("records") == [
        {"kind": "shared_device", "records": 1, "one_person": 0, "several_people": 0},
        {"kind": "shared_mailbox", "records": 3, "one_person": 1, "several_people": 1},
    ]
    assert (result.records, result.people) == (7, 2)
    assert (result.pairwise.precision, result.pairwise.recall) == (0, 0)


WORLDS = st.lists(
    st.tuples(st.sampled_from(["c1", "c2", "c3", None]), st.sampled_from(["anne", "bea", "carl"]), st.just("x")),
    min_size=1,
    max_size=9,
)


@settings(max_examples=200, deadline=None)
@given(world=WORLDS)
def test_scores_equal_brute_force_over_pairs_and_records(world: list[tuple[str | None, str | None, str]]) -> None:
    result = evaluate(*frames(world))
    pairs = [
        (one[0] is not None and one[0] == other[0], one[1] == other[1])
        for one, other in itertools.combinations(world, 2)
    ]
    right = sum(made and due for made, due in pairs)
    for score, total in (
        (result.pairwise.precision, sum(made for made, _ in pairs)),
        (result.pairwise.recall, sum(due for _, due in pairs)),
    ):
        assert score == pytest.approx(right / total) if total else pd.isna(score)
    shares = []
    for number, (customer, person, _) in enumerate(world):
        mine = {n for n, row in enumerate(world) if n == number or (customer is not None and row[0] == customer)}
        theirs = {n for n, row in enumerate(world) if row[1] == person}
        shares.append((len(mine & theirs) / len(mine), len(mine & theirs) / len(theirs)))
    assert result.b_cubed.precision == pytest.approx(sum(share for share, _ in shares) / len(shares))
    assert result.b_cubed.recall == pytest.approx(sum(share for _, share in shares) / len(shares))


@pytest.mark.parametrize(
    ("assigned", "truth", "message"),
    [
        ({"record_id": ["a"]}, {"record_id": ["a"], "person_id": ["p"]}, "assigned: column 'customer_id' is missing"),
        ({"record_id": ["a"], "customer_id": ["c"]}, {"record_id": ["a"]}, "truth: column 'person_id' is missing"),
        (
            {"record_id": ["a", "a"], "customer_id": ["c", "c"]},
            {"record_id": ["a"], "person_id": ["p"]},
            "assigned: record_id 'a' is repeated",
        ),
        (
            {"record_id": ["a"], "customer_id": ["c"]},
            {"record_id": ["b"], "person_id": ["p"]},
            "no record_id in common",
        ),
    ],
)
def test_frames_that_cannot_be_compared_are_named(assigned: dict, truth: dict, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(pd.DataFrame(assigned), pd.DataFrame(truth))
