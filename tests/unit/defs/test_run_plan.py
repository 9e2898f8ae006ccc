"""When is there nothing to do? Only when files, settings and code are the current release's."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project.defs.run_plan import RunPlan, digest_of_files, input_digest
from dagster_project.settings import load_settings, shipped_settings

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
