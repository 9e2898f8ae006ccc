"""What omnichannel customers are worth beyond others like them, in a landmark design.

Customers are told apart by what they did before a landmark and valued after it, so that nobody counts as omnichannel
because they bought more in the time that is measured (immortal time; Anderson, Cain, Gelber 1983, Journal of Clinical
Oncology 1, 710-719). Like is compared with like within exact strata of facts before the landmark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from dagster_project.effects.experiments import CONFIDENCE, moments, welch

EFFECTS_SCHEMA = pa.schema(
    [
        ("period", pa.string()),
        ("period_start", pa.date32()),
        ("measure", pa.string()),
        ("matched_customers", pa.int64()),
        ("matched_others", pa.int64()),
        *((f"{effect}{end}", pa.float64()) for effect in ("raw", "adjusted") for end in ("_low", "_high", "")),
    ]
)
_KEYS = ["period", "period_start", "measure"]


def landmark_effects(strata: pa.Table) -> pa.Table:
    """One row per period, period_start and measure, sorted. `strata` has one row per those, stratum (customers alike
    before the landmark) and is_omnichannel: customers, total and total_squared of the measure after it.

    raw is the difference of the means of all; adjusted the effect on omnichannel customers who have others of their
    stratum beside them (matched_customers): the mean over them of the difference within their stratum. Its interval
    takes the variance of each stratum's arm, and where that is one customer, the arm's pooled variance.
    """
    out = [
        dict(zip(_KEYS, key, strict=True)) | _effects(rows)
        for key, rows in strata.to_pandas().sort_values([*_KEYS, "stratum"]).groupby(_KEYS, sort=True)
    ]
    return pa.Table.from_pylist(out, schema=EFFECTS_SCHEMA)


def _effects(rows: pd.DataFrame) -> dict[str, Any]:
    sums = rows.assign(total=rows["total"].astype(float), total_squared=rows["total_squared"].astype(float))
    wide = sums.pivot_table(
        index="stratum", columns="is_omnichannel", values=["customers", "total", "total_squared"], aggfunc="sum"
    ).fillna(0.0)

    def column(name: str, is_omnichannel: bool) -> npt.NDArray[np.float64]:
        key = (name, is_omnichannel)
        return wide[key].to_numpy(dtype=np.float64) if key in wide.columns else np.zeros(len(wide))

    sides = [tuple(column(name, side) for name in ("customers", "total", "total_squared")) for side in (True, False)]
    whole = [moments(int(n.sum()), float(total.sum()), float(squared.sum())) for n, total, squared in sides]
    found: dict[str, Any] = dict(welch("raw", *whole)) if all(n for n, *_ in whole) else {}
    is_matched = (sides[0][0] > 0) & (sides[1][0] > 0)
    found |= {
        "matched_customers": int(sides[0][0][is_matched].sum()),
        "matched_others": int(sides[1][0][is_matched].sum()),
    }
    if is_matched.any():
        found |= _adjusted([tuple(values[is_matched] for values in side) for side in sides])
    return found


def _adjusted(sides: Sequence[tuple[npt.NDArray[np.float64], ...]]) -> dict[str, float | None]:
    """Of omnichannel customers and others, by stratum: customers, total, total_squared."""
    from scipy.stats import t

    weight = sides[0][0] / sides[0][0].sum()
    means = [total / n for n, total, _ in sides]
    value = float(np.sum(weight * (means[0] - means[1])))
    variance, fewest = 0.0, math.inf
    for (n, _, squared), mean in zip(sides, means, strict=True):
        spread = np.maximum(squared - n * mean * mean, 0.0)
        freedom = n - 1
        if not freedom.any():
            return {"adjusted": value, "adjusted_low": None, "adjusted_high": None}
        pooled = spread.sum() / freedom.sum()
        own = np.where(freedom > 0, spread / np.maximum(freedom, 1), pooled)
        variance += float(np.sum(weight**2 * own / n))
        fewest = min(fewest, float(freedom.sum()))
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, fewest)) * math.sqrt(variance)
    return {"adjusted": value, "adjusted_low": value - reach, "adjusted_high": value + reach}
