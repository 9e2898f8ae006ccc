"""Effects of experiments against generators whose truth is planted, and figures worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from dagster_project.effects import experiment_effects
from dagster_project.effects.experiments import compare, sample_ratio_p
from dagster_project.settings import Experiments, shipped_settings

SETTINGS = shipped_settings().experiments
SEEDS = 200


def _arm(
    variant: str, revenue: list[float] | np.ndarray, *, is_control: bool, assigned: int | None = None
) -> dict[str, Any]:
    values = np.asarray(revenue, dtype=float)
    return {
        "experiment_id": "EXP",
        "variant": variant,
        "is_control": is_control,
        "assigned": len(values) if assigned is None else assigned,
        "people": len(values),
        "converted": int((values > 0).sum()),
        "revenue": values.sum(),
        "revenue_squared": (values**2).sum(),
    }


def _effects(*arms: dict[str, Any], settings: Experiments = SETTINGS) -> dict[str, dict[str, Any]]:
    table = experiment_effects(pa.Table.from_pylist(list(arms)), settings)
    return {row["variant"]: row for row in table.to_pylist()}


def test_worked_by_hand() -> None:
    # Of 4, 2 convert; of 4 held out, 1: lift 2/4 - 1/4 = .25, relative (2/4) / (1/4) - 1 = 1.
    # Revenue per unit (30 + 50) / 4 = 20 against 40 / 4 = 10.
    found = _effects(_arm("offer", [30, 50, 0, 0], is_control=False), _arm("control", [40, 0, 0, 0], is_control=True))
    assert found["offer"]["lift"] == 0.25
    assert found["offer"]["relative_lift"] == 1
    assert found["offer"]["revenue_lift"] == 10
    assert found["offer"]["sample_ratio_p"] == 1
    assert found["control"]["lift"] is None


def test_newcombes_published_interval() -> None:
    # Newcombe (1998), table II, method 10, 56/70 against 48/80: .0524 to .3339.
    arm = compare(
        _arm("a", [1.0] * 56 + [0.0] * 14, is_control=False), _arm("b", [1.0] * 48 + [0.0] * 32, is_control=True)
    )
    assert (round(arm["lift_low"] or 0, 4), round(arm["lift_high"] or 0, 4)) == (0.0524, 0.3339)


def test_revenue_is_scipys_welch() -> None:
    rng = np.random.default_rng(1)
    treated, control = rng.gamma(1, 40, 80), rng.gamma(1, 30, 50)
    found = compare(_arm("a", treated, is_control=False), _arm("b", control, is_control=True))
    oracle = stats.ttest_ind(treated, control, equal_var=False).confidence_interval(0.95)
    assert (found["revenue_lift_low"], found["revenue_lift_high"]) == pytest.approx((oracle.low, oracle.high))


def test_arms_of_other_sizes_than_planned_show_no_effect() -> None:
    # 600 to 400 where halves were planned: chi-square 2 * 100^2 / 500 = 40 with one degree of freedom.
    offer, control = _arm("offer", [1.0] * 600, is_control=False), _arm("control", [1.0, 0.0] * 200, is_control=True)
    found = _effects(offer, control)["offer"]
    assert found["sample_ratio_p"] == pytest.approx(math.erfc(math.sqrt(40 / 2)))
    assert found["lift"] is None
    assert found["revenue_lift"] is None
    planned = SETTINGS.model_copy(update={"shares": {"EXP": {"offer": 0.6, "control": 0.4}}})
    assert _effects(offer, control, settings=planned)["offer"]["lift"] == 0.5


def test_a_variant_nobody_planned_is_no_chance() -> None:
    assert sample_ratio_p({"offer": 50, "control": 50, "other": 1}, {"offer": 0.5, "control": 0.5}) == 0
    assert sample_ratio_p({"offer": 50}, {}) is None


@pytest.mark.parametrize(
    ("treated", "control"), [([], [0.0]), ([0.0], [0.0]), ([5.0], [0.0]), ([5.0, 5.0], [5.0, 5.0]), ([0.0], [3.0, 0.0])]
)
def test_tiny_arms_give_nothing_infinite(treated: list[float], control: list[float]) -> None:
    found = compare(_arm("a", treated, is_control=False), _arm("b", control, is_control=True))
    assert all(value is None or math.isfinite(value) for value in found.values())


def test_without_a_control_there_is_no_effect() -> None:
    found = _effects(_arm("a", [1.0, 0.0], is_control=False), _arm("b", [1.0, 0.0], is_control=False))
    assert found["a"]["lift"] is None
    assert found["a"]["sample_ratio_p"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_treated", "n_control", "rate", "lift"),
    [
        (1_000, 1_000, 0.10, 0.03),  # halves
        (2_700, 300, 0.06, 0.03),  # a hold-out of a tenth
        (20_000, 20_000, 0.02, 0.004),  # rare conversions, small lift
        (300, 300, 0.40, -0.10),  # a treatment that harms
    ],
)
def test_the_interval_covers_the_planted_lift(n_treated: int, n_control: int, rate: float, lift: float) -> None:
    rng = np.random.default_rng(20261121)

    def drawn(rate_of_treated: float) -> dict[str, float | None]:
        treated, control = (
            {"people": n, "converted": x, "revenue": x, "revenue_squared": x}
            for n, x in (
                (n_treated, rng.binomial(n_treated, rate_of_treated)),
                (n_control, rng.binomial(n_control, rate)),
            )
        )
        return compare(treated, control)

    found = [drawn(rate + lift) for _ in range(SEEDS)]
    covered = sum((row["lift_low"] or -1) <= lift <= (row["lift_high"] or 1) for row in found)
    widths = [(row["lift_high"] or 0) - (row["lift_low"] or 0) for row in found]
    theory = 2 * 1.96 * math.sqrt((rate + lift) * (1 - rate - lift) / n_treated + rate * (1 - rate) / n_control)
    assert 0.91 <= covered / SEEDS <= 0.99
    assert np.mean(widths) == pytest.approx(theory, rel=0.05)
    # Where nothing was done: more seeds, since a rare event among 200 varies by half.
    alarms = sum((drawn(rate).get("p_value") or 1) < 0.05 for _ in range(3 * SEEDS))
    assert 0.02 <= alarms / (3 * SEEDS) <= 0.09


@pytest.mark.slow
def test_the_interval_of_revenue_covers_the_planted_lift() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(SEEDS):
        arms = [
            _arm(name, (rng.random(1_500) < rate) * rng.gamma(2, mean / 2, 1_500), is_control=name == "control")
            for name, rate, mean in (("offer", 0.12, 90.0), ("control", 0.10, 80.0))
        ]
        found = compare(*arms)
        covered += (found["revenue_lift_low"] or 0) <= 0.12 * 90 - 0.10 * 80 <= (found["revenue_lift_high"] or 0)
    assert 0.91 <= covered / SEEDS <= 0.99
