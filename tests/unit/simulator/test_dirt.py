"""The book of defects against the files: every line it names really holds the defect, and nothing else is broken."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagster_project.simulator.dirt import ROW_RECIPES

LATENCY_DAYS = 4  # of every contract
DELIMITERS = {"pos_tickets": ";", "other_costs": ";", "store_footfall": ";", "linkedin_ads_insights": "\t"}
PREAMBLES = {"google_ads_insights": 2, "linkedin_ads_insights": 3}  # lines before the header


@pytest.fixture(scope="module")
def book(dirty: Any) -> pd.DataFrame:
    return dirty.frame("dirt.csv").astype({"line": "Int64"})


def _encoding(extract: str) -> str:
    return {"pos_tickets": "cp1252", "linkedin_ads_insights": "utf-16", "crm_contacts": "utf-8-sig"}.get(
        extract, "utf-8"
    )


def _lines(path: Path, extract: str) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode(_encoding(extract)).split("\n")


def _business_day(name: str) -> dt.date:
    match = re.search(r"\d{4}-\d{2}-\d{2}|\d{8}", name)
    assert match
    return dt.date.fromisoformat(match[0])


def test_dirt_is_spread_widely_and_stays_rare(dirty: Any, book: pd.DataFrame) -> None:
    assert book["extract"].nunique() >= 12
    assert set(book["outcome"]) == {"row_quarantined", "deduplicated", "replaced", "file_rejected", "kept_reported"}
    per_extract = book[book["line"].notna()].groupby("extract").size()
    for extract, count in per_extract.items():
        assert count < 0.01 * dirty.summary.rows[extract]
    assert dirty.summary.dirt == book.groupby("outcome").size().to_dict()


def test_one_defect_a_row_and_none_in_a_file_with_a_defect_of_its_own(book: pd.DataFrame) -> None:
    rows = book[book["line"].notna()]
    assert not rows.duplicated(["file", "line"]).any()
    whole = set(book.loc[book["line"].isna(), "file"])
    assert not whole & set(rows["file"])
    assert not book[book["line"].isna()].duplicated("file").any()


def test_every_named_line_holds_its_defect(dirty: Any, book: pd.DataFrame) -> None:
    checked = 0
    for item in book[book["line"].notna()].itertuples():
        path = dirty.landing / item.file
        if path.suffix == ".xlsx":
            continue
        lines = _lines(path, item.extract)
        text = lines[item.line - 1]
        recipes = [recipe for recipe in ROW_RECIPES[item.extract] if recipe.kind == item.kind]
        delimiter = DELIMITERS.get(item.extract, ",")
        if item.kind == "repeated_row":
            assert text == lines[item.line - 2]
        elif item.kind == "invalid_json":
            with pytest.raises(json.JSONDecodeError):
                json.loads(text)
        elif path.suffix in (".jsonl", ".gz"):
            record = json.loads(text)
            assert any(record[recipe.column] == json.loads(recipe.value or "null") for recipe in recipes)
        else:
            header = lines[PREAMBLES.get(item.extract, 0)].split(delimiter)
            # The record may begin here and run on: read from this line with the rest behind it.
            cells = next(csv.reader([f"{line}\n" for line in lines[item.line - 1 :]], delimiter=delimiter))
            if item.kind == "too_few_cells":
                assert len(cells) < len(header)
            elif item.kind == "too_many_cells":
                assert len(cells) > len(header)
            else:
                row = dict(zip(header, cells, strict=True))
                wanted = [(recipe.column, (recipe.value or "").strip('"')) for recipe in recipes]
                assert any(row[column] == value for column, value in wanted), (item, text)
        checked += 1
    assert checked > 40


def test_files_delivered_twice_are_identical_and_corrected_ones_differ(dirty: Any, book: pd.DataFrame) -> None:
    for item in book[book["kind"] == "delivered_twice"].itertuples():
        later = dirty.landing / item.file
        deliveries = sorted((dirty.landing / item.extract).glob(f"*/{later.name}"))
        assert deliveries[-1] == later
        assert len(deliveries) == 2
        assert deliveries[0].read_bytes() == later.read_bytes()
    for item in book[book["outcome"] == "replaced"].itertuples():
        first = dirty.landing / item.file
        deliveries = sorted((dirty.landing / item.extract).glob(f"*/{first.name}"))
        assert deliveries[0] == first
        assert deliveries[1].read_bytes() != first.read_bytes()
        assert len(deliveries[1].read_bytes()) > len(first.read_bytes())


def test_rejected_files_cannot_be_used_and_a_good_delivery_follows_in_time(dirty: Any, book: pd.DataFrame) -> None:
    rejected = book[book["outcome"] == "file_rejected"]
    assert {"truncated_file", "missing_column", "wrong_encoding", "future_folder"} <= set(rejected["kind"])
    for item in rejected.itertuples():
        path = dirty.landing / item.file
        if item.kind == "future_folder":
            assert path.parent.name == "2999-01-01"
            continue
        if item.kind == "truncated_file":
            with pytest.raises(EOFError):
                gzip.decompress(path.read_bytes())
        elif item.kind == "wrong_encoding" and item.extract == "pos_tickets":
            text = path.read_bytes().decode("utf-8")
            assert not text.isascii()
        elif item.kind == "wrong_encoding":
            with pytest.raises(UnicodeDecodeError):
                path.read_bytes().decode("utf-8")
        good = sorted((dirty.landing / item.extract).glob(f"*/{path.name}"))[-1]
        assert good != path
        arrival = dt.date.fromisoformat(good.parent.name)
        assert 1 < (arrival - _business_day(path.name)).days <= LATENCY_DAYS
        if item.kind == "missing_column":
            skipped = 2 if item.extract == "google_ads_insights" else 0
            bad_header = _lines(path, item.extract)[skipped]
            good_header = _lines(good, item.extract)[skipped]
            assert len(bad_header) < len(good_header)


def test_late_files_are_late_and_no_other_file_is(dirty: Any, book: pd.DataFrame) -> None:
    late = set(book.loc[book["kind"] == "late_file", "file"])
    assert late
    found = set()
    for path in dirty.landing.glob("*/*/*"):
        if path.parent.name == "2999-01-01":
            continue
        days = (dt.date.fromisoformat(path.parent.name) - _business_day(path.name)).days
        assert days <= LATENCY_DAYS or days >= 6
        if days > LATENCY_DAYS:
            found.add(str(path.relative_to(dirty.landing)))
    assert found == late


def test_unexpected_columns_stand_at_the_end_of_their_file(dirty: Any, book: pd.DataFrame) -> None:
    extra = book[(book["kind"] == "unexpected_column") & ~book["file"].str.endswith(".xlsx")]
    assert len(extra) >= 4
    for item in extra.itertuples():
        first = _lines(dirty.landing / item.file, item.extract)[0]
        assert first.endswith("export_batch") or '"export_batch":"v2"}' in first
    named = set(extra["file"])
    for path in dirty.landing.glob("*/*/*.csv"):
        if str(path.relative_to(dirty.landing)) not in named:
            assert b"export_batch" not in path.read_bytes()


def test_only_repeated_deliveries_share_a_name(dirty: Any, book: pd.DataFrame) -> None:
    names = pd.Series([f"{path.parent.parent.name}/{path.name}" for path in dirty.landing.glob("*/*/*")])
    repeated = set(names[names.duplicated()])
    kinds = ["delivered_twice", "corrected_later", "truncated_file", "missing_column", "wrong_encoding"]
    planned = book[book["kind"].isin(kinds)]
    assert repeated == {f"{item.extract}/{Path(item.file).name}" for item in planned.itertuples()}
