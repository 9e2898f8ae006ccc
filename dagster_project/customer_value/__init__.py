"""What customers are worth: who is still a customer, the orders to expect, and the value of each.

Tables in, tables out: no orchestrator, no engine, no clock. A frame of purchase histories (one row per customer, or per
distinct history with the number `n` of customers sharing it) is fitted by one of three models of orders and by the
Gamma-Gamma model of their values; `clv` turns both into a discounted margin. Building the histories is the warehouse's.
"""

from __future__ import annotations

import pandas as pd

from dagster_project.customer_value.beta_geometric import BgNbd, MbgNbd
from dagster_project.customer_value.gamma_gamma import GammaGamma
from dagster_project.customer_value.margin import clv
from dagster_project.customer_value.pareto_nbd import ParetoNbd
from dagster_project.customer_value.warehouse import ValuedCustomers, alive, value_customers

__all__ = [
    "BgNbd",
    "GammaGamma",
    "MbgNbd",
    "ParetoNbd",
    "ValuedCustomers",
    "alive",
    "clv",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_mbgnbd",
    "fit_paretonbd",
    "value_customers",
]


def fit_bgnbd(customers: pd.DataFrame) -> BgNbd:
    """The BG/NBD model (Fader, Hardie, Lee 2005) of these customers, by maximum likelihood.

    `customers`: one row per customer with frequency (days with a purchase after the first), recency (from the first
    purchase to the last) and T (from the first purchase to the day of observation), both in one unit; or one row per
    distinct history with n, the number of customers. Neither the order of rows nor their grouping changes the result.

    Raises ValueError naming column, row, value and remedy for an empty frame, a missing column, a negative or missing
    value, a fractional frequency, recency above T, or a recency that contradicts frequency. A search without a maximum
    raises nothing: see `fallback` of the model.
    """
    return BgNbd.fit(customers)


def fit_mbgnbd(customers: pd.DataFrame) -> MbgNbd:
    """The MBG/NBD model (Batislam, Denizel, Filiztekin 2007): as the BG/NBD, but one may stop after the first purchase.

    Input, result and errors as for `fit_bgnbd`.
    """
    return MbgNbd.fit(customers)


def fit_paretonbd(customers: pd.DataFrame) -> ParetoNbd:
    """The Pareto/NBD model (Schmittlein, Morrison, Colombo 1987): customers may stop at any moment.

    Input, result and errors as for `fit_bgnbd`.
    """
    return ParetoNbd.fit(customers)


def fit_gamma_gamma(customers: pd.DataFrame) -> GammaGamma:
    """The Gamma-Gamma model (Fader, Hardie 2013) of the value of orders, by maximum likelihood.

    `customers`: one row per customer with frequency (orders that count) and monetary_mean (their mean value, above 0),
    or one per distinct pair with n. Rows of frequency 0 take no part, and their monetary_mean may be missing.

    Raises ValueError as `fit_bgnbd`, and where no frequency is above 0.
    """
    return GammaGamma.fit(customers)
