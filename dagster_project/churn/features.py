"""What churn is learnt from, in groups that a reason can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dagster_project.evaluations import Floats

# The columns of intermediate.int_churn_features that the model sees, by the reason they make together. Nothing else is
# looked at: an id or a date would be learnt by heart.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "silence": ("days_since_order", "usual_gap_days", "gaps_since_order"),
    "few_purchases": (
        "days_since_first_order",
        "purchases",
        "purchases_year",
        "purchases_recent",
        "purchases_year_before",
    ),
    "spending": ("revenue_year", "order_value", "discount_share"),
    "channels": ("sales_channels", "store_share"),
    "returns": ("cancelled_orders", "refund_share"),
    "service": ("tickets", "open_tickets", "hours_to_solution"),
    "satisfaction": ("last_nps", "last_csat", "last_ces"),
    "visits": ("visits_year", "visits_recent", "days_since_visit"),
    "messages": ("messages_recent", "clicks_recent", "unsubscriptions"),
}
FEATURES: tuple[str, ...] = tuple(feature for group in GROUPS.values() for feature in group)


def matrix(customers: pd.DataFrame) -> Floats:
    """One row per customer, one column per feature, what is not known as NaN. Raises ValueError naming a feature that
    is missing."""
    if missing := [feature for feature in FEATURES if feature not in customers]:
        raise ValueError(f"column '{missing[0]}' is missing: the features of churn are {', '.join(FEATURES)}")
    return customers[list(FEATURES)].to_numpy(dtype=np.float64, na_value=np.nan)


def reference(features: Floats, has_churned: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """A customer who stayed: by feature the median of those who did; NaN where most of them have none."""
    stayed = features[~has_churned]
    known = np.isfinite(stayed)
    median = np.array(
        [np.median(column[there]) if there.any() else np.nan for column, there in zip(stayed.T, known.T, strict=True)]
    )
    return np.where(known.mean(axis=0) >= 0.5, median, np.nan)
