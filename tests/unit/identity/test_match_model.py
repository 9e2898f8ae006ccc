"""The match model: one file, one version, the same after a round trip; and what training makes of records."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.identity import MatchModel, train
from dagster_project.identity.comparisons import COMPARISONS
from dagster_project.identity.match_model import MatchModelError, rounded


def test_a_saved_model_reads_back_equal_and_keeps_its_version(tmp_path: Path) -> None:
    model = MatchModel.load()
    model.save(tmp_path / "model.json")

    again = MatchModel.load(tmp_path / "model.json")

    assert again == model
    assert again.version == model.version
    assert dataclasses.replace(model, prior=model.prior * 2).version != model.version


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('"format": 1', '"format": 99', "format 99"),
        ('"birth": {', '"berth": {', "not those of this version"),
        ('"prior"', '"pryor"', "no match model"),
        ("{", "", "no match model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    path = tmp_path / "model.json"
    MatchModel.load().save(path)
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")

    with pytest.raises(MatchModelError, match=complaint):
        MatchModel.load(path)


def test_in_a_crowd_twice_as_large_two_records_are_half_as_likely_one_persons() -> None:
    model = dataclasses.replace(MatchModel.load(), prior=0.004, records=1000)
    assert [model.among(records).prior for records in (0, 10, 1000, 1999, 2000, 3999, 4000, 8000)] == [
        0.004, 0.004, 0.004, 0.004, 0.002, 0.002, 0.001, 0.0005,
    ]  # fmt: skip
    assert dataclasses.replace(model.among(8000), prior=0.004) == model


def test_shares_of_a_comparison_sum_to_one() -> None:
    for levels in MatchModel.load().levels.values():
        for side in range(2):
            assert sum(shares[side] for shares in levels.values()) == pytest.approx(1, abs=1e-5)


def test_the_stated_shares_sum_to_one() -> None:
    for comparison in COMPARISONS:
        assert sum(level.m for level in comparison.levels) == pytest.approx(1)
        assert sum(level.u for level in comparison.levels) == pytest.approx(1)
        if comparison.tells_household:
            assert sum(level.h or 0 for level in comparison.levels) == pytest.approx(1)


def test_numbers_keep_six_digits() -> None:
    assert rounded(0.00012345678) == 0.000123457


def test_training_twice_in_any_order_gives_one_model_whose_agreements_speak_for_a_match(febrl: Path) -> None:
    raw = pd.read_csv(febrl / "dataset3.csv", dtype=str, skipinitialspace=True)
    raw = raw.rename(columns={"rec_id": "record_id", "date_of_birth": "birth_date"})
    raw["address"] = raw["street_number"].fillna("") + " " + raw["address_1"].fillna("")

    model = train(raw)

    assert train(raw.sample(frac=1, random_state=1)) == model
    for comparison in ("given", "surname", "birth", "place"):
        m, u = model.levels[comparison]["same"]
        assert m > 50 * u
        m, u = model.levels[comparison]["other"]
        assert m < u / 5
    # 6,538 of 12,497,500 pairs are one person's: .000523.
    assert model.prior == pytest.approx(6538 / 12_497_500, rel=0.25)
    assert model.household < 0.01
