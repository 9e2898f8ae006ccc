"""Reference lists as the buyers keep them: products, stores and stock, one XLSX workbook a month each."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from dagster_project.simulator.calendar import day_of
from dagster_project.simulator.catalogue import PRODUCTS, catalogue
from dagster_project.simulator.columns import Ints, stream
from dagster_project.simulator.places import stores
from dagster_project.simulator.records import Scene
from dagster_project.simulator.writers import FileKey, Landing


def make_stock(scene: Scene) -> Ints:
    """Pieces at the end of each month. Shape: months x stores x products."""
    rng = stream(scene.world.seed, "stock")
    shape = (len(scene.world.window.month_ends()), len(stores()), PRODUCTS)
    return np.where(rng.random(shape) < 0.06, 0, rng.poisson(14, shape))


def write_reference(scene: Scene, quantity: Ints, landing: Landing) -> None:
    """products_, stores_ and stock_YYYY-MM-DD.xlsx of every month end. `quantity`: as `make_stock` gives it."""
    ends = [int(day) for day in scene.world.window.month_ends()]
    goods = catalogue()
    sku, ean, name = goods.sku.to_pylist(), goods.ean.to_pylist(), goods.name.to_pylist()
    category, brand = goods.category.to_pylist(), goods.brand.to_pylist()
    price, cost, vat = (column.tolist() for column in (goods.price, goods.cost, goods.vat))
    launched = [day_of(day).isoformat() for day in goods.launched_on]

    product_rows = [
        [sku[i], ean[i], name[i], category[i], brand[i], price[i] / 100, cost[i] / 100, vat[i] / 100, launched[i]]
        for i in range(PRODUCTS)
    ]
    header = ["sku", "ean", "name", "category", "brand", "price_ttc", "cost_ht", "vat_rate", "launched_on"]
    landing.write_sheets(
        "products",
        [FileKey(f"products_{day_of(day)}.xlsx", day) for day in ends],
        "Produits",
        header,
        [product_rows] * len(ends),
    )

    store_rows = [list(asdict(store).values()) for store in stores()]
    header = ["store_code", "name", "street", "postal_code", "city", "region", "phone", "opened_on"]
    landing.write_sheets(
        "stores",
        [FileKey(f"stores_{day_of(day)}.xlsx", day) for day in ends],
        "Magasins",
        header,
        [store_rows] * len(ends),
    )

    codes = [store.code for store in stores()]
    sheets = []
    for number, day in enumerate(ends):
        stamp, counts = day_of(day).isoformat(), quantity[number].tolist()
        sheets.append([[code, sku[i], stamp, counts[s][i]] for s, code in enumerate(codes) for i in range(PRODUCTS)])
    header = ["store_code", "sku", "stock_on", "quantity"]
    landing.write_sheets(
        "store_stock", [FileKey(f"stock_{day_of(day)}.xlsx", day) for day in ends], "Stock", header, sheets
    )
