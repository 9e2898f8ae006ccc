"""Personas: planted kinds of customers are found, and keep their numbers while everything around them moves."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagster_project.segments import find_personas
from dagster_project.segments.personas import FEATURES, PERSONAS_SCHEMA

MONTHS = [dt.date(year, 10, 1) for year in (2024, 2025, 2026)]
# Regulars of the stores, hunters of bargains at a distance, and the rest: far apart in some features, alike in others.
CENTRES = np.array([[2.0, 3.0, 0.9, 0.1, 3], [0.5, 3.0, 0.1, 0.7, 3], [0.0, 3.0, 0.5, 0.1, 1]])
SHARES = (200, 120, 400)
BY_SIZE = [2, 0, 1]
# Deviations of log_purchases, by hand: mean (200 x 2 + 120 x .5) / 720 = .64, mean square (200 x 4 + 120 x .25) / 720 =
# 1.15, deviation .863 (.867 with the noise): +1.6, -.2, -.7. So in stores +1.3, -1.6, -.2; discounts -.4, +2.1, -.4;
# categories +1.1, +1.1, -.9; baskets are alike.
NAMES = ["few categories, occasional", "frequent, more in stores", "more discounts, less in stores"]
SET_APART_BY = [
    "few categories (-0.9), occasional (-0.7)",
    "frequent (+1.6), more in stores (+1.3), many categories (+1.1)",
    "more discounts (+2.1), less in stores (-1.6), many categories (+1.1)",
]


def customers(
    month: dt.date, seed: int, centres: np.ndarray = CENTRES, shares: tuple[int, ...] = SHARES, noise: float = 0.08
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(centres)), shares)
    values = centres[kind] + rng.normal(0, noise, (len(kind), len(FEATURES)))
    frame = pd.DataFrame(values, columns=list(FEATURES))
    return frame.assign(month=month, customer_id=[f"c{number:05}" for number in rng.permutation(len(kind))])


def found(*frames: pd.DataFrame, number: int = 3) -> pd.DataFrame:
    schema = pa.schema(
        [("month", pa.date32()), ("customer_id", pa.string()), *((feature, pa.float64()) for feature in FEATURES)]
    )
    personas = find_personas(pa.Table.from_pandas(pd.concat(frames), schema, preserve_index=False), number)
    assert personas.schema == PERSONAS_SCHEMA
    return personas.to_pandas()


def centres_of(personas: pd.DataFrame) -> np.ndarray:
    return personas[list(FEATURES)].to_numpy()


def test_planted_kinds_are_found_and_named_and_the_largest_comes_first() -> None:
    frame = customers(MONTHS[0], 1)
    personas = found(frame)
    assert personas["persona"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(centres_of(personas), CENTRES[BY_SIZE], atol=0.03)
    assert personas["persona_name"].tolist() == NAMES
    assert personas["set_apart_by"].tolist() == SET_APART_BY
    for feature in FEATURES:
        assert personas[f"{feature}_deviation"].unique() == pytest.approx(frame[feature].std(ddof=0), abs=1e-8)


def test_at_an_anniversary_personas_keep_their_numbers_and_the_names_that_still_hold() -> None:
    # Regulars are now the most, everybody buys more often, and regulars less in stores than they did, but still more
    # than others.
    moved = CENTRES + np.array([[0.3, 0, -0.2, 0, 0.5], [0.3, 0, 0, 0.1, 0], [0.3, 0, 0, 0, 0]])
    personas = found(customers(MONTHS[0], 1), customers(MONTHS[1], 2, moved, (500, 120, 300)))
    assert personas["persona"].tolist() == [1, 2, 3] * 2
    np.testing.assert_allclose(centres_of(personas)[3:], moved[BY_SIZE], atol=0.03)
    assert personas["persona_name"].tolist() == NAMES * 2
    assert personas["fitted_month"].tolist() == [MONTHS[0]] * 3 + [MONTHS[1]] * 3


def test_a_name_that_says_what_no_longer_holds_is_replaced() -> None:
    # The regulars went online, where the hunters are: -1.1 deviations, and their second is now categories.
    moved = np.array([[2.0, 3.0, 0.1, 0.1, 3], *CENTRES[1:]])
    names = found(customers(MONTHS[0], 1), customers(MONTHS[1], 2, moved))["persona_name"].tolist()
    assert names[:3] == NAMES
    assert names[3] == NAMES[0]
    assert names[4] == "frequent, many categories"
    # Of what sets the hunters apart, discounts still come first, but stores no longer do: .9 deviations below the mean.
    assert names[5] == NAMES[2]


def test_personas_set_apart_by_the_same_bear_a_number() -> None:
    # Log_purchases: mean 340 / 1030 = .33, deviation .93; those at 0 lie .36 below, less than half of one.
    centres = np.array([[0, 3, 0.5, 0.1, 2], [2, 3, 0.5, 0.1, 2], [4, 3, 0.5, 0.1, 2]])
    personas = found(customers(MONTHS[0], 1, centres, (900, 90, 40), noise=0))
    assert personas["persona_name"].tolist() == ["average", "frequent", "frequent (2)"]
    assert personas["set_apart_by"].tolist() == ["average", "frequent (+1.8)", "frequent (+4.0)"]


def test_the_same_words_in_another_order_are_no_other_name() -> None:
    # Categories 2.5 and 4: mean 1.21, deviation .67, so +1.9 and +4.2; purchases 3 and 2: mean .26, deviation .80, so
    # +3.4 and +2.2.
    centres = np.array([[0, 3, 0.5, 0.1, 1], [3, 3, 0.5, 0.1, 2.5], [2, 3, 0.5, 0.1, 4]])
    names = found(customers(MONTHS[0], 1, centres, (900, 60, 40), noise=0))["persona_name"]
    assert names.tolist() == ["average", "frequent, many categories", "many categories, frequent (2)"]


def test_a_persona_that_nobody_is_nearest_to_stays_where_it_was() -> None:
    personas = found(customers(MONTHS[0], 1), customers(MONTHS[1], 2, CENTRES, (200, 0, 400)))
    np.testing.assert_allclose(centres_of(personas)[5], centres_of(personas)[2], atol=1e-6)
    np.testing.assert_allclose(centres_of(personas)[3:5], CENTRES[BY_SIZE[:2]], atol=0.03)


def test_later_months_change_nothing_about_earlier_ones_nor_does_the_order_of_rows() -> None:
    months = [customers(month, seed) for seed, month in enumerate(MONTHS)]
    some, all_ = found(*months[:2]), found(*months)
    pd.testing.assert_frame_equal(some, all_[all_["fitted_month"].isin(MONTHS[:2])])
    pd.testing.assert_frame_equal(found(pd.concat(months).sample(frac=1, random_state=5)), all_)


def test_the_last_bits_of_the_features_make_no_other_persona() -> None:
    frame = customers(MONTHS[0], 1)
    other = frame.assign(**{feature: frame[feature] * (1 + 2**-50) for feature in FEATURES})
    assert (other != frame)[list(FEATURES)].any(axis=None)
    pd.testing.assert_frame_equal(found(other), found(frame), check_exact=True)


def test_no_customers_have_no_personas() -> None:
    assert found(customers(MONTHS[0], 1).head(0)).empty


def test_customers_who_are_all_alike_have_personas_of_one_kind() -> None:
    alike = customers(MONTHS[0], 1)
    alike[list(FEATURES)] = CENTRES[0]
    personas = found(alike, alike.assign(month=MONTHS[1]))
    np.testing.assert_allclose(centres_of(personas), np.tile(CENTRES[0], (6, 1)))
    assert personas["persona_name"].tolist() == ["average", "average (2)", "average (3)"] * 2


@pytest.mark.parametrize("number", [2, 5])
def test_there_are_as_many_as_asked_for(number: int) -> None:
    personas = found(customers(MONTHS[0], 1), customers(MONTHS[1], 2), number=number)
    assert personas["persona"].tolist() == list(range(1, number + 1)) * 2
    assert not personas[["fitted_month", "persona_name"]].duplicated().any()
