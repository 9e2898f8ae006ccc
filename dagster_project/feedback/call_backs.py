"""Negative answers to satisfaction surveys (CSAT, 1 to 5) of customers who are known, and whom to call back for them.

Judged by the days of the answers and of the run: no clock is read. Calling back a customer about their own complaint is
service and needs no consent to marketing; what else is said on the phone does. Who may see names is not decided here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

NEGATIVE_ANSWERS = pa.schema(
    [
        ("survey_response_id", pa.string()),
        ("customer_id", pa.string()),
        ("responded_date", pa.date32()),
        ("score", pa.int64()),
        ("channel", pa.string()),
        ("interaction_type", pa.string()),
        ("store_code", pa.string()),
        ("is_new", pa.bool_()),
    ]
)
_CONTACT = ("customer_id", "first_name", "last_name", "phone", "email", "language")


def negative_answers(
    responses: pa.Table, released: pa.Table | None, *, as_of: dt.date, days: int, max_score: int
) -> pa.Table:
    """One row per answer of at most `max_score` that a known customer gave in the `days` days up to `as_of`, the worst
    and latest first. `responses` has the columns of marts.fct_survey_responses, `released` those of the release before;
    `is_new`: it did not hold this answer as a negative one of a known customer.
    """
    found = _negative(responses, max_score)
    since = pa.scalar(as_of - dt.timedelta(days=days), pa.date32())
    day = found["responded_date"]
    found = found.filter(pc.and_(pc.greater(day, since), pc.less_equal(day, pa.scalar(as_of, pa.date32()))))
    before = pa.array([], pa.string())
    if released is not None:
        before = _negative(released, max_score)["survey_response_id"].combine_chunks()
    found = found.append_column("is_new", pc.invert(pc.is_in(found["survey_response_id"], value_set=before)))
    order = [("score", "ascending"), ("responded_date", "descending"), ("survey_response_id", "ascending")]
    return found.select(NEGATIVE_ANSWERS.names).cast(NEGATIVE_ANSWERS).sort_by(order)


def summary(answers: pa.Table) -> str:
    """What is new, in a sentence without a customer: how many, and where. Empty when nothing is."""
    new = answers.filter(answers["is_new"])
    if not new.num_rows:
        return ""
    moments = Counter(zip(new["channel"].to_pylist(), new["interaction_type"].to_pylist(), strict=True))
    shown = ", ".join(f"{channel} {moment} {count}" for (channel, moment), count in moments.most_common())
    one, customers = new.num_rows == 1, len(new["customer_id"].unique())
    return (
        f"{new.num_rows} new negative answer{'' if one else 's'} of {customers} known customer"
        f"{'' if customers == 1 else 's'} ({shown}): directory/contacts_to_call_back.csv says whom to call"
    )


def call_backs(answers: pa.Table, golden: pa.Table) -> pa.Table:
    """One row per negative answer with how to reach the customer, in the order of `answers`. Personal."""
    contacts = golden.select(list(_CONTACT))
    contacts = contacts.filter(pc.is_in(contacts["customer_id"], value_set=answers["customer_id"].combine_chunks()))
    by_customer = {row["customer_id"]: row for row in contacts.to_pylist()}
    nobody = dict.fromkeys(_CONTACT)
    rows = [
        nobody
        | by_customer.get(answer["customer_id"], {})
        | {name: answer[name] for name in NEGATIVE_ANSWERS.names if name != "survey_response_id"}
        for answer in answers.to_pylist()
    ]
    columns = [(name, pa.string()) for name in _CONTACT]
    columns += [
        (field.name, field.type)
        for field in NEGATIVE_ANSWERS
        if field.name not in ("survey_response_id", "customer_id")
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def _negative(responses: pa.Table, max_score: int) -> pa.Table:
    is_negative = pc.and_(
        pc.and_(pc.equal(responses["survey"], "csat"), responses["is_answered"]),
        pc.and_(pc.less_equal(responses["score"], max_score), pc.not_equal(responses["customer_id"], "unknown")),
    )
    return responses.filter(is_negative)
