"""When is there nothing to do? Only when files, settings and code are the current release's."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import yaml

from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.run_plan import RunPlan, digest_of_files, input_digest, reasons_to_build
from dagster_project.ingestion import ingest
from dagster_project.settings import Home, Settings, load_settings, shipped_settings
from data_quality.contract import CONTRACTS_DIR

DAY = dt.date(2026, 10, 31)
DELIVERIES = [("shop_orders", "a.csv", "11"), ("stores", "b.xlsx", "22")]


def _digest(**changes: object) -> str:
    facts = {"deliveries": DELIVERIES, "settings": shipped_settings(), "as_of": DAY, "code_version": "c1"} | changes
    return input_digest(**facts)  # type: ignore[arg-type]


def test_the_order_of_deliveries_does_not_matter() -> None:
    assert _digest(deliveries=DELIVERIES[::-1]) == _digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"deliveries": [*DELIVERIES, ("stores", "c.xlsx", "33")]},
        {"deliveries": [("shop_orders", "a.csv", "12"), DELIVERIES[1]]},
        {"as_of": DAY + dt.timedelta(days=1)},
        {"code_version": "c2"},
        {"models": {"identity": "m2"}},
        {"decisions": "d2"},
    ],
    ids=["another file", "other content", "another day", "other code", "another match model", "another decision"],
)
def test_whatever_a_release_depends_on_changes_its_digest(changes: dict[str, object]) -> None:
    assert _digest(**changes) != _digest()


def test_a_changed_setting_changes_the_digest_and_a_secret_does_not_enter_it(tmp_path: Path) -> None:
    own = tmp_path / "settings.yaml"
    own.write_text("reliability: {min_n: 31}\n", encoding="utf-8")
    assert _digest(settings=load_settings(own)) != _digest()
    own.write_text("identity: {id_key: another-secret}\n", encoding="utf-8")
    assert _digest(settings=load_settings(own)) == _digest()


def test_a_run_is_needed_unless_the_current_release_has_its_digest() -> None:
    def plan(current: str | None) -> RunPlan:
        return RunPlan(DAY, DAY, "c1", "same", current)

    assert plan(None).is_needed
    assert plan("other").is_needed
    assert not plan("same").is_needed


def test_a_run_says_what_is_not_as_the_current_release_was_built(tmp_path: Path) -> None:
    own = tmp_path / "settings.yaml"
    own.write_text("reliability: {min_n: 31}\nwindows: {active_days: 200}\n", encoding="utf-8")
    shipped, changed = shipped_settings(), load_settings(own)
    # As its manifest gives it back.
    written = json.loads(json.dumps(shipped.public()))
    current = SimpleNamespace(settings=written, as_of=DAY, run=SimpleNamespace(code_version="c1"))

    def because(settings: Settings = shipped, day: dt.date = DAY, code: str = "c1", is_whole: bool = True) -> str:
        reasons = reasons_to_build(current, settings, day, code, is_whole=is_whole)  # type: ignore[arg-type]
        return RunPlan(day, day, code, "new", "old", reasons).because

    assert because() == "files, decisions or the match model changed"
    assert because(changed) == "settings changed: reliability.min_n, windows.active_days"
    assert because(code="c2", day=DAY + dt.timedelta(1)) == "the code changed; the day is 2026-11-01, not 2026-10-31"
    assert because(is_whole=False) == "what a run makes beside the release was removed"
    assert reasons_to_build(None, shipped, DAY, "c1", is_whole=True) == ("there is no release yet",)
    assert RunPlan(DAY, DAY, "c1", "same", "same").because == "a rebuild was asked for"


def test_code_digest_sees_names_and_contents_of_sources_but_not_what_tools_write(tmp_path: Path) -> None:
    folder = tmp_path / "dbt"
    (folder / "target").mkdir(parents=True)
    (folder / "model.sql").write_text("select 1", encoding="utf-8")
    before = digest_of_files([folder])
    (folder / "target" / "compiled.sql").write_text("select 1", encoding="utf-8")
    (folder / "notes.txt").write_text("nothing", encoding="utf-8")
    assert digest_of_files([folder]) == before
    (folder / "model.sql").rename(folder / "renamed.sql")
    renamed = digest_of_files([folder])
    assert renamed != before
    (folder / "renamed.sql").write_text("select 2", encoding="utf-8")
    assert digest_of_files([folder]) not in (before, renamed)


def test_a_run_is_needed_when_what_it_makes_beside_the_release_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path).create()
    pipeline = Pipeline(home, shipped_settings())
    released = SimpleNamespace(run=SimpleNamespace(input_digest=pipeline.plan().input_digest))
    monkeypatch.setattr("dagster_project.publishing.current_release", lambda place: released)
    made = (home.warehouse, home.quality / "marts_results.parquet", home.docs / "kpi_catalogue.html")
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert not pipeline.plan().is_needed
    for path in made:
        path.rename(path.parent.parent / "aside")
        assert pipeline.plan().is_needed, path
        (path.parent.parent / "aside").rename(path)


def test_a_run_is_needed_when_a_contract_reads_the_same_rows_otherwise(tmp_path: Path) -> None:
    """Mended is what a date means, not how many rows there are: 3 February was read as 2 March."""
    home = Home(tmp_path).create()
    contract = yaml.safe_load((CONTRACTS_DIR / "stock_outs.odcs.yaml").read_text(encoding="utf-8"))
    (dates,) = (column for column in contract["schema"][0]["properties"] if column["name"] == "out_since")
    landed = home.landing / "stock_outs" / "2026-10-30" / "ruptures_2026-10-29.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("store_code,sku,out_since,back_on\nS1,MUG,03/02/2026,\n", encoding="utf-8")
    found = []
    for written_as in ("MM/dd/yyyy", "MM/dd/yyyy", "dd/MM/yyyy"):
        dates["logicalTypeOptions"]["format"] = written_as
        own = home.root / "contracts" / "stock_outs.odcs.yaml"
        own.parent.mkdir(exist_ok=True)
        own.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
        pipeline = Pipeline(home, shipped_settings())
        ingest(home, pipeline.settings, pipeline.contracts, today=DAY)
        (value,) = pq.read_table(home.lake / "raw" / "stock_outs", partitioning=None)["out_since"].to_pylist()
        found.append((value, pipeline.plan().input_digest))
    assert [value for value, _ in found] == [dt.date(2026, 3, 2)] * 2 + [dt.date(2026, 2, 3)]
    assert found[0] == found[1]
    assert found[1][1] != found[2][1]
