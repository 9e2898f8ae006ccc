"""What a customer's coming orders are worth today."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dagster_project.customer_value.histories import Floats


def clv(
    expected_orders: ArrayLike, order_value: ArrayLike, *, margin_rate: float, yearly_discount_rate: float
) -> Floats:
    """The discounted margin of the orders to come, per customer, in the unit of `order_value`.

    `expected_orders`: one row per customer, one column per month: orders expected from now to the end of that month,
    as `expected_orders(customers, month_ends)` gives them; the number of columns is the horizon. `order_value`: one
    per customer. `margin_rate`: margin / value of an order, in [0, 1]. The margin of month i counts at its end, divided
    by (1 + yearly_discount_rate)^(i/12), as Fader, Hardie, Lee (2005), RFM and CLV (J. Marketing Research 42, pp.
    415-430) discount by periods.

    Raises ValueError where shapes disagree, a rate is out of range, or expected orders fall from one month to the next.
    """
    orders, value = np.asarray(expected_orders, dtype=np.float64), np.asarray(order_value, dtype=np.float64)
    if orders.ndim != 2 or value.shape != orders.shape[:1]:
        raise ValueError(
            f"clv: expected_orders has shape {orders.shape} and order_value {value.shape}; "
            "give one row per customer and one column per month, and one value per customer"
        )
    if not 0 <= margin_rate <= 1:
        raise ValueError(f"clv: margin_rate is {margin_rate}; it is margin / value, between 0 and 1")
    if not (np.isfinite(yearly_discount_rate) and yearly_discount_rate >= 0):
        raise ValueError(f"clv: yearly_discount_rate is {yearly_discount_rate}; 0.1 is ten percent a year")
    each_month = np.diff(orders, axis=1, prepend=0.0)
    if (each_month < -1e-9).any():
        row, month = np.argwhere(each_month < -1e-9)[0]
        raise ValueError(
            f"clv: expected_orders falls in row {row}, month {month + 1}; columns count from now to each month's end"
        )
    discount = (1 + yearly_discount_rate) ** (-np.arange(1, orders.shape[1] + 1) / 12)
    return np.asarray(each_month @ discount * value * margin_rate)
