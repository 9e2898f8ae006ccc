"""FEBRL 3 and 4 (Christen and Churches, Australian National University) without social security numbers: made by
others, truth known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dagster_project.identity import resolve


def people(folder: Path, name: str) -> pd.DataFrame:
    raw = pd.read_csv(folder / f"{name}.csv", dtype=str, skipinitialspace=True)
    street = raw[["street_number", "address_1", "address_2"]].fillna("").agg(" ".join, axis=1)
    renamed = raw.rename(columns={"rec_id": "record_id", "date_of_birth": "birth_date", "suburb": "city"})
    kept = renamed[["record_id", "given_name", "surname", "birth_date", "postcode", "city"]]
    return kept.assign(address=street, source_system=name)


def pairs(groups: pd.DataFrame) -> int:
    sizes = groups.value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


@pytest.mark.parametrize("files", [["dataset3"], ["dataset4a", "dataset4b"]])
def test_pairwise_f1_is_at_least_995_per_mille_with_the_shipped_settings(febrl: Path, files: list[str]) -> None:
    records = pd.concat([people(febrl, name) for name in files], ignore_index=True)

    found = resolve(records)

    person = found["record_id"].str.extract(r"rec-(\d+)-")[0].rename("person")
    both = pd.concat([found["customer_id"], person], axis=1)
    f1 = 2 * pairs(both) / (pairs(both[["customer_id"]]) + pairs(both[["person"]]))
    assert f1 >= 0.995, f1
