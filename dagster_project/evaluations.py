"""How a model's error on held-out time is set beside that of a baseline: one table for all models, and one rule by
which a baseline is served in a model's place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

Floats = np.ndarray[Any, np.dtype[np.float64]]
Each = TypeVar("Each")
Pair = tuple[Each, Each]

EVALUATIONS_SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("metric", pa.string()),
        ("frequency_band", pa.string()),
        ("value", pa.float64()),
        ("standard_error", pa.float64()),
        ("baseline", pa.string()),
        ("baseline_value", pa.float64()),
        ("difference", pa.float64()),
        ("difference_standard_error", pa.float64()),
        ("held_out_from", pa.date32()),
        ("held_out_until", pa.date32()),
        ("n", pa.int64()),
        ("served", pa.string()),
        ("evaluated_at", pa.timestamp("us")),
    ]
)
_DRAWS, _SEED = 200, 20_260_101  # of the bootstrap
_WORSE = 2.0  # standard errors


def redrawn(n: Floats) -> Iterator[Floats]:
    """Weights of the same customers drawn again and again, for rows that stand for `n` of them each: Poisson weights,
    the bootstrap of rows that stand for many (Chamandy et al. 2012, Estimating uncertainty for massive data
    streams)."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_DRAWS):
        yield rng.poisson(n).astype(np.float64)


def is_worse(losses: Pair[float], draws: Pair[Floats]) -> bool:
    """Whether a model's loss is above a baseline's by more than two standard errors of the difference. Both are given
    as (model, baseline): the losses, and those of the same draws."""
    error = float(np.std(draws[0] - draws[1], ddof=1))
    return losses[0] - losses[1] > _WORSE * error


def compared(values: Pair[Any], draws: Pair[Floats]) -> dict[str, Any]:
    """What EVALUATIONS_SCHEMA says of a metric of a model and a baseline, in this order, standard errors by draws
    included; None for what is not a number."""
    found = {
        "value": values[0],
        "standard_error": np.std(draws[0], ddof=1),
        "baseline_value": values[1],
        "difference": values[0] - values[1],
        "difference_standard_error": np.std(draws[0] - draws[1], ddof=1),
    }
    return {name: float(each) if np.isfinite(each) else None for name, each in found.items()}


def held_out(days: int, data_end: dt.date) -> dict[str, Any]:
    """When a model was judged, for EVALUATIONS_SCHEMA: the last `days` to `data_end`."""
    return {
        "held_out_from": data_end - dt.timedelta(days=days - 1),
        "held_out_until": data_end,
        "evaluated_at": dt.datetime.combine(data_end, dt.time()),
    }
