"""What the warehouse values customers by: models of distinct purchase histories, judged by days they have not seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
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
from dagster_project.evaluations import EVALUATIONS_SCHEMA, compared, held_out, is_worse, redrawn
from dagster_project.settings import CustomerValue

MODELS: Mapping[str, type[OrderModel]] = {"paretonbd": ParetoNbd, "mbgnbd": MbgNbd, "bgnbd": BgNbd}
DAYS_OF_MONTH = 365.25 / 12
_HISTORY = ["frequency", "recency_days", "age_days", "recent_orders"]
_AHEAD = (30, 90, 365)
_BASELINES = ("recent_rate", "mean")
_FREQUENCIES = (0, 1, 2, 3)  # the last one and more

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
    not_seen = frames[frames["cut"] == "held_out"].reset_index(drop=True)
    evaluations, served = _evaluate(not_seen, settings, data_end)
    parameters: dict[str, Any] = {}
    scores = SCORES_SCHEMA.empty_table()
    if len(now):
        model = MODELS[settings.model].fit(_as_customers(now))
        parameters[settings.model] = _described(model)
        scores = _score(now, model, served, settings)
    fitted, described = _order_value(order_values)
    return ValuedCustomers(scores, fitted, evaluations, parameters | described)


def alive(statistics: pa.Table, cuts: Sequence[str], settings: CustomerValue) -> pa.Table:
    """The probability that a customer had not stopped buying, by the chosen model of orders as of each of `cuts`: one
    row per cut, frequency, recency_days and age_days, with p_alive. `statistics`: as for `value_customers`."""
    keys = ["cut", *_HISTORY[:3]]
    frames = statistics.to_pandas()
    histories = frames[frames["cut"].isin(cuts)].groupby(keys, as_index=False, sort=True)["customers"].sum()
    found = np.full(len(histories), np.nan)
    for places in histories.groupby("cut", sort=True).indices.values():
        customers = _as_customers(histories.iloc[places])
        found[places] = MODELS[settings.model].fit(customers).p_alive(customers)
    return pa.Table.from_pandas(histories[keys].assign(p_alive=found), preserve_index=False)


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


def _evaluate(histories: pd.DataFrame, settings: CustomerValue, data_end: dt.date) -> tuple[pa.Table, str]:
    """The evaluations, and what the chosen model is served by: `model`, or the name of a baseline."""
    if histories.empty:
        return EVALUATIONS_SCHEMA.empty_table(), "model"
    n, actual = histories["customers"].to_numpy(np.float64), histories["future_orders"].to_numpy(np.float64)
    forecasts: dict[str, Floats] = dict(_baselines(histories, settings.held_out_days))
    customers = _as_customers(histories)
    for name, kind in MODELS.items():
        forecasts[name] = kind.fit(customers).expected_orders(customers, float(settings.held_out_days))
    errors = {name: _errors(forecast, actual) for name, forecast in forecasts.items()}
    measured = {name: _metrics(_weighted(n, each)) for name, each in errors.items()}
    spread = {name: _metrics(sums) for name, sums in _draws(n, errors).items()}
    better = min(_BASELINES, key=lambda name: float(measured[name]["rmse"]))
    chosen = settings.model
    losses = float(measured[chosen]["rmse"]), float(measured[better]["rmse"])
    served = better if is_worse(losses, (spread[chosen]["rmse"], spread[better]["rmse"])) else "model"
    rows: list[dict[str, Any]] = []
    for name in MODELS:
        about = held_out(settings.held_out_days, data_end) | {
            "model": name,
            "baseline": better,
            "served": served if name == chosen else None,
        }
        for metric in ("rmse", "mae", "total_ratio"):
            found = compared(
                (measured[name][metric], measured[better][metric]), (spread[name][metric], spread[better][metric])
            )
            rows.append(about | {"metric": metric, "frequency_band": "all", "n": int(n.sum())} | found)
        rows += [about | row for row in _calibration(forecasts[name], forecasts[better], histories)]
    return pa.Table.from_pylist(rows, schema=EVALUATIONS_SCHEMA), served


def _errors(forecast: Floats, actual: Floats) -> Floats:
    """By history, what sums over customers to the metrics: customers, squared and absolute error, forecast, actual."""
    error = forecast - actual
    return np.column_stack([np.ones(len(actual)), error**2, np.abs(error), forecast, actual])


def _weighted(n: Floats, errors: Floats) -> Floats:
    """Summed over customers, in the same digits on any number of threads."""
    return np.asarray(np.einsum("i,ij->j", n, errors))


def _draws(n: Floats, errors: Mapping[str, Floats]) -> dict[str, Floats]:
    """Each forecast's errors summed over the same customers drawn again, one row per draw."""
    stacked = np.hstack(list(errors.values()))
    drawn = np.array([_weighted(weights, stacked) for weights in redrawn(n)])
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


def _calibration(forecast: Floats, baseline: Floats, histories: pd.DataFrame) -> list[dict[str, Any]]:
    """Forecast / actual orders of the customers of a frequency, the last one standing for more, too."""
    rows = []
    frequency, n = histories["frequency"].to_numpy(), histories["customers"].to_numpy(np.float64)
    actual = histories["future_orders"].to_numpy(np.float64)
    for band in _FREQUENCIES:
        is_last = band == _FREQUENCIES[-1]
        weights = n * (frequency >= band if is_last else frequency == band)
        if not (number := int(weights.sum())):
            continue
        ordered = dot(weights, actual)
        ratios = [dot(weights, each) / ordered if ordered else None for each in (forecast, baseline)]
        rows.append(
            {
                "metric": "calibration",
                "frequency_band": f"{band}+" if is_last else str(band),
                "value": ratios[0],
                "baseline_value": ratios[1],
                "n": number,
            }
        )
    return rows
