"""A short version of the chaos tests' part on hostile input; `make chaos` runs it at full length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import hostile


@pytest.mark.slow
def test_hundreds_of_mutated_files_neither_stop_ingestion_nor_harm_their_neighbours(tmp_path: Path) -> None:
    world = hostile.make_world(tmp_path)
    assert set(world.sound) >= {"shop_orders", "web_events", "products", "pos_tickets", "sales"}
    assert hostile.fuzz(world, 250, tmp_path) >= 250
