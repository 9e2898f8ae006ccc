"""What the retailer does to be visited: campaigns on ad platforms, e-mail and SMS campaigns and who is sent what,
experiments.

Campaign names read `<ACQ|RET|BRD>_<channel>_<name>`: the purpose of the spend is part of the name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.simulator.calendar import DAY, Window, local_day, month_of, to_utc, weekday
from dagster_project.simulator.columns import NONE, Flags, Floats, Ints, Table, stream
from dagster_project.simulator.people import FAR, People

TOUCH_CHANNELS = (
    "paid_search",
    "paid_social",
    "display",
    "affiliate",
    "organic_search",
    "organic_social",
    "referral",
    "email",
    "sms",
    "push",
    "direct",
    "phone",
    "chat",
)
(
    PAID_SEARCH,
    PAID_SOCIAL,
    DISPLAY,
    AFFILIATE,
    ORGANIC_SEARCH,
    ORGANIC_SOCIAL,
    REFERRAL,
    EMAIL,
    SMS,
    PUSH,
    DIRECT,
    PHONE,
    CHAT,
) = range(13)
# Expected orders of one touch on a person of average purchase rate. `direct` causes nothing.
TOUCH_EFFECT = (0.25, 0.15, 0.06, 0.27, 0.18, 0.09, 0.16, 0.30, 0.32, 0.16, 0.0, 0.38, 0.33)
# Mean days from a touch to the order it caused.
TOUCH_DELAY = (2.0, 4.0, 6.0, 2.0, 3.0, 5.0, 3.0, 2.5, 1.5, 1.0, 1.0, 1.5, 1.0)


@dataclass(frozen=True)
class Campaign:
    """An ad campaign. `share`: of its channel's touches; `cost_per_click` in euros; `click_through`: clicks per
    impression.
    """

    id: str
    name: str
    channel: int
    platform: str
    kind: str
    share: float
    cost_per_click: float
    click_through: float

    @property
    def purpose(self) -> str:
        return self.name[:3]


CAMPAIGNS = (
    Campaign("20110045001", "ACQ_paid_search_generique", PAID_SEARCH, "google", "Search", 0.34, 0.62, 0.045),
    Campaign("20110045002", "ACQ_paid_search_shopping", PAID_SEARCH, "google", "Shopping", 0.28, 0.41, 0.021),
    Campaign("20110045003", "BRD_paid_search_marque", PAID_SEARCH, "google", "Search", 0.26, 0.18, 0.110),
    Campaign("20110045004", "RET_paid_search_clients", PAID_SEARCH, "google", "Search", 0.12, 0.35, 0.060),
    Campaign("20110045011", "ACQ_display_prospection", DISPLAY, "google", "Display", 0.55, 0.22, 0.004),
    Campaign("20110045012", "RET_display_retargeting", DISPLAY, "google", "Display", 0.45, 0.28, 0.007),
    Campaign("6120033440101", "ACQ_paid_social_similaires", PAID_SOCIAL, "meta", "facebook", 0.42, 0.48, 0.011),
    Campaign("6120033440102", "BRD_paid_social_video", PAID_SOCIAL, "meta", "instagram", 0.23, 0.55, 0.008),
    Campaign("6120033440103", "RET_paid_social_catalogue", PAID_SOCIAL, "meta", "instagram", 0.29, 0.39, 0.014),
    Campaign("700210031", "ACQ_paid_social_decoration_pro", PAID_SOCIAL, "linkedin", "linkedin", 0.04, 2.60, 0.005),
    Campaign("700210032", "BRD_paid_social_employeur", PAID_SOCIAL, "linkedin", "linkedin", 0.02, 2.10, 0.004),
    Campaign("AFF-31", "ACQ_affiliate_bons_plans", AFFILIATE, "affiliate", "awin", 0.70, 0.0, 0.0),
    Campaign("AFF-32", "RET_affiliate_cashback", AFFILIATE, "affiliate", "awin", 0.30, 0.0, 0.0),
)


@dataclass(frozen=True)
class Mailing:
    """One e-mail or SMS campaign. `reach`: share of the people who take the channel; `click`: chance of a person's
    click.
    """

    id: str
    name: str
    channel: int
    day: int
    reach: float
    click: float
    experiment: int


@dataclass(frozen=True)
class Experiment:
    """A randomised test of known effect. `lift` is the factor on the site hazard, or None for a hold-out of a
    mailing.
    """

    id: str
    name: str
    unit_type: str
    first_day: int
    last_day: int
    treated: str
    control: str
    lift: float | None


def experiments(window: Window) -> tuple[Experiment, ...]:
    """One test per half year on e-mail (hold-out) and on the site (a shorter checkout), all inside the window."""
    tests: list[Experiment] = []
    span = window.days
    for number, (begin, end) in enumerate(((0.22, 0.26), (0.62, 0.66))):
        first = window.first + int(span * begin)
        tests.append(
            Experiment(
                f"EXP-MAIL-{number + 1:02}",
                ("Relance panier dormant", "Offre anniversaire")[number],
                "email",
                first,
                max(first + 6, window.first + int(span * end)),
                "relance",
                "temoin",
                None,
            )
        )
    first = window.first + int(span * 0.35)
    tests.append(
        Experiment(
            "EXP-SITE-01",
            "Tunnel d'achat en une page",
            "web_account",
            first,
            first + min(90, span // 4),
            "une_page",
            "actuel",
            0.45,
        )
    )
    return tuple(tests)


def mailings(window: Window, seed: int) -> tuple[Mailing, ...]:
    """Four e-mail and one SMS campaigns a month, and one for each e-mail experiment."""
    rng = stream(seed, "mailings")
    out: list[Mailing] = []
    themes = ("nouveautes", "selection", "soldes", "fidelite", "inspiration", "anniversaire")
    for day in window.every_day():
        in_month = (
            int(day - np.datetime64(int(day), "D").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)) + 1
        )
        stamp = str(np.datetime64(int(day), "D")).replace("-", "")
        if in_month in (3, 10, 18, 25):
            purpose = "RET" if in_month != 10 else "BRD"
            out.append(
                Mailing(
                    f"EM-{stamp}",
                    f"{purpose}_email_{themes[len(out) % 6]}_{stamp[:6]}",
                    EMAIL,
                    int(day),
                    float(rng.uniform(0.16, 0.3)),
                    float(rng.uniform(0.05, 0.11)),
                    NONE,
                )
            )
        if in_month == 14:
            out.append(
                Mailing(
                    f"SM-{stamp}",
                    f"RET_sms_{themes[len(out) % 6]}_{stamp[:6]}",
                    SMS,
                    int(day),
                    0.3,
                    float(rng.uniform(0.05, 0.09)),
                    NONE,
                )
            )
    for number, test in enumerate(experiments(window)):
        if test.unit_type == "email":
            name = f"RET_email_test_{test.id[-2:]}"
            out.append(Mailing(f"EM-{test.id}", name, EMAIL, test.first_day + 1, 0.5, 0.34, number))
    return tuple(sorted(out, key=lambda mailing: (mailing.day, mailing.id)))


@dataclass(frozen=True)
class Sends(Table):
    """One row per marketing message and recipient. `clicked_at` and `unsubscribed_at` are 0 when it did not happen."""

    mailing: Ints
    person: Ints
    uses_second: Flags
    at: Ints
    clicked_at: Ints
    unsubscribed_at: Ints

    def left_email_at(self, people: int) -> Ints:
        """When each person unsubscribed from e-mail (NEVER: not at all). Shape: one per person."""
        out = np.full(people, NEVER, dtype=np.int64)
        rows = np.flatnonzero(self.unsubscribed_at)
        out[self.person[rows]] = self.unsubscribed_at[rows]
        return out


@dataclass(frozen=True)
class Exposures(Table):
    """One row per experiment and unit. `is_second`: the unit is the person's second address."""

    experiment: Ints
    person: Ints
    is_second: Flags
    is_treated: Flags
    at: Ints


