"""Journeys made at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Journeys = Callable[..., pd.DataFrame]


@pytest.fixture
def journeys() -> Journeys:
    """`size` paths of up to six of `channels` channels (c0, c1, ...), most of them with conversions."""

    def make(seed: int, channels: int = 4, size: int = 40) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        paths = [
            " > ".join(f"c{channel}" for channel in rng.integers(channels, size=rng.integers(1, 7)))
            for _ in range(size)
        ]
        conversions = rng.integers(0, 5, size)
        return pd.DataFrame(
            {
                "path": paths,
                "conversions": conversions,
                "value": np.where(conversions, np.round(rng.gamma(2.0, 30.0, size), 2), 0.0),
                "nulls": rng.integers(0, 9, size),
            }
        )

    return make
