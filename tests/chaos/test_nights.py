"""A short version of the chaos tests' part on nights; `make chaos` plays five sequences of five."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import nights


@pytest.mark.slow
def test_irregular_nights_give_the_same_marts_as_one(tmp_path: Path) -> None:
    """Incremental equals full: a beginning and a night with late, repeated and corrected deliveries and decisions."""
    retailer = tmp_path / "retailer"
    nights.omnivue("simulate", *nights.SIZE, home=retailer)
    assert nights.run_sequence(retailer, tmp_path, seed=1, nights=2) == []
    orders = nights.rows(tmp_path / "at_once", "fct_orders")
    assert orders > 100
