"""One small retailer, simulated and run once for all acceptance tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SIZE = ("--customers", "600", "--months", "15", "--seed", "7")


@pytest.fixture(scope="session")
def retailer(tmp_path_factory: pytest.TempPathFactory, omnivue) -> Path:
    """OMNIVUE_HOME of a retailer with planted dirt, after its first run."""
    home = tmp_path_factory.mktemp("retailer")
    omnivue("simulate", *SIZE, home=home)
    omnivue("run", home=home)
    return home
