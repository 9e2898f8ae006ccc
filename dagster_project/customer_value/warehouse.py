"""What the warehouse values customers by: models of distinct purchase histories, judged by days they have not seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.customer_value.beta_geometric import BgNbd, MbgNbd
from dagster_project.customer_value.gamma_gamma import GammaGamma
from dagster_project.customer_value.histories import Floats, dot
from dagster_project.customer_value.margin import clv
from dagster_project.customer_value.model import Model, OrderModel
from dagster_project.customer_value.pareto_nbd import ParetoNbd
from dagster_project.settings import CustomerValue

MODELS: Mapping[str, type[OrderModel]] = {"paretonbd": ParetoNbd, "mbgnbd": MbgNbd, "bgnbd": BgNbd}
DAYS_OF_MONTH = 365.25 / 12
_HISTORY = ["frequency", "recency_days", "age_days", "recent_orders"]
_AHEAD = (30, 90, 365)
_BASELINES = ("recent_rate", "mean")
_FREQUENCIES = (0, 1, 2, 3)  # the last one and more
_DRAWS, _SEED = 200, 20_260_101  # of the bootstrap
_WORSE = 2.0  # standard errors

SCORES_SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in _HISTORY),
        ("p_alive", pa.float64()),
        *((f"expected_orders_{days}d", pa.float64()) for days in _AHEAD),
        ("discounted_orders_12m", pa.float64()),
        ("discounted_orders", pa.float64()),
        ("served", pa.string()),
    ]
)
ORDER_VALUE_SCHEMA = pa.schema([("p", pa.float64()), ("q", pa.float64()), ("gamma", pa.float64())])
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


@dataclass(frozen=True)
class ValuedCustomers:
    """`scores` (SCORES_SCHEMA): one row per distinct history now. `order_value` (ORDER_VALUE_SCHEMA): the parameters of
    the Gamma-Gamma model, no row where nobody bought again. `evaluations` (EVALUATIONS_SCHEMA): one row per model,
    metric and frequency band. `parameters`: of the models served, as JSON values."""

    scores: pa.Table
    order_value: pa.Table
    evaluations: pa.Table
    parameters: dict[str, Any]


def value_customers(
    statistics: pa.Table, order_values: pa.Table, settings: CustomerValue, *, data_end: dt.date
) -> ValuedCustomers:
    """Judge the models of orders on the last `settings.held_out_days` to `data_end`, fit the chosen one to all of the
    data, and score every history.

    `statistics`: one row per cut (`now`, `held_out`), frequency, recency_days, age_days, recent_orders (in the
    held_out_days to the cut) and future_orders (after it), with the number of customers. `order_values`: one row per
    number of repeat purchases of a value and their sum, with the number of customers. Neither depends on its order.

    Where the chosen model's error on held-out days is larger than that of the better baseline (the customer's own
    recent rate, or the mean of all) by more than two standard errors of the difference, orders are expected by that
    baseline: `served` says so, and p_alive, which no baseline knows, is null.
    """
    frames = statistics.to_pandas().sort_values(["cut", *_HISTORY, "future_orders"], ignore_index=True)
    now = frames[frames["cut"] == "now"].groupby(_HISTORY, as_index=False, sort=True)["customers"].sum()
    held_out = frames[frames["cut"] == "held_out"].reset_index(drop=True)
    evaluations, served = _evaluate(held_out, settings, data_end)
    parameters: dict[str, Any] = {}
    scores = SCORES_SCHEMA.empty_table()
    if len(now):
        model = MODELS[settings.model].fit(_as_customers(now))
        parameters[settings.model] = _described(model)
        scores = _score(now, model, served, settings)
    fitted, described = _order_value(order_values)
    return ValuedCustomers(scores, fitted, evaluations, parameters | described)


def _as_customers(histories: pd.DataFrame) -> pd.DataFrame:
    names = {"recency_days": "recency", "age_days": "T", "customers": "n"}
    return histories.rename(columns=names)[["frequency", "recency", "T", "n"]]


def _described(model: Model) -> dict[str, Any]:
    return {
        "parameters": {name: float(f"{value:.6g}") for name, value in model.params.items()},
        "standard_errors": {
            name: float(f"{error:.3g}") if np.isfinite(error) else None for name, error in model.standard_errors.items()
        },
        "log_likelihood": round(model.log_likelihood, 3),
        "fallback": model.fallback,
    }


def _score(now: pd.DataFrame, model: OrderModel, served: str, settings: CustomerValue) -> pa.Table:
    customers = _as_customers(now)
    months = np.arange(1, max(12, settings.horizon_months) + 1) * DAYS_OF_MONTH
    times = np.concatenate([_AHEAD, months])
    if served == "model":
        alive: Floats = model.p_alive(customers)
        expected = model.expected_orders(customers, times)
    else:
        alive = np.full(len(now), np.nan)
        rates = _baselines(now, settings.held_out_days)[served]
        expected = np.outer(rates / settings.held_out_days, times)
    ahead, monthly = expected[:, : len(_AHEAD)], expected[:, len(_AHEAD) :]

    def discounted(number: int) -> Floats:
        return clv(
            monthly[:, :number],
            np.ones(len(now)),
            margin_rate=1.0,
            yearly_discount_rate=settings.yearly_discount_rate,
        )

    columns = {name: now[name].to_numpy() for name in _HISTORY} | {
        "p_alive": pa.array(alive, from_pandas=True),
        **{f"expected_orders_{days}d": ahead[:, place] for place, days in enumerate(_AHEAD)},
        "discounted_orders_12m": discounted(12),
        "discounted_orders": discounted(settings.horizon_months),
        "served": np.full(len(now), served, dtype=object),
    }
    return pa.table(columns).cast(SCORES_SCHEMA)


def _order_value(order_values: pa.Table) -> tuple[pa.Table, dict[str, Any]]:
    frame = order_values.to_pandas().astype({"valued_revenue": float})
    if frame.empty:
        return ORDER_VALUE_SCHEMA.empty_table(), {}
    frame = frame.sort_values(["valued_orders", "valued_revenue"], ignore_index=True)
    mean = frame["valued_revenue"] / frame["valued_orders"]
    customers = pd.DataFrame({"frequency": frame["valued_orders"], "monetary_mean": mean, "n": frame["customers"]})
    model = GammaGamma.fit(customers)
    described = _described(model) | {
        # The model takes the two for independent (Fader, Hardie, Lee 2005, RFM and CLV).
        "correlation_of_frequency_and_value": _correlation(customers)
    }
    return pa.Table.from_pylist([dict(model.params)], schema=ORDER_VALUE_SCHEMA), {"gamma_gamma": described}


def _correlation(customers: pd.DataFrame) -> float | None:
    covariance = np.cov(customers[["frequency", "monetary_mean"]].T, fweights=customers["n"], bias=True)
    scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return round(float(covariance[0, 1] / scale), 4) if scale > 0 else None


def _baselines(histories: pd.DataFrame, days: int) -> dict[str, Floats]:
    """Orders to expect in as many days: as many as the customer's last `days` had, and their mean over all."""
    recent, n = histories["recent_orders"].to_numpy(np.float64), histories["customers"].to_numpy(np.float64)
    observed = np.minimum(days, histories["age_days"].to_numpy(np.float64) + 1)
    # Who came later than that is measured over their own days.
    mean = dot(n, recent) / dot(n, observed) * days
    return {"recent_rate": recent, "mean": np.full(len(recent), mean)}


