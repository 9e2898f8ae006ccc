"""Dagster's home is written below OMNIVUE_HOME, quiet and for one run at a time."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import PoolGranularity

from dagster_project.defs.home import prepare_dagster_home
from dagster_project.settings import Home


def test_dagster_home_is_prepared_and_can_be_prepared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    monkeypatch.delenv("DAGSTER_DISABLE_TELEMETRY", raising=False)
    folder = prepare_dagster_home(Home(tmp_path))
    assert folder == tmp_path / "dagster" == Path(os.environ["DAGSTER_HOME"])
    first = (folder / "dagster.yaml").read_text()
    prepare_dagster_home(Home(tmp_path))
    assert (folder / "dagster.yaml").read_text() == first
    assert yaml.safe_load(first)["telemetry"] == {"enabled": False}
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert instance.root_directory == str(folder)


def test_workspace_names_the_code_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    folder = prepare_dagster_home(Home(tmp_path))
    (origin,) = yaml.safe_load((folder / "workspace.yaml").read_text())["load_from"]
    assert origin["python_module"] == {"module_name": "dagster_project.definitions", "location_name": "omnivue"}


def test_a_run_that_was_killed_in_a_pool_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slots of steps are given back by the process that took them; runs are counted by the daemon."""
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    prepare_dagster_home(Home(tmp_path))

    @dg.asset(pool="warehouse")
    def uses_it() -> None: ...

    with dg.DagsterInstance.get() as instance:
        pools = instance.get_concurrency_config().pool_config
        assert (pools.pool_granularity, pools.default_pool_limit) == (PoolGranularity.RUN, 1)
        # What a killed process leaves behind.
        instance.event_log_storage.set_concurrency_slots("warehouse", 1)
        instance.event_log_storage.claim_concurrency_slot("warehouse", "killed", "step")
        assert dg.materialize([uses_it], instance=instance).success
