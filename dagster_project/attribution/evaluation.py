"""How near models of attribution come to a known truth: the orders that each channel caused, as only a simulator knows
them. Credits describe who was there; nothing says that any model must come near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

INTERVAL = 0.95
_AT_ONCE = 64


class EvaluationError(ValueError):
    """Tables that cannot be compared; the message names the column and the remedy."""


@dataclass(frozen=True)
class Evaluation:
    """`channels`: one row per channel with a planted effect and model: touch_channel, model, true_share, share (of the
    credit on these channels, 0..1), share_low, share_high, incremental (orders that the channel caused), credited
    (orders), incremental_per_credited (NaN where nothing is credited). `models`: one row per model, the nearest first:
    model, error (sum over channels of |share - true_share|, 0..2), error_low, error_high. Intervals are of 95 %, over
    customers, the truth taken as it is."""

    customers: int
    channels: pd.DataFrame
    models: pd.DataFrame


def evaluate(credited: pd.DataFrame, truth: pd.DataFrame, *, replicates: int = 1000, seed: int = 1) -> Evaluation:
    """Compare `credited` (customer_id, touch_channel, model, orders; rows of one cell add up) with `truth`, one row per
    channel with a planted effect (touch_channel, incremental: the orders lost were the channel switched off, in which
    chance may leave a number below 0, counted as 0).

    Shares are over the channels of `truth`: credit on others is set aside. Intervals come from a Poisson bootstrap:
    each replicate weighs every customer, with all their orders, by a draw from Poisson(1) (Hanley and MacGibbon 2006,
    Creating non-parametric bootstrap samples using Poisson frequencies). Deterministic for a seed, whatever the order
    of rows. Raises EvaluationError when a column is missing, a channel is repeated, or there is nothing to compare.
    """
    for name, frame, columns in (
        ("credited", credited, ("customer_id", "touch_channel", "model", "orders")),
        ("truth", truth, ("touch_channel", "incremental")),
    ):
        if lacking := [column for column in columns if column not in frame.columns]:
            raise EvaluationError(f"{name}: column '{lacking[0]}' is missing; it has {', '.join(frame.columns)}")
    if truth["touch_channel"].duplicated().any():
        twice = truth.loc[truth["touch_channel"].duplicated(), "touch_channel"].iloc[0]
        raise EvaluationError(f"truth: touch_channel {twice!r} is repeated; one row per channel is expected")
    incremental = truth.set_index("touch_channel")["incremental"].clip(lower=0).astype(float).sort_index()
    if not incremental.sum():
        raise EvaluationError("truth: no channel caused an order, so there are no shares to compare with")
    judged = credited[credited["touch_channel"].isin(incremental.index)]
    if not judged["orders"].sum():
        raise EvaluationError(
            f"credited: there is nothing on the channels of the truth, {', '.join(incremental.index)}"
        )

    true_shares = (incremental / incremental.sum()).to_numpy()
    channels = incremental.index
    models = pd.Index(judged["model"].unique()).sort_values()
    customers = pd.Index(judged["customer_id"].unique()).sort_values()
    # Customers by cells, a cell being a model's channel: weights times this are a replicate's credits.
    cells = models.get_indexer(pd.Index(judged["model"])) * len(channels) + channels.get_indexer(
        pd.Index(judged["touch_channel"])
    )
    by_customer = sparse.csr_array(
        (judged["orders"].to_numpy(float), (customers.get_indexer(pd.Index(judged["customer_id"])), cells)),
        shape=(len(customers), len(models) * len(channels)),
    )
    shape = (len(models), len(channels))
    totals = np.asarray(by_customer.sum(axis=0)).reshape(shape)
    shares = _shares(totals)
    drawn = _shares(_resampled(by_customer, replicates, seed).reshape(-1, *shape))
    errors = np.abs(shares - true_shares).sum(axis=1)
    share_low, share_high = _interval(drawn)
    error_low, error_high = _interval(np.abs(drawn - true_shares).sum(axis=2))
    caused = np.tile(incremental.to_numpy(), len(models))
    flat = totals.ravel()
    return Evaluation(
        customers=len(customers),
        channels=pd.DataFrame(
            {
                "touch_channel": np.tile(channels, len(models)),
                "model": np.repeat(models, len(channels)),
                "true_share": np.tile(true_shares, len(models)),
                "share": shares.ravel(),
                "share_low": share_low.ravel(),
                "share_high": share_high.ravel(),
                "incremental": caused,
                "credited": flat,
                "incremental_per_credited": np.divide(caused, flat, out=np.full(len(flat), np.nan), where=flat > 0),
            }
        ),
        models=pd.DataFrame(
            {"model": models, "error": errors, "error_low": error_low, "error_high": error_high}
        ).sort_values(["error", "model"], ignore_index=True),
    )


def _resampled(by_customer: sparse.csr_array, replicates: int, seed: int) -> np.ndarray:
    """Credits by replicate (row) and cell, a batch of replicates at a time: weights of all would not fit in memory."""
    random = np.random.default_rng(seed)
    cells = by_customer.T.tocsr()
    batches = [min(_AT_ONCE, replicates - done) for done in range(0, replicates, _AT_ONCE)]
    return np.concatenate(
        [(cells @ random.poisson(1.0, (by_customer.shape[0], size)).astype(float)).T for size in batches]
    )


def _shares(totals: np.ndarray) -> np.ndarray:
    """Of each model's total, over the last axis; NaN where a model credits nothing."""
    whole = totals.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(totals, whole, out=np.full(totals.shape, np.nan), where=whole > 0))


def _interval(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentiles of replicates (first axis) that leave out the same part at either end."""
    low, high = np.nanquantile(drawn, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0)
    return low, high
