"""What a steward should look at: pairs of customers that may be one person, the most valuable first, and the evidence
told in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity.decisions import HOLDS, Record, pair, weigh
from dagster_project.identity.dossier import RECORD, person
from dagster_project.identity.explanation import compare
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.people import clearly_different
from dagster_project.identity.resolution import read_people
from dagster_project.identity.scratch import open_scratch

BELOW_THRESHOLD, CONTRADICTION, TOO_LARGE = "below_threshold", "contradiction", "too_large"
_WHY = {
    BELOW_THRESHOLD: "less than the {} that joins",
    CONTRADICTION: "but a first name or birth date contradicts",
    TOO_LARGE: "but the two have too many records for one person",
}
_MONEY = pa.decimal128(18, 2)
_CENT = Decimal("0.01")

# One row per pair of customers, the most valuable first: `a` is the elder, whose id a join would keep. The two records
# are the likeliest pair of theirs, `probability` what the match model says of it, `why` they are not one. `net_revenue`
# is each customer's, in reporting currency without VAT; `value_at_stake` what a missed join is expected to book under
# the wrong customer: the probability times the smaller revenue of the two, 0 when that is negative.
REVIEW_SCHEMA = pa.schema(
    [
        pa.field("customer_id_a", pa.string(), nullable=False),
        pa.field("customer_id_b", pa.string(), nullable=False),
        pa.field("source_system_a", pa.string(), nullable=False),
        pa.field("source_person_key_a", pa.string(), nullable=False),
        pa.field("source_system_b", pa.string(), nullable=False),
        pa.field("source_person_key_b", pa.string(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("records_a", pa.int64(), nullable=False),
        pa.field("records_b", pa.int64(), nullable=False),
        pa.field("net_revenue_a", _MONEY, nullable=False),
        pa.field("net_revenue_b", _MONEY, nullable=False),
        pa.field("value_at_stake", _MONEY, nullable=False),
    ]
)
REVENUE_SCHEMA = pa.schema(
    [
        pa.field("source_system", pa.string()),
        pa.field("source_person_key", pa.string()),
        pa.field("net_revenue", pa.decimal128(38, 4)),
    ]
)


def review_queue(
    pairs: pa.Table,
    links: pa.Table,
    records: pa.Table,
    decisions: pa.Table,
    revenue: pa.Table | None = None,
    *,
    review_from: float,
    joins_from: float,
) -> pa.Table:
    """The pairs of customers to look at, REVIEW_SCHEMA.

    `pairs`: all scored pairs (PAIRS_SCHEMA), of which those with a probability of `review_from` or more count; from
    `joins_from` on, likeness joins. `links` and `records`: all of them, as `identify` gives and takes them. `revenue`
    (REVENUE_SCHEMA): that of some records. Pairs that a steward decided on are left out, and those that are both
    unlikely and contradictory: there is nothing uncertain in them.
    """
    asked, members = _asked(pairs.filter(pc.greater_equal(pairs["probability"], review_from)), links, records)
    customers = members["customer_id"].to_numpy()
    people = read_people(members)
    spoken = _profiles(customers, people.profile)
    size = dict(zip(*np.unique(customers.astype(str), return_counts=True), strict=True))
    earned = _earned(members, REVENUE_SCHEMA.empty_table() if revenue is None else revenue.cast(REVENUE_SCHEMA))
    decided = _decided(decisions, members)
    rows = []
    for row in asked.to_pylist():
        one, other, probability = row["customer_id_a"], row["customer_id_b"], row["probability"]
        if frozenset((one, other)) in decided:
            continue
        contradict = any(
            clearly_different(people.profiles[ours], people.profiles[theirs])
            for ours in spoken.get(one, ())
            for theirs in spoken.get(other, ())
        )
        if probability < joins_from and contradict:
            continue
        why = BELOW_THRESHOLD if probability < joins_from else CONTRADICTION if contradict else TOO_LARGE
        revenues = [earned.get(customer, Decimal(0)).quantize(_CENT) for customer in (one, other)]
        stake = max(min(revenues), Decimal(0)) * Decimal(str(probability))
        found = {"why": why, "records_a": int(size[one]), "records_b": int(size[other])}
        worth = dict(
            zip(("net_revenue_a", "net_revenue_b", "value_at_stake"), (*revenues, stake.quantize(_CENT)), strict=True)
        )
        rows.append(row | found | worth)
    return pa.Table.from_pylist(rows, schema=REVIEW_SCHEMA).sort_by(
        [("value_at_stake", "descending"), ("probability", "descending")]
        + [(name, "ascending") for name in REVIEW_SCHEMA.names[:2]]
    )


def _asked(pairs: pa.Table, links: pa.Table, records: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The likeliest pair of records of each two customers, the elder customer's first, and the records of all these
    customers, eldest first, with their customer_id."""
    with closing(open_scratch()) as connection:
        for name, table in (("pairs", pairs), ("links", links.select([*RECORD, "customer_id"])), ("records", records)):
            connection.register(f"given_{name}", table)
            # Of an Arrow table DuckDB knows no size, and joined all links with all links before it met the pairs.
            connection.execute(f"create table {name} as from given_{name}").fetchall()
        connection.execute(
            """
            create table apart as
            select pairs.*, a.customer_id as of_a, b.customer_id as of_b
            from pairs
            inner join links as a
                on a.source_system = source_system_a and a.source_person_key = source_person_key_a
            inner join links as b
                on b.source_system = source_system_b and b.source_person_key = source_person_key_b
            where of_a <> of_b;
            create table members as
            select records.*, customer_id, row_number() over birth as place
            from records
            inner join links using (source_system, source_person_key)
            semi join (select of_a as customer_id from apart union all select of_b from apart) using (customer_id)
            window birth as (order by first_seen_date, source_system, source_person_key);
            """
        ).fetchall()
        asked = connection.execute(
            """
            with
            births as (select customer_id, min(place) as birth from members group by customer_id),
            sides as (
                from apart
                union all by name
                select
                    of_b as of_a,
                    of_a as of_b,
                    source_system_b as source_system_a,
                    source_person_key_b as source_person_key_a,
                    source_system_a as source_system_b,
                    source_person_key_a as source_person_key_b,
                    probability
                from apart
            )
            select sides.* rename (of_a as customer_id_a, of_b as customer_id_b)
            from sides
            inner join births as a on a.customer_id = of_a
            inner join births as b on b.customer_id = of_b
            where a.birth < b.birth
            qualify row_number() over (
                partition by of_a, of_b
                order by probability desc, source_system_a, source_person_key_a, source_system_b, source_person_key_b
            ) = 1
            """
        ).to_arrow_table()
        members = connection.execute("select * exclude (place) from members order by place").to_arrow_table()
    return asked, members


