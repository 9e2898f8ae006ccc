"""Costs outside the ad platforms (events, content, agency, marketplace commission) and the exposures of the
experiments.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import MARKETPLACE
from dagster_project.simulator.calendar import cents_text, date_text, day_of, local_day, utc_text
from dagster_project.simulator.columns import Ints, choose, constant, joined, padded, pick, stream
from dagster_project.simulator.marketing import experiments
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


def write_costs(scene: Scene, landing: Landing) -> None:
    """couts_YYYY-MM-DD.csv, monthly: ten budget posts and the marketplace's commission."""
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
    first = (ends.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    files = [FileKey(f"couts_{day_of(int(day))}.csv", int(day)) for day in ends]

    def cells(rows: Ints) -> Cells:
        kind = post[rows]
        return {
            "cost_id": joined("C", padded(rows + 1, 6)),
            "month": date_text(first[month[rows]], "dd/MM/yyyy"),
            "category": pick(pa.array([*(entry[0] for entry in _POSTS), "marketplace_commission"]), kind),
            "touch_channel": pick(pa.array([*(entry[1] for entry in _POSTS), None], pa.string()), kind),
            "campaign_id": pick(pa.array([*(entry[2] for entry in _POSTS), None], pa.string()), kind),
            "amount": cents_text(amount[rows], ","),
            "currency": constant("EUR", len(rows)),
            "spend_purpose": pick(pa.array([*(entry[4] for entry in _POSTS), "retention"]), kind),
        }

    landing.write_text("other_costs", files, month, cells, Dialect(delimiter=";"))


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
