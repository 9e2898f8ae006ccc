"""Dagster's own folder under OMNIVUE_HOME: where runs and events are kept, and how the instance behaves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from dagster_project.settings import Home

WORKSPACE = "workspace.yaml"
_WORKSPACE = {
    "load_from": [{"python_module": {"module_name": "dagster_project.definitions", "location_name": "omnivue"}}]
}
_INSTANCE: dict[str, Any] = {
    "telemetry": {"enabled": False},
    # One run at a time: a run writes the warehouse file, which one process owns.
    # So it stays, by the pool of the steps that use it, where somebody allows more runs. The limit is on runs: slots of
    # steps would stay taken by a process that was killed, and the next `omnivue run` would wait for them for ever.
    "concurrency": {"runs": {"max_concurrent_runs": 1}, "pools": {"granularity": "run", "default_limit": 1}},
    # A run whose process died is started again as often as its job's tag says.
    "run_monitoring": {"enabled": True},
    "run_retries": {"enabled": True, "max_retries": 0, "retry_on_asset_or_op_failure": False},
    "nux": {"enabled": False},
}


def _instance(folder: Path) -> dict[str, Any]:
    # One file for all runs' events: by default every run has its own and each event is written twice, which costs the
    # night (500 events) ten seconds more.
    events = {
        "module": "dagster._core.storage.event_log",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": str(folder / "events")},
    }
    return _INSTANCE | {"event_log_storage": events}


def prepare_dagster_home(home: Home) -> Path:
    """Write `dagster.yaml` and `workspace.yaml` and point DAGSTER_HOME there; returns the folder. Safe to call again.

    The UI is then `dagster dev -w <folder>/workspace.yaml`.
    """
    home.dagster.mkdir(parents=True, exist_ok=True)
    text = "# Written by omnivue; edits are lost.\n" + yaml.safe_dump(_instance(home.dagster), sort_keys=False)
    file = home.dagster / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    (home.dagster / WORKSPACE).write_text(yaml.safe_dump(_WORKSPACE), encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "true"
    return home.dagster
