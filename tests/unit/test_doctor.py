"""What `omnivue doctor` finds in the state of a home."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from dagster_project.doctor import examine
from dagster_project.settings import Home
from dagster_project.warehouse import DuckDBWarehouse


def test_a_trusted_source_that_no_record_comes_from_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    trusted = "[loyality, crm, support, whatsapp]"
    home.settings_file.write_text(f"identity: {{golden_record: {{trusted_sources: {trusted}}}}}", encoding="utf-8")
    sources = pa.table({"source_system": ["loyalty", "crm", "crm", "whatsapp"]})
    DuckDBWarehouse(home.directory).write_all("main", {"customer_sources": sources})
    found = [finding for finding in examine(home) if "trusted_sources" in finding.subject]
    assert [(finding.level, "'loyality'" in finding.detail) for finding in found] == [("warning", True)]
    assert "records come from crm, loyalty, whatsapp" in found[0].remedy
