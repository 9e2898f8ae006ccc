"""The known truth: hazards, dropout, experiments. Oracles are closed forms and the parameters."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

from dagster_project.simulator.behaviour import (
    ALPHA,
    BETA,
    DIFFICULT_HAZARD,
    FIRST_BASELINE_SHARE,
    SLOW_HAZARD,
    SLOW_HOURS,
    STORE,
    R,
    S,
    World,
    live,
)
from dagster_project.simulator.calendar import DAY, to_local, weekday, window_of
from dagster_project.simulator.columns import NONE
from dagster_project.simulator.marketing import DIRECT, NEVER, TOUCH_CHANNELS, experiments, season
from dagster_project.simulator.people import make_people


@pytest.fixture(scope="module")
def world() -> World:
    window = window_of(24, dt.date(2026, 10, 31))
    return live(make_people(30_000, window, seed=5), window, seed=5)


def _days_observed(world: World) -> np.ndarray:
    """Days from arrival (or the window's begin) to dropout or the window's end, per person."""
    begin = np.maximum(world.people.arrived_at, world.window.start)
    return np.maximum(np.minimum(world.life.dropout_at, world.window.end) - begin, 0) / DAY


def test_baseline_orders_follow_the_persons_rates(world: World) -> None:
    # Given rate and life, the number of baseline orders is Poisson: their sum has mean and variance sum(rate x days).
    plain = (world.orders.touch == NONE) & ~world.orders.is_first & (world.orders.experiment == NONE)
    expected = float((world.life.rate * _days_observed(world)).sum())
    observed = int(plain.sum())
    # The season has mean one over whole years up to one per cent.
    assert abs(observed - expected) < 4 * np.sqrt(expected) + 0.015 * expected


def test_gamma_parameters_are_recovered_from_baseline_counts(world: World) -> None:
    # Counts of people with known observation time are negative binomial in (r, alpha): maximum likelihood finds them.
    buyers = ~world.people.is_prospect & (_days_observed(world) > 30)
    plain = (world.orders.touch == NONE) & ~world.orders.is_first & (world.orders.experiment == NONE)
    count = np.bincount(world.orders.person[plain], minlength=len(world.people))[buyers]
    days = _days_observed(world)[buyers]

    def loss(logs: np.ndarray) -> float:
        r, alpha = np.exp(logs)
        terms = gammaln(r + count) - gammaln(r) - gammaln(count + 1)
        terms += r * np.log(alpha / (alpha + days)) + count * np.log(days / (alpha + days))
        return -float(terms.sum())

    fit = minimize(loss, np.log([1.0, 100.0]), method="Nelder-Mead")
    r, alpha = np.exp(fit.x)
    assert r == pytest.approx(R, rel=0.08)
    assert alpha == pytest.approx(ALPHA, rel=0.10)


def test_repeat_orders_meet_the_mean_of_the_pareto_nbd(world: World) -> None:
    # E X(t) = r beta / (alpha (s-1)) (1 - (beta / (beta+t))^(s-1)), Schmittlein, Morrison, Colombo (1987), eq. 17.
    people = world.people
    new = ~people.is_prospect & (people.arrived_at >= world.window.start)
    t = (world.window.end - people.arrived_at[new]) / DAY
    expected = float((R * BETA / (ALPHA * (S - 1)) * (1 - (BETA / (BETA + t)) ** (S - 1))).sum())
    plain = (world.orders.touch == NONE) & ~world.orders.is_first & (world.orders.experiment == NONE)
    observed = int(new[world.orders.person[plain]].sum())
    # Dissatisfaction takes a little life away, so the observed count lies just below.
    assert 0.93 * expected < observed < 1.03 * expected


def test_rates_and_lifetimes_have_the_moments_of_their_laws(world: World) -> None:
    buyers = ~world.people.is_prospect
    rate = world.life.rate[buyers]
    assert rate.mean() == pytest.approx(R / ALPHA, rel=0.03)
    assert rate.var() == pytest.approx(R / ALPHA**2, rel=0.12)
    life = (world.life.natural_dropout_at - world.people.arrived_at)[buyers] / DAY
    # Lomax: median beta (2^(1/s) - 1), free of the few very long lives.
    assert float(np.median(life)) == pytest.approx(BETA * (2 ** (1 / S) - 1), rel=0.05)
    assert (world.life.natural_dropout_at[~buyers] == NEVER).all()


def test_shares_of_touch_born_orders_follow_the_effects_of_the_touches(world: World) -> None:
    # First orders apart: each channel's orders are a thinned Poisson sum of its touches' effects.
    touches, orders = world.touches, world.orders
    later = orders.touch[(orders.touch != NONE) & ~orders.is_first]
    # Touches so late that their orders fall behind the window, or made after leaving, cause fewer.
    settled = (touches.at < world.window.end - 40 * DAY) & (
        touches.at + 40 * DAY < world.life.dropout_at[touches.person]
    )
    settled &= touches.origin != 3
    for channel, name in enumerate(TOUCH_CHANNELS):
        mine = settled & (touches.channel == channel)
        expected = float(touches.effect[mine].sum())
        observed = int(mine[later].sum())
        # Survival of forty days is conditioned on, which only the orders' own dissatisfaction disturbs (under 2 %).
        assert abs(observed - expected) < 4 * np.sqrt(expected) + 0.03 * expected + 1, name


def test_direct_visits_cause_nothing(world: World) -> None:
    caused = world.touches.channel[world.orders.touch[world.orders.touch != NONE]]
    assert DIRECT not in caused
    assert (world.touches.effect[world.touches.channel == DIRECT] == 0).all()


def test_a_cause_precedes_its_order_and_belongs_to_the_same_person(world: World) -> None:
    orders, touches = world.orders, world.touches
    for column in (orders.touch, orders.visit):
        row = np.flatnonzero(column != NONE)
        assert (touches.at[column[row]] < orders.at[row]).all()
        assert (touches.person[column[row]] == orders.person[row]).all()
    row = np.flatnonzero(world.contacts.touch != NONE)
    assert (touches.at[world.contacts.touch[row]] <= world.contacts.at[row]).all()
    row = np.flatnonzero(world.contacts.order != NONE)
    assert (orders.person[world.contacts.order[row]] == world.contacts.person[row]).all()


def test_nobody_orders_before_arriving_after_leaving_or_outside_the_window(world: World) -> None:
    orders, people = world.orders, world.people
    assert (orders.at < world.life.dropout_at[orders.person]).all()
    assert (orders.at >= people.arrived_at[orders.person] - 10 * 3600).all()
    assert (orders.at >= world.window.start).all()
    assert (orders.at < world.window.end).all()
    assert not people.is_prospect[orders.person].any()
    assert (orders.channel[people.is_anonymous[orders.person]] == STORE).all()


def test_stores_sell_while_they_are_open(world: World) -> None:
    local = to_local(world.orders.at[world.orders.channel == STORE])
    assert ((local % DAY >= 10 * 3600) & (local % DAY <= 19.5 * 3600)).all()
    assert (weekday(local // DAY) != 7).all()


def test_first_orders_are_born_of_the_baseline_in_the_stated_share(world: World) -> None:
    first = world.orders.is_first & ~world.people.is_anonymous[world.orders.person]
    share = float((world.orders.touch[first] == NONE).mean())
    assert share == pytest.approx(FIRST_BASELINE_SHARE, abs=4 * np.sqrt(0.25 / first.sum()))


def test_difficult_and_slow_contacts_raise_dropout_by_their_hazard(world: World) -> None:
    contacts = world.contacts
    about_something = contacts.topic != 6
    hazard = DIFFICULT_HAZARD * (contacts.ease <= 3) + SLOW_HAZARD * (contacts.solve_hours > SLOW_HOURS)
    assert (contacts.hazard == np.where(about_something, hazard, 0)).all()
    assert not contacts.caused_dropout[contacts.hazard == 0].any()
    end = world.life.natural_dropout_at[contacts.person]
    # People who would have stayed past the contact's end leave with probability 1 - exp(-hazard).
    stay = (contacts.hazard > 0) & (contacts.at + 40 * DAY < end)
    expected = 1 - np.exp(-contacts.hazard[stay])
    observed = int(contacts.caused_dropout[stay].sum())
    assert abs(observed - expected.sum()) < 4 * np.sqrt((expected * (1 - expected)).sum()) + 0.05 * expected.sum()
    struck = contacts.person[contacts.caused_dropout]
    assert (world.life.dropout_at[struck] < world.life.natural_dropout_at[struck]).all()
    assert len(np.unique(struck)) == len(struck)


def test_experiments_cause_orders_of_the_treated_only(world: World) -> None:
    orders, exposures = world.orders, world.exposures
    for number, test in enumerate(experiments(world.window)):
        mine = exposures.experiment == number
        treated = set(exposures.person[mine & exposures.is_treated].tolist())
        extra = orders.person[orders.experiment == number]
        assert len(extra) > 20
        assert set(extra.tolist()) <= treated
        share = exposures.is_treated[mine].mean()
        assert abs(share - 0.5) < 4 * np.sqrt(0.25 / mine.sum())
        unit = exposures.person[mine] * 2 + exposures.is_second[mine]
        assert len(np.unique(unit)) == mine.sum()
        assert test.first_day >= world.window.first


def test_the_season_has_mean_one_over_a_year() -> None:
    window = window_of(12, dt.date(2026, 10, 31))
    noon = np.arange(window.start + DAY // 2, window.end, DAY)
    assert float(season(noon).mean()) == pytest.approx(1.0, abs=0.01)
