"""`omnivue attribution` as it is typed: files people have, what is printed, what is drawn."""

from __future__ import annotations

import io
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.attribution import MODELS, AttributionError, attribute
from dagster_project.attribution.chart import draw
from dagster_project.attribution.files import read_paths
from dagster_project.charts import ChartError

Journeys = Callable[..., pd.DataFrame]
Omnivue = Callable[..., subprocess.CompletedProcess[str]]

BY_HAND = "path,conversions,value,nulls\nC1 > C2 > C3,1,60.0,0\nC1,0,0,1\nC2 > C3,0,0,1\n"


def written(folder: Path, content: str | bytes, name: str = "paths.csv") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_models_stand_side_by_side(tmp_path: Path, omnivue: Omnivue) -> None:
    file = written(tmp_path, BY_HAND)
    told = omnivue("attribution", "--paths", str(file), "--models", "linear, markov", home=tmp_path).stdout
    lines = [line.split() for line in told.splitlines()]
    assert ["conversions", "linear", "markov"] in lines
    assert ["C1", "0.333", "0.200"] in lines
    assert ["value", "linear", "markov"] in lines
    assert ["C3", "20.00", "24.00"] in lines
    assert ["all", "60.00", "60.00"] in lines
    assert ["C1", "0.5000"] in lines  # its removal effect


def test_csv_is_the_frame_itself_and_settings_of_the_home_hold(tmp_path: Path, omnivue: Omnivue) -> None:
    (tmp_path / "settings.yaml").write_text("attribution: {first_weight: 0.5, markov_order: 2}", encoding="utf-8")
    file = written(tmp_path, BY_HAND)
    asked = ("--models", ",".join(MODELS), "--format", "csv", "--last-weight", "0.25")
    told = omnivue("attribution", "--paths", str(file), *asked, home=tmp_path).stdout
    expected = attribute(pd.read_csv(io.StringIO(BY_HAND)), MODELS, first_weight=0.5, last_weight=0.25, markov_order=2)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(told)), expected, check_dtype=False)


def test_a_chart_is_drawn_beside_what_is_printed(tmp_path: Path, omnivue: Omnivue) -> None:
    file, chart = written(tmp_path, BY_HAND), tmp_path / "models.svg"
    told = omnivue("attribution", "--paths", str(file), "--format", "csv", "--chart", str(chart), home=tmp_path)
    assert told.stdout.startswith("channel,model,conversions,value\n")
    assert str(chart) in told.stderr
    assert "position based" in chart.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BY_HAND + "C4,-1,0,0\n", ["paths.csv line 5", "'conversions'", "'-1'", "0 or more"]),
        (BY_HAND + "C4,1,dix,0\n", ["paths.csv line 5", "'value'", "'dix'", "expected a number"]),
        (BY_HAND + "C4,1,,0\n", ["paths.csv line 5", "'value'", "nothing", "write 0"]),
        (BY_HAND + ",1,0,0\n", ["paths.csv line 5", "'path'", "nothing"]),
        (BY_HAND + "C4,1,1,0,7\n", ["paths.csv", "line 5", "5 cells, but 4 columns", "double quotes"]),
        ("path,conversions,value\nC1,1,1\n", ["paths.csv", "'nulls' is missing", "path, conversions, value"]),
        ("path,path\na,1\n", ["paths.csv", "line 1", "'path' stands twice"]),
        ("path,conversions,value,nulls\n", ["paths.csv", "no paths"]),
        ("", ["paths.csv", "no paths"]),
    ],
)
def test_what_is_wrong_in_a_file_is_found(tmp_path: Path, content: str, words: list[str]) -> None:
    with pytest.raises(AttributionError) as raised:
        attribute(read_paths(written(tmp_path, content)))
    for word in words:
        assert word in str(raised.value), str(raised.value)


def test_errors_are_one_sentence_and_an_exit_code(tmp_path: Path, omnivue: Omnivue) -> None:
    file = str(written(tmp_path, BY_HAND + "C4,-1,0,0\n"))
    told = omnivue("attribution", "--paths", file, home=tmp_path, expect=1)
    assert told.stderr.startswith("omnivue: column 'conversions' holds '-1' in ")
    assert f"{file} line 5" in told.stderr
    omnivue("attribution", "--paths", file, "--format", "json", home=tmp_path, expect=2)


@pytest.mark.parametrize("name", ["none.csv", "paths.xlsx", "broken.parquet"])
def test_files_that_hold_no_table_are_named(tmp_path: Path, name: str) -> None:
    if name != "none.csv":
        written(tmp_path, "PK", name)
    with pytest.raises(AttributionError, match=name):
        read_paths(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "channel", "value"),
    [
        ("chemin;path;conversions;value;nulls\r\n1;é > b;1;10,5;2\r\n".encode("cp1252"), "é", 10.5),
        ("path\tconversions\tvalue\tnulls\né > b\t1\t10,5\t2\n".encode(), "é", 10.5),
        ('\ufeffPath,Conversions,Value,Nulls\n"a, too > b",1,10.5,2\n\n\n'.encode(), "a, too", 10.5),
    ],
)
def test_files_of_spreadsheets_are_read(tmp_path: Path, content: bytes, channel: str, value: float) -> None:
    found = attribute(read_paths(written(tmp_path, content)), ["first_touch"])
    assert dict(zip(found["channel"], found["value"], strict=True)) == {channel: value, "b": 0.0}


def test_parquet_says_the_same_as_csv_and_names_rows(tmp_path: Path, journeys: Journeys) -> None:
    frame = journeys(4).assign(path=lambda each: each["path"].str.split(" > "), note="of no interest")
    frame.to_parquet(tmp_path / "paths.parquet", index=False)
    expected = attribute(frame)
    pd.testing.assert_frame_equal(attribute(read_paths(tmp_path / "paths.parquet")), expected)
    frame.assign(nulls=-1).to_parquet(tmp_path / "paths.parquet", index=False)
    with pytest.raises(AttributionError, match=r"paths\.parquet row 1:"):
        attribute(read_paths(tmp_path / "paths.parquet"))


def test_pictures_name_channels_models_and_totals(tmp_path: Path, journeys: Journeys) -> None:
    found = attribute(journeys(4), MODELS)
    for name in ("models.svg", "models.png", "models.HTML"):
        draw(found, tmp_path / name)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    drawn = (tmp_path / "models.svg").read_text(encoding="utf-8")
    total = f"{journeys(4)['conversions'].sum():,} in all"
    words = [model.replace("_", " ") for model in MODELS]
    for word in ("c0", "c3", "Conversions by channel and model", "Value by channel and model", total, *words):
        assert word in drawn, word
    assert (tmp_path / "models.png").read_bytes().startswith(b"\x89PNG")
    assert 'src="http' not in (tmp_path / "models.HTML").read_text(encoding="utf-8")
    for file, message in (("no/models.svg", "no folder"), ("models.pdf", r"\.svg, \.png, \.html")):
        with pytest.raises(ChartError, match=message):
            draw(found, tmp_path / file)
