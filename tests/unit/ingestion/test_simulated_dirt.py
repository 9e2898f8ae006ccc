"""Everything the simulator plants is found, and nothing else: by file, line and outcome."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from dagster_project.ingestion import find_contracts, ingest, read_deliveries, read_quarantine
from dagster_project.settings import Home, shipped_settings
from dagster_project.simulator import simulate


def test_the_planted_dirt_is_found_to_the_line_and_stays_under_the_thresholds(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    simulate(400, 3, 11, home.landing)
    contracts = find_contracts(home, shipped_settings())
    report = ingest(home, shipped_settings(), contracts, today=dt.date(2026, 12, 31))
    with next(tmp_path.rglob("dirt.csv")).open(encoding="utf-8", newline="") as handle:
        planted = {(row["outcome"], row["file"], row["line"]) for row in csv.DictReader(handle)}
    found = {
        (row["outcome"], row["file"], "" if row["line"] is None else str(row["line"]))
        for row in read_quarantine(home).to_pylist()
    }
    assert found == planted
    assert report.threshold_exceeded == ()
    for row in read_deliveries(home).to_pylist():
        assert row["rows_read"] == row["rows_loaded"] + row["rows_quarantined"] + row["rows_deduplicated"]
