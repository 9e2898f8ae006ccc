"""One customer, told to a person: the records behind the id, why they are together, what happened to the id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dagster_project.identity.explanation import compare, joined
from dagster_project.identity.keys import KeyType, normalise_email, normalise_phone
from dagster_project.identity.match_model import MatchModel

# Tables of the customer directory that a dossier is made of.
TABLES = (
    "customers",
    "customer_values",
    "customer_sources",
    "customer_records",
    "customer_history",
    "link_evidence",
    "normalised_keys",
)
Tables = Mapping[str, pd.DataFrame]
RECORD = ["source_system", "source_person_key"]


@dataclass(frozen=True)
class Dossier:
    """`values`: the golden record's values, each with the record that said it and when. `golden`: what else it knows.
    `records`: one row per source record, eldest first. `reasons`, `cautions`, `history`: sentences."""

    customer_id: str
    values: pd.DataFrame
    golden: Mapping[str, Any]
    records: pd.DataFrame
    reasons: list[str]
    cautions: list[str]
    history: list[str]


def find(who: str, tables: Tables, country: str) -> list[str]:
    """The ids of the customers that `who` may mean: a present or former customer_id, an e-mail, a phone, a loyalty
    card, an account, or a source's own key. Empty when nobody bears it."""
    links, history = tables["customer_sources"], tables["customer_history"]
    current = set(links["customer_id"])
    merged = history[history["event"] == "merged_into"]
    successors = dict(zip(merged["customer_id"], merged["other_customer_id"], strict=True))
    seen = who
    while seen not in current and seen in successors:
        seen = successors.pop(seen)
    if seen in current:
        return [seen]
    values = {who, normalise_email(who), normalise_phone(who, country)} - {None}
    keys = tables["normalised_keys"]
    bearers = keys.loc[keys["key_value"].isin(values), RECORD]
    found = links.merge(bearers, on=RECORD)["customer_id"]
    named = links.loc[links["source_person_key"] == who, "customer_id"]
    return sorted({*found, *named})


def dossier(customer_id: str, tables: Tables, model: MatchModel | None, country: str) -> Dossier:
    """All about one customer. Raises KeyError when no record bears the id."""
    links = tables["customer_sources"]
    links = links[links["customer_id"] == customer_id]
    if links.empty:
        raise KeyError(customer_id)
    records = tables["customer_records"].merge(links, on=RECORD).sort_values(["first_seen_date", *RECORD])
    golden, values = tables["customers"], tables["customer_values"]
    (row,) = rows_of(golden[golden["customer_id"] == customer_id].drop(columns="customer_id"))
    values = values[values["customer_id"] == customer_id]
    values = values.sort_values("field", key=lambda fields: fields.map(list(row).index))
    return Dossier(
        customer_id,
        values,
        {name: value for name, value in row.items() if _says(value) and name not in set(values["field"])},
        records,
        _reasons(records, tables, model, country),
        _cautions(records, tables["normalised_keys"]),
        _history(customer_id, tables["customer_history"]),
    )


def _reasons(records: pd.DataFrame, tables: Tables, model: MatchModel | None, country: str) -> list[str]:
    ours = tables["link_evidence"].merge(records[RECORD], on=RECORD)
    keys = tables["normalised_keys"].merge(records[RECORD], on=RECORD)
    keys = keys[~keys["is_shared"]]
    order = {kind.label: int(kind) for kind in KeyType}
    by_name = {record_name(row): row for row in rows_of(records)}
    reasons = []
    pieces = ours.assign(rank=ours["kind"].map(order)).groupby(["rank", "evidence_id"], sort=True)
    for _, piece in pieces:
        kind, value = piece["kind"].iloc[0], piece["key_value"].iloc[0]
        names = [record_name(row) for row in rows_of(piece)]
        if kind != KeyType.PROBABILISTIC.label:
            reasons.append(joined(kind, value, names))
            continue
        sentence = f"{' and '.join(names)} resemble each other"
        if model is not None:
            one, other = (person(by_name[name], keys) for name in names)
            sentence += ": " + ", ".join(map(str, compare(one, other, model, country=country)))
        reasons.append(f"{sentence}.")
    return reasons or ["One record, so nothing had to be joined."]


def _cautions(records: pd.DataFrame, keys: pd.DataFrame) -> list[str]:
    shared = keys[keys["is_shared"]].merge(records[RECORD], on=RECORD)
    nouns = {"email": "e-mail", "phone": "phone number"}
    return [
        f"The {nouns.get(kind, kind)} {value} is shared by several people, or looks it: it joined nobody."
        for kind, value in sorted({(row["key_type"], row["key_value"]) for row in rows_of(shared)})
    ]


def _history(customer_id: str, history: pd.DataFrame) -> list[str]:
    events = history[(history["customer_id"] == customer_id) | (history["other_customer_id"] == customer_id)]
    return [happened(event) for event in rows_of(events.sort_values(["at", "event", "customer_id"]))]


def happened(event: Mapping[str, Any]) -> str:
    """A row of history as a sentence."""
    one, other = event["customer_id"], event["other_customer_id"]
    told = {
        "created": f"{one} was created",
        "merged_into": f"{one} was merged into {other}",
        "split_from": f"{one} was split from {other}",
        "reverted": f"{one} came back: its merger was reverted",
    }[event["event"]]
    reason = f" ({event['reason']})" if _says(event["reason"]) else ""
    return f"{event['at']:%Y-%m-%d}: {told}{reason} [event {event['event_id']}]"


def person(record: Mapping[str, Any], keys: pd.DataFrame) -> dict[str, Any]:
    """A customer record in the fields of `resolve`, as the match model saw it: without the keys that are shared."""
    own = keys[(keys[RECORD] == [record[name] for name in RECORD]).all(axis=1)]

    def text(value: Any) -> str | None:
        return str(value) if _says(value) else None

    def several(kind: KeyType) -> str | None:
        return ";".join(own.loc[own["key_type"] == kind.label, "key_value"]) or None

    birth = record["birth_date"]
    return {
        "given_name": text(record["first_name"]),
        "surname": text(record["last_name"]),
        "birth_date": f"{birth:%Y-%m-%d}" if _says(birth) else None,
        "email": several(KeyType.EMAIL),
        "phone": several(KeyType.PHONE),
        "address": text(record["street"]),
        "postcode": text(record["postal_code"]),
        "city": text(record["city"]),
    }


def _says(value: Any) -> bool:
    """Whether a cell holds something: no null, no empty text or list."""
    if pd.api.types.is_scalar(value):
        return not pd.isna(value) and value != ""
    return len(value) > 0


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows as dictionaries."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def record_name(row: Mapping[str, Any]) -> str:
    """How sentences name a record: its source and its key there."""
    return f"{row['source_system']} {row['source_person_key']}"
