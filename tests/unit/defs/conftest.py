"""The real definitions over an empty home, loaded once: dbt's project is parsed for them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from dagster_project.definitions import defs


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNIVUE_HOME", str(tmp_path_factory.mktemp("home")))
        yield defs()