def _evaluate(held_out: pd.DataFrame, settings: CustomerValue, data_end: dt.date) -> tuple[pa.Table, str]:
    """The evaluations, and what the chosen model is served by: `model`, or the name of a baseline."""
    if held_out.empty:
        return EVALUATIONS_SCHEMA.empty_table(), "model"
    n, actual = held_out["customers"].to_numpy(np.float64), held_out["future_orders"].to_numpy(np.float64)
    forecasts: dict[str, Floats] = dict(_baselines(held_out, settings.held_out_days))
    histories = _as_customers(held_out)
    for name, kind in MODELS.items():
        forecasts[name] = kind.fit(histories).expected_orders(histories, float(settings.held_out_days))
    errors = {name: _errors(forecast, actual) for name, forecast in forecasts.items()}
    measured = {name: _metrics(_weighted(n, each)) for name, each in errors.items()}
    spread = {name: _metrics(sums) for name, sums in _draws(n, errors).items()}
    better = min(_BASELINES, key=lambda name: float(measured[name]["rmse"]))
    about = {
        "held_out_from": data_end - dt.timedelta(days=settings.held_out_days - 1),
        "held_out_until": data_end,
        "evaluated_at": dt.datetime.combine(data_end, dt.time()),
    }
    rows: list[dict[str, Any]] = []
    chosen = "model"
    for name in MODELS:
        difference = float(measured[name]["rmse"] - measured[better]["rmse"])
        error = float(np.std(spread[name]["rmse"] - spread[better]["rmse"], ddof=1))
        served = better if difference > _WORSE * error else "model"
        if name == settings.model:
            chosen = served
        for metric in ("rmse", "mae", "total_ratio"):
            gap, gaps = (of[name][metric] - of[better][metric] for of in (measured, spread))
            rows.append(
                about
                | {
                    "model": name,
                    "metric": metric,
                    "frequency_band": "all",
                    "value": _finite(measured[name][metric]),
                    "standard_error": _finite(np.std(spread[name][metric], ddof=1)),
                    "baseline": better,
                    "baseline_value": _finite(measured[better][metric]),
                    "difference": _finite(gap),
                    "difference_standard_error": _finite(np.std(gaps, ddof=1)),
                    "n": int(n.sum()),
                    "served": served if name == settings.model else None,
                }
            )
        shown = about | {"served": rows[-1]["served"]}
        rows += [shown | row for row in _calibration(name, better, forecasts, held_out)]
    table = pa.Table.from_pylist(rows, schema=EVALUATIONS_SCHEMA)
    return table, chosen


