"""Costs outside the ad platforms (events, content, agency, marketplace commission, what running a channel costs), the
plan of the experiments and their exposures.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import MARKETPLACE
from dagster_project.simulator.calendar import cents_text, date_text, day_of, local_day, to_utc, utc_text
from dagster_project.simulator.columns import Ints, choose, constant, joined, numbers, padded, pick, stream
from dagster_project.simulator.marketing import CHAT, PHONE, PUSH, SMS, experiments, mailings
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.sales import LATER
from dagster_project.simulator.writers import Dialect, FileKey, Landing

# category, touch channel, campaign, share of a month's budget, purpose
_POSTS = (
    ("event", None, None, 0.24, "brand"),
    ("event", "organic_social", "SOC-INSPIRATION", 0.06, "acquisition"),
    ("content", "organic_search", None, 0.16, "acquisition"),
    ("content", "organic_social", None, 0.14, "brand"),
    ("content", "email", None, 0.08, "retention"),
    ("content", "referral", None, 0.05, "acquisition"),
    ("agency", "paid_search", None, 0.12, "acquisition"),
    ("agency", "paid_social", None, 0.08, "acquisition"),
    ("agency", "affiliate", "AFF-31", 0.05, "acquisition"),
    ("agency", "sms", None, 0.02, "retention"),
)
COMMISSION = 0.12
# channel, cents a month for its tool and cents per call, chat, push visit or SMS sent
_RUNNING = (("phone", 9_000, 640), ("chat", 6_000, 390), ("push", 4_500, 1), ("sms", 1_500, 5))
_SITE_HYPOTHESIS = "Un tunnel d'achat en une page fait commander davantage."
_MAIL_HYPOTHESIS = "La relance par e-mail fait revenir des clients qui ne seraient pas revenus."


def write_costs(scene: Scene, landing: Landing) -> None:
    """couts_YYYY-MM-DD.csv, monthly: ten budget posts, the marketplace's commission, and the running cost of phone,
    chat, push and SMS, which accounting numbers apart."""
    world, bills = scene.world, scene.sales.bills
    rng = stream(world.seed, "costs")
    ends = world.window.month_ends()
    per_month = len(_POSTS) + 1
    budget = 90 * len(world.people) // 24  # cents; about ninety cents a customer over two years
    month = np.repeat(np.arange(len(ends)), per_month)
    post = np.tile(np.arange(per_month), len(ends))
    share = np.array([*(entry[3] for entry in _POSTS), 0.0])
    amount = np.rint(budget * share[post] * rng.uniform(0.7, 1.3, len(post))).astype(np.int64) + 1_500
    sold = (world.orders.channel == MARKETPLACE) & (bills.cancelled_at == LATER)
    of_month = np.searchsorted(ends, local_day(world.orders.at))
    takings = np.bincount(of_month[sold], weights=bills.total[sold] * COMMISSION, minlength=len(ends))
    amount = np.where(post == len(_POSTS), np.rint(takings[month]).astype(np.int64), amount)
    own_number = np.arange(len(post)) + 1
    month = np.r_[month, np.repeat(np.arange(len(ends)), len(_RUNNING))]
    post = np.r_[post, np.tile(np.arange(len(_RUNNING)) + per_month, len(ends))]
    number = np.r_[own_number, np.arange(len(ends) * len(_RUNNING)) + 1]
    amount = np.r_[amount, _running_costs(scene, ends).ravel()]
    order = np.lexsort((post, month))
    month, post, number, amount = month[order], post[order], number[order], amount[order]
    first = (ends.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    files = [FileKey(f"couts_{day_of(int(day))}.csv", int(day)) for day in ends]
    running = [channel for channel, *_ in _RUNNING]
    categories = [*(entry[0] for entry in _POSTS), "marketplace_commission", *["running"] * len(running)]
    channels = pa.array([*(entry[1] for entry in _POSTS), None, *running], pa.string())
    campaigns = pa.array([*(entry[2] for entry in _POSTS), None, *[None] * len(running)], pa.string())
    purposes = [*(entry[4] for entry in _POSTS), "retention", *["retention"] * len(running)]

    def cells(rows: Ints) -> Cells:
        kind = post[rows]
        return {
            "cost_id": joined(choose(kind >= per_month, "R", "C"), padded(number[rows], 6)),
            "month": date_text(first[month[rows]], "dd/MM/yyyy"),
            "category": pick(pa.array(categories), kind),
            "touch_channel": pick(channels, kind),
            "campaign_id": pick(campaigns, kind),
            "amount": cents_text(amount[rows], ","),
            "currency": constant("EUR", len(rows)),
            "spend_purpose": pick(pa.array(purposes), kind),
        }

    landing.write_text("other_costs", files, month, cells, Dialect(delimiter=";"))


def _running_costs(scene: Scene, ends: Ints) -> Ints:
    """Cents by month and channel of `_RUNNING`: its tool, and each time it was used."""
    world = scene.world
    sms = np.array([mailing.channel for mailing in mailings(world.window, world.seed)])[world.sends.mailing] == SMS
    used_at = {
        "phone": world.touches.at[world.touches.channel == PHONE],
        "chat": world.touches.at[world.touches.channel == CHAT],
        "push": world.touches.at[world.touches.channel == PUSH],
        "sms": world.sends.at[sms],
    }
    uses = [
        np.bincount(np.searchsorted(ends, local_day(used_at[channel])), minlength=len(ends))[: len(ends)]
        for channel, *_ in _RUNNING
    ]
    fixed, each = (np.array([entry[place] for entry in _RUNNING]) for place in (1, 2))
    cents: Ints = fixed + np.transpose(uses) * each
    return cents


def write_plans(scene: Scene, landing: Landing) -> None:
    """experiment_plans_YYYY-MM-DD.csv, every sixth month: every test planned, run or not. What a team plans and what
    comes differ: about a tenth."""
    window = scene.world.window
    tests, ends = experiments(window), window.month_ends()[::6]
    came = np.bincount(scene.world.exposures.experiment, minlength=len(tests))
    planned = np.maximum(10, np.rint(came * np.resize([1.1, 0.9, 1.0], len(tests)) / 10).astype(np.int64) * 10)
    first = np.array([test.first_day for test in tests])
    after = np.array([test.last_day for test in tests]) + 1
    midnight = np.zeros(len(tests), dtype=np.int64)
    hypotheses = [_MAIL_HYPOTHESIS if test.unit_type == "email" else _SITE_HYPOTHESIS for test in tests]
    files = [FileKey(f"experiment_plans_{day_of(int(end))}.csv", int(end)) for end in ends]

    def cells(rows: Ints) -> Cells:
        which = rows % len(tests)
        return {
            "experiment_id": pick(pa.array([test.id for test in tests]), which),
            "experiment_name": quoted(pick(pa.array([test.name for test in tests]), which)),
            "hypothesis": quoted(pick(pa.array(hypotheses), which)),
            "unit_type": pick(pa.array([test.unit_type for test in tests]), which),
            "control": pick(pa.array([test.control for test in tests]), which),
            "treatment": pick(pa.array([test.treated for test in tests]), which),
            "planned_units": numbers(planned[which]),
            "starts_at": utc_text(to_utc(first, midnight)).take(pa.array(which)),
            "ends_at": utc_text(to_utc(after, midnight)).take(pa.array(which)),
        }

    landing.write_text("experiment_plans", files, np.repeat(np.arange(len(ends)), len(tests)), cells, Dialect())


def write_exposures(scene: Scene, landing: Landing) -> None:
    """experiment_exposures_YYYY-MM-DD.csv, monthly: each unit once, at its first exposure."""
    world, people, exposures = scene.world, scene.world.people, scene.world.exposures
    tests = experiments(world.window)
    ends = world.window.month_ends()
    day = local_day(exposures.at)
    order = np.lexsort((exposures.person, exposures.experiment, exposures.at))
    part = exposures.take(order)
    day = day[order]
    by_mail = np.array([test.unit_type == "email" for test in tests])[part.experiment]
    address = key_of("email", scene.address(part.person, day, part.is_second))
    address = pc.replace_substring(address, "email:", "")
    unit = choose(by_mail, address, people.account.take(pa.array(part.person)))
    files = [FileKey(f"experiment_exposures_{day_of(int(end))}.csv", int(end)) for end in ends]

    def cells(rows: Ints) -> Cells:
        chosen = part.take(rows)
        return {
            "experiment_id": pick(pa.array([test.id for test in tests]), chosen.experiment),
            "unit_type": choose(by_mail[rows], "email", "web_account"),
            "unit_id": unit.take(pa.array(rows)),
            "variant": choose(
                chosen.is_treated,
                pick(pa.array([test.treated for test in tests]), chosen.experiment),
                pick(pa.array([test.control for test in tests]), chosen.experiment),
            ),
            "exposed_at": utc_text(chosen.at),
            "experiment_name": quoted(pick(pa.array([test.name for test in tests]), chosen.experiment)),
        }

    landing.write_text("experiments", files, np.searchsorted(ends, day), cells, Dialect())