def _decided(decisions: pa.Table, members: pa.Table) -> set[frozenset[str]]:
    """The pairs of customers that a decision in force keeps apart."""
    customer = dict(
        zip(
            zip(*(members[name].to_pylist() for name in RECORD), strict=True),
            members["customer_id"].to_pylist(),
            strict=True,
        )
    )
    held = zip(decisions.to_pylist(), weigh(decisions).state, strict=True)
    apart = (pair(row) for row, state in held if state == HOLDS and row["action"] == "unlink")
    return {frozenset((customer.get(one, ""), customer.get(other, ""))) for one, other in apart}


def undecided(queue: pa.Table, decisions: pa.Table) -> pa.Table:
    """The rows of the queue whose records no decision in force names; those taken since the queue was written count."""
    held = zip(decisions.to_pylist(), weigh(decisions).state, strict=True)
    decided = {frozenset(pair(row)) for row, state in held if state == HOLDS}
    return queue.filter(pa.array([frozenset(pair(row)) not in decided for row in queue.to_pylist()], pa.bool_()))


@dataclass(frozen=True)
class Case:
    """A row of the queue told to a person. `records`: the two asked about; `sides`: each with its customer and what it
    says; `why` they are not one customer; `evidence`: what the match model finds in them, the weightiest first."""

    row: Mapping[str, Any]
    records: tuple[Record, Record]
    sides: tuple[str, str]
    why: str
    evidence: str

    @property
    def reason(self) -> str:
        """Why and evidence in one line, without a word that the records hold."""
        return f"{self.why}: {self.evidence}"


def cases(
    queue: pa.Table, records: pa.Table, keys: pa.Table, model: MatchModel, country: str, currency: str
) -> Iterator[Case]:
    """The rows of `queue`, each with its evidence; `records` and `keys` as the customer directory holds them
    (customer_records, normalised_keys)."""
    asked = {record for row in queue.to_pylist() for record in pair(row)}
    by_name = {(row["source_system"], row["source_person_key"]): row for row in _of(records, asked).to_pylist()}
    borne = _of(keys.filter(pc.invert(keys["is_shared"])), asked).to_pandas()
    for row in queue.to_pylist():
        one, other = (person(by_name[record], borne) for record in pair(row))
        found = compare(one, other, model, country=country)
        yield Case(
            row,
            pair(row),
            (_side(row, "a", one, currency), _side(row, "b", other, currency)),
            f"probability {row['probability']:.3f}, {_WHY[row['why']].format(model.thresholds.keyed)}",
            ", ".join(map(str, found)) or "nothing to compare",
        )


def _side(row: Mapping[str, Any], side: str, says: Mapping[str, str | None], currency: str) -> str:
    told = [
        " ".join(filter(None, (says[name] for name in names)))
        for names in (("given_name", "surname"), ("birth_date",), ("email",), ("phone",), ("address",))
    ]
    told.append(" ".join(filter(None, (says["postcode"], says["city"]))))
    count, record = row[f"records_{side}"], f"{row[f'source_system_{side}']} {row[f'source_person_key_{side}']}"
    return (
        f"{row[f'customer_id_{side}']} ({count} record{'s' if count > 1 else ''}, "
        f"{row[f'net_revenue_{side}']:,} {currency})  {record}: {', '.join(filter(None, told))}"
    )


def _profiles(customers: np.ndarray, profile: np.ndarray) -> dict[str, set[int]]:
    """Per customer the profiles of the records that say something."""
    spoken: dict[str, set[int]] = {}
    for customer, said in zip(customers.tolist(), profile.tolist(), strict=True):
        if said >= 0:
            spoken.setdefault(customer, set()).add(said)
    return spoken


def _earned(members: pa.Table, revenue: pa.Table) -> dict[str, Decimal]:
    """Per customer the revenue of the records; none for those without."""
    known = members.select([*RECORD, "customer_id"])
    summed = known.join(revenue, RECORD, join_type="inner").group_by("customer_id").aggregate([("net_revenue", "sum")])
    return dict(zip(summed["customer_id"].to_pylist(), summed["net_revenue_sum"].to_pylist(), strict=True))


def _of(table: pa.Table, records: set[Record]) -> pa.Table:
    """The rows of these records."""
    names = pa.array([key for _, key in records], pa.string())
    rows = table.filter(pc.is_in(table["source_person_key"], names))
    named = zip(rows["source_system"].to_pylist(), rows["source_person_key"].to_pylist(), strict=True)
    return rows.filter(pa.array([record in records for record in named], pa.bool_()))
