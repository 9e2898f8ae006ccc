"""Purchase histories: those of CDNOW's customers, and the yardstick that ships them."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

LIFETIMES = Path(os.environ.get("OMNIVUE_LIFETIMES", ""))
WEEK = 7


@pytest.fixture(scope="session")
def lifetimes() -> Iterator[ModuleType]:
    """The package of that name, an independent implementation of the same papers."""
    if not (LIFETIMES / "lifetimes").is_dir():
        pytest.skip("set OMNIVUE_LIFETIMES to a folder with lifetimes 0.11.3 installed (make test does)")
    # Last on the path, so that of what lies beside it only what is missing here is taken.
    sys.path.append(str(LIFETIMES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield importlib.import_module("lifetimes")
    sys.path.remove(str(LIFETIMES))


@pytest.fixture(scope="session")
def cdnow(lifetimes: ModuleType) -> pd.DataFrame:
    """One row per customer, in the order of their numbers: frequency, recency and T in weeks until 1997-09-30, and the
    mean spend per day with a purchase after the first. Purchases of one day are one."""
    file = Path(str(lifetimes.__file__)).parent / "datasets" / "CDNOW_sample.txt"
    lines = pd.read_csv(file, sep=r"\s+", header=None, names=["master", "customer", "day", "cds", "spend"])
    lines["day"] = pd.to_datetime(lines["day"].astype(str))
    until = pd.Timestamp("1997-09-30")
    days = lines[lines["day"] <= until].groupby(["customer", "day"], as_index=False)["spend"].sum()
    first, last = (days.groupby("customer")["day"].agg(name) for name in ("min", "max"))
    repeats = days[days["day"] > days["customer"].map(first)]
    return pd.DataFrame(
        {
            "frequency": days.groupby("customer").size() - 1,
            "recency": (last - first).dt.days / WEEK,
            "T": (until - first).dt.days / WEEK,
            "monetary_mean": repeats.groupby("customer")["spend"].mean(),
        }
    )
