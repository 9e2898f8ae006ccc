"""Randomised experiments, read as assigned (intention to treat): each variant against its experiment's control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from dagster_project.settings import Experiments

CONFIDENCE = 0.95
EFFECTS = ("lift", "relative_lift", "revenue_lift")
EFFECTS_SCHEMA = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("variant", pa.string()),
        ("sample_ratio_p", pa.float64()),
        *((f"{effect}{end}", pa.float64()) for effect in EFFECTS for end in ("_low", "_high", "")),
        ("p_value", pa.float64()),
    ]
)

Row = Mapping[str, Any]


def experiment_effects(results: pa.Table, settings: Experiments) -> pa.Table:
    """One row per experiment and variant, sorted. `results` has the same grain: experiment_id, variant, is_control,
    assigned (units), people, converted (of the people), revenue and revenue_squared (sums over the people).

    lift is the difference of converted / people between the variant and its control, relative_lift its ratio less one,
    revenue_lift the difference of revenue / people; all NULL for the control, without control, and where the arms have
    not the sizes planned (sample_ratio_p below `settings.sample_ratio_p`): such arms are no random halves any more.
    """
    rows = sorted(results.to_pylist(), key=lambda row: (row["experiment_id"], row["variant"]))
    out: list[dict[str, Any]] = []
    for experiment in dict.fromkeys(row["experiment_id"] for row in rows):
        arms = [row for row in rows if row["experiment_id"] == experiment]
        p = sample_ratio_p({arm["variant"]: arm["assigned"] for arm in arms}, settings.shares.get(experiment, {}))
        controls = [arm for arm in arms if arm["is_control"]]
        for arm in arms:
            found: dict[str, float | None] = {}
            is_sound = p is not None and p >= settings.sample_ratio_p
            if is_sound and len(controls) == 1 and not arm["is_control"]:
                found = compare(arm, controls[0])
            out.append({"experiment_id": experiment, "variant": arm["variant"], "sample_ratio_p": p} | found)
    return pa.Table.from_pylist(out, schema=EFFECTS_SCHEMA)


def sample_ratio_p(assigned: Mapping[str, int], shares: Mapping[str, float]) -> float | None:
    """How likely arms as uneven as these are by chance, by Pearson's chi-square; NULL with one arm or nobody. `shares`
    by variant as planned, equal where nothing was. A variant beside the planned ones gives 0: it had no share.
    """
    from scipy.stats import chisquare

    total = sum(assigned.values())
    planned = {variant: shares.get(variant, 0.0) for variant in assigned} if shares else dict.fromkeys(assigned, 1.0)
    if len(assigned) < 2 or total == 0:
        return None
    if any(planned[variant] == 0 and count for variant, count in assigned.items()):
        return 0.0
    whole = math.fsum(planned.values())
    kept = [variant for variant in assigned if planned[variant]]
    expected = [total * planned[variant] / whole for variant in kept]
    return float(chisquare([assigned[variant] for variant in kept], expected).pvalue)


def compare(treated: Row, control: Row) -> dict[str, float | None]:
    """The effects of one arm against another, with 95 % intervals.

    lift by Newcombe's hybrid score interval (1998, Statistics in Medicine 17, method 10), relative_lift by the score
    interval of Miettinen and Nurminen (1985, Statistics in Medicine 4), p_value by their score test; revenue_lift by
    Welch (1947, Biometrika 34). NULL where an arm is too small to tell.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

    x1, n1, x0, n0 = (int(arm[name]) for arm in (treated, control) for name in ("converted", "people"))
    found: dict[str, float | None] = {}
    if not (n1 and n0):
        return found
    low, high = confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", compare="diff", alpha=1 - CONFIDENCE)
    found |= _effect("lift", x1 / n1 - x0 / n0, low, high)
    if x0:
        found |= _effect("relative_lift", (x1 / n1) / (x0 / n0) - 1, *_ratio_interval(x1, n1, x0, n0))
    if 0 < x1 + x0 < n1 + n0:
        # Odds, which the result also shows, are infinite where everybody converts.
        with np.errstate(divide="ignore", invalid="ignore"):
            test = test_proportions_2indep(x1, n1, x0, n0, method="score", compare="diff", return_results=True)
        found["p_value"] = float(test.pvalue)
    return found | welch("revenue_lift", _moments(treated), _moments(control))


def _ratio_interval(x1: int, n1: int, x0: int, n0: int) -> tuple[float | None, float | None]:
    """Ends of the ratio less one; NULL where an arm without, or with only, converters leaves the score no root."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    if not (0 < x1 < n1 and 0 < x0 < n0):
        return None, None
    low, high = confint_proportions_2indep(x1, n1, x0, n0, method="score", compare="ratio", alpha=1 - CONFIDENCE)
    return low - 1, high - 1


def welch(name: str, treated: tuple[int, float, float], control: tuple[int, float, float]) -> dict[str, float | None]:
    """The difference of two means, `name`, with `name`_low and `name`_high. Each side as (n, mean, variance); NULL
    ends with fewer than two people on a side. Welch (1947), degrees of freedom after Satterthwaite (1946).
    """
    from scipy.stats import t

    (n1, mean1, variance1), (n0, mean0, variance0) = treated, control
    difference = mean1 - mean0
    if min(n1, n0) < 2:
        return _effect(name, difference, None, None)
    parts = variance1 / n1, variance0 / n0
    error = math.sqrt(sum(parts))
    if error == 0:
        return _effect(name, difference, difference, difference)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n1 - 1) + parts[1] ** 2 / (n0 - 1))
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    return _effect(name, difference, difference - reach, difference + reach)


def _moments(arm: Row) -> tuple[int, float, float]:
    return moments(int(arm["people"]), float(arm["revenue"]), float(arm["revenue_squared"]))


def moments(n: int, total: float, squared: float) -> tuple[int, float, float]:
    """(n, mean, variance with n - 1) of the sum and the sum of squares of n values; no value has variance 0."""
    mean = total / n if n else 0.0
    return n, mean, max(squared - n * mean * mean, 0.0) / (n - 1) if n > 1 else 0.0


def _effect(name: str, value: float, low: float | None, high: float | None) -> dict[str, float | None]:
    ends: Iterable[tuple[str, float | None]] = ((f"{name}_low", low), (f"{name}_high", high))
    return {name: value} | {key: None if end is None else float(end) for key, end in ends}