def _errors(forecast: Floats, actual: Floats) -> Floats:
    """By history, what sums over customers to the metrics: customers, squared and absolute error, forecast, actual."""
    error = forecast - actual
    return np.column_stack([np.ones(len(actual)), error**2, np.abs(error), forecast, actual])


def _weighted(n: Floats, errors: Floats) -> Floats:
    """Summed over customers, in the same digits on any number of threads."""
    return np.asarray(np.einsum("i,ij->j", n, errors))


def _draws(n: Floats, errors: Mapping[str, Floats]) -> dict[str, Floats]:
    """Each forecast's errors summed over the same customers drawn again, one row per draw: Poisson weights, the
    bootstrap of rows that stand for many (Chamandy et al. 2012, Estimating uncertainty for massive data streams)."""
    rng = np.random.default_rng(_SEED)
    stacked = np.hstack(list(errors.values()))
    drawn = np.array([_weighted(rng.poisson(n).astype(np.float64), stacked) for _ in range(_DRAWS)])
    return dict(zip(errors, np.split(drawn, len(errors), axis=1), strict=True))


def _metrics(sums: Floats) -> dict[str, Floats]:
    """RMSE and MAE per customer, and forecast / actual orders in total, of sums in the last axis."""
    number, squared, absolute, forecast, actual = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "rmse": np.sqrt(squared / number),
            "mae": absolute / number,
            "total_ratio": np.where(actual > 0, forecast / actual, np.nan),
        }


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _calibration(
    name: str, better: str, forecasts: Mapping[str, Floats], held_out: pd.DataFrame
) -> list[dict[str, Any]]:
    """Forecast / actual orders of the customers of a frequency, the last one standing for more, too."""
    rows = []
    frequency, n = held_out["frequency"].to_numpy(), held_out["customers"].to_numpy(np.float64)
    actual = held_out["future_orders"].to_numpy(np.float64)
    for band in _FREQUENCIES:
        is_last = band == _FREQUENCIES[-1]
        weights = n * (frequency >= band if is_last else frequency == band)
        if not (number := int(weights.sum())):
            continue
        ordered = dot(weights, actual)
        ratios = [dot(weights, forecasts[each]) / ordered if ordered else None for each in (name, better)]
        rows.append(
            {
                "model": name,
                "metric": "calibration",
                "frequency_band": f"{band}+" if is_last else str(band),
                "value": ratios[0],
                "baseline": better,
                "baseline_value": ratios[1],
                "n": number,
            }
        )
    return rows
