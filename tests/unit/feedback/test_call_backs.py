"""Which answers ask for a call, which of them are new, and what is told of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from dagster_project.feedback import call_backs, negative_answers, summary

AS_OF = dt.date(2026, 11, 1)


def answer(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "survey_response_id": id_, "customer_id": "c1", "survey": "csat", "is_answered": True, "score": 1,
        "responded_date": AS_OF, "channel": "web", "interaction_type": "delivery", "store_code": None,
    } | changes  # fmt: skip


def surveys(*rows: dict[str, Any]) -> pa.Table:
    types = {"score": pa.int64(), "responded_date": pa.date32(), "is_answered": pa.bool_()}
    names = list(answer(""))
    return pa.Table.from_pylist(list(rows), schema=pa.schema([(name, types.get(name, pa.string())) for name in names]))


def found(rows: pa.Table, released: pa.Table | None = None) -> dict[str, bool]:
    table = negative_answers(rows, released, as_of=AS_OF, days=14, max_score=2)
    return dict(zip(table["survey_response_id"].to_pylist(), table["is_new"].to_pylist(), strict=True))


def test_negative_is_a_low_score_of_a_known_customer_within_the_days() -> None:
    rows = surveys(
        answer("one"),
        answer("two", score=2),
        answer("so-so", score=3),
        answer("unanswered", is_answered=False, score=None, responded_date=None),
        answer("nps", survey="nps"),
        answer("nobody", customer_id="unknown"),
        # 1 November less 14 days is 18 October: the fourteen days are 19 October to 1 November.
        answer("first day", responded_date=dt.date(2026, 10, 19)),
        answer("too old", responded_date=dt.date(2026, 10, 18)),
        answer("not yet", responded_date=dt.date(2026, 11, 2)),
    )
    assert set(found(rows)) == {"one", "two", "first day"}


def test_new_is_what_the_release_before_did_not_hold_as_negative() -> None:
    rows = surveys(answer("known"), answer("worse"), answer("named"), answer("first"))
    released = surveys(answer("known"), answer("worse", score=4), answer("named", customer_id="unknown"))
    assert found(rows, released) == {"known": False, "worse": True, "named": True, "first": True}


def test_the_worst_and_latest_come_first() -> None:
    day = dt.date(2026, 10, 30)
    rows = surveys(answer("c", score=2), answer("b", responded_date=day), answer("a"))
    assert list(found(rows)) == ["a", "b", "c"]


def test_the_sentence_counts_what_is_new_and_names_nobody() -> None:
    rows = surveys(
        answer("a"),
        answer("b", customer_id="c2"),
        answer("c", channel="store", interaction_type="sales"),
        answer("old", customer_id="c9"),
    )
    table = negative_answers(rows, surveys(answer("old")), as_of=AS_OF, days=14, max_score=2)
    assert summary(table) == (
        "3 new negative answers of 2 known customers (web delivery 2, store sales 1): "
        "directory/contacts_to_call_back.csv says whom to call"
    )
    assert summary(table.filter(pa.array([not new for new in table["is_new"].to_pylist()]))) == ""


def test_each_answer_comes_with_how_to_reach_the_customer() -> None:
    names = ["customer_id", "first_name", "last_name", "phone", "email", "language"]
    golden = pa.table(
        dict(
            zip(
                names, [["c1", "c3"], ["Ana", "Bo"], ["Roy", None], ["+331", None], [None] * 2, ["fr"] * 2], strict=True
            )
        )
    )
    table = negative_answers(
        surveys(answer("a"), answer("b", score=2), answer("c", score=2, customer_id="c2")),
        None, as_of=AS_OF, days=14, max_score=2,
    )  # fmt: skip
    rows = call_backs(table, golden).to_pylist()
    assert [(row["customer_id"], row["first_name"], row["phone"], row["score"]) for row in rows] == [
        ("c1", "Ana", "+331", 1),
        ("c1", "Ana", "+331", 2),
        ("c2", None, None, 2),
    ]
    assert "survey_response_id" not in rows[0]
