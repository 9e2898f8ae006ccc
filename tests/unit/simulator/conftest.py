"""One dirty and one clean world for all tests of the simulator, and readers that share no code with it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from dagster_project.simulator import SimulationSummary, simulate

UNTIL = dt.date(2026, 5, 31)


@dataclass(frozen=True)
class Simulated:
    """A finished simulation and where it lies."""

    landing: Path
    truth: Path
    summary: SimulationSummary

    def frame(self, name: str) -> pd.DataFrame:
        path = self.truth / name
        return pq.read_table(path).to_pandas() if path.suffix == ".parquet" else pd.read_csv(path)

    def files(self, extract: str) -> list[Path]:
        return sorted((self.landing / extract).glob("*/*"))

    def csv_rows(self, extract: str, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
        """Every record of a CSV extract without preamble, oldest arrival first."""
        rows: list[dict[str, str]] = []
        for path in self.files(extract):
            text = path.read_bytes().decode(encoding)
            rows.extend(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
        return rows


def simulated(folder: Path, **arguments: Any) -> Simulated:
    landing = folder / "landing"
    options = {"customers": 1500, "months": 5, "seed": 7, "until": UNTIL} | arguments
    return Simulated(landing, folder / "truth", simulate(landing=landing, **options))


@pytest.fixture(scope="session")
def sheet() -> Callable[[Simulated, str], list[dict[str, Any]]]:
    """Every record of an XLSX extract."""

    def read(simulated: Simulated, extract: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for path in simulated.files(extract):
            head, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
            found.extend(dict(zip(map(str, head), row, strict=True)) for row in rows)
        return found

    return read


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulated(tmp_path_factory.mktemp("dirty"))


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulated(tmp_path_factory.mktemp("clean"), customers=900, months=4, seed=11, dirt=False)


@pytest.fixture(scope="session")
def run() -> Callable[..., Simulated]:
    """Simulates into a folder with other arguments than the shared worlds."""
    return simulated
