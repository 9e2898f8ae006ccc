"""One small retailer, simulated and run once for all acceptance tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

SIZE = ("--customers", "600", "--months", "15", "--seed", "7")


@pytest.fixture(scope="session")
def retailer(tmp_path_factory: pytest.TempPathFactory, omnivue, worker_id: str) -> Path:
    """OMNIVUE_HOME of a retailer with planted dirt, after its first run. Each process of the tests has its own copy of
    the one that the first to ask has made."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    made, home = shared / "retailer", tmp_path_factory.mktemp("retailer") / "home"
    with FileLock(shared / "retailer.lock"):
        if not made.exists():
            home_in_the_making = shared / "retailer-in-the-making"
            omnivue("simulate", *SIZE, home=home_in_the_making)
            omnivue("run", home=home_in_the_making)
            home_in_the_making.rename(made)
    shutil.copytree(made, home, symlinks=True)
    return home