def send_mailings(people: People, window: Window, seed: int, lively: Ints) -> tuple[Sends, Exposures]:
    """Who is sent which mailing, who clicks, and the exposures of the e-mail experiments.

    `lively`: per person, the first instant from which clicks are rare (dropout).
    """
    rng = stream(seed, "sends")
    sends: list[Sends] = []
    exposures: list[Exposures] = []
    zeal = rng.gamma(1.5, 1 / 1.5, len(people))
    left_at = np.full(len(people), NEVER, dtype=np.int64)
    for number, mailing in enumerate(mailings(window, seed)):
        known = local_day(people.arrived_at) < mailing.day
        by_email = people.takes_email & (left_at // DAY >= mailing.day)
        takes = (by_email if mailing.channel == EMAIL else people.takes_sms & people.has_mobile) & known
        chosen = np.flatnonzero(takes & (rng.random(len(people)) < mailing.reach))
        at = to_utc(
            np.full(len(chosen), mailing.day), 9 * 3600 + rng.integers(0, 2400, len(chosen)) + 3600 * (number % 9)
        )
        uses_second = (people.second_email_day[chosen] <= mailing.day) & (rng.random(len(chosen)) < 0.5)
        if mailing.experiment != NONE:
            first_of_mailbox = _first_of_mailbox(people, chosen)
            chosen, at, uses_second = chosen[first_of_mailbox], at[first_of_mailbox], uses_second[first_of_mailbox]
            is_treated = rng.random(len(chosen)) < 0.5
            exposures.append(
                Exposures(np.full(len(chosen), mailing.experiment, dtype=np.int64), chosen, uses_second, is_treated, at)
            )
            chosen, at, uses_second = chosen[is_treated], at[is_treated], uses_second[is_treated]
        delay = 60 + rng.exponential(5 * 3600, len(chosen)).astype(np.int64)
        chance = np.minimum(mailing.click * zeal[chosen], 0.9) * np.where(at + delay < lively[chosen], 1.0, 0.15)
        clicks = rng.random(len(chosen)) < chance
        clicks &= at + delay < window.end - DAY
        leaves = (rng.random(len(chosen)) < UNSUBSCRIBE_SHARE) & (mailing.channel == EMAIL) & ~clicks
        left_at[chosen[leaves]] = at[leaves] + delay[leaves]
        sends.append(
            Sends(
                mailing=np.full(len(chosen), number, dtype=np.int64),
                person=chosen,
                uses_second=uses_second,
                at=at,
                clicked_at=np.where(clicks, at + delay, 0),
                unsubscribed_at=np.where(leaves, at + delay, 0),
            )
        )
    return Sends.concat(sends), Exposures.concat(exposures)


def _first_of_mailbox(people: People, chosen: Ints) -> Flags:
    """Of two people with one mailbox only the first is a unit: the unit is the address."""
    partner = people.partner[chosen]
    is_second = people.shares_mailbox[chosen] & (partner < chosen) & np.isin(partner, chosen)
    return ~is_second


UNSUBSCRIBE_SHARE = 0.004  # of the marketing e-mails


def season(at: Ints) -> Floats:
    """Mild seasonality of demand: mean about 1; high at Christmas and in the sales, low in August, quiet on
    Tuesdays.
    """
    by_month = np.array([1.06, 0.90, 0.95, 0.96, 1.02, 1.00, 1.02, 0.80, 0.96, 1.0, 1.12, 1.26])
    by_weekday = np.array([0.95, 0.9, 1.0, 0.97, 1.05, 1.18, 0.95])
    day = local_day(at)
    factor: Floats = by_month[month_of(day) - 1] * by_weekday[weekday(day) - 1]
    return factor


SEASON_PEAK = 1.26 * 1.18
NEVER = FAR * DAY
