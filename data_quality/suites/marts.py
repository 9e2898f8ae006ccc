"""Suites of the KPI tables and tie-outs: what a report relies on, and that no money or answer is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_quality.suites.vocabulary import (
    TableSuite,
    agrees,
    as_many_as,
    between,
    everyone,
    holds,
    no_rows,
    not_null,
    one_of,
    references,
    row_count,
    table_suite,
    unique,
)

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_GRAIN = "A repeated cell doubles a total."
_PERIODS = ["week", "month", "quarter", "year"]
_LONG_PERIODS = ["quarter", "year"]
_PERIOD_NOTE = "Reports filter by it."


def _adds_up(
    measures: dict[str, str], facts: str, key: str, kinds: Sequence[str] = _PERIODS, within: str = "this"
) -> Expectation:
    """Over each kind of period, every measure, summed over the rows of `within`, adds up to its counterpart (SQL) over
    `facts`."""
    periods = ", ".join(f"('{period}')" for period in kinds)
    sums = ", ".join(f"coalesce(sum({measure}), 0) as {measure}" for measure in measures)
    totals = ", ".join(f"coalesce({total}, 0) as {measure}" for measure, total in measures.items())
    differ = " or ".join(f"cells.{measure} <> facts.{measure}" for measure in measures)
    return no_rows(
        f"""
        select cells.period
        from (
            select periods.period, {sums}
            from (values {periods}) as periods (period)
            left join {within} as cells on cells.period = periods.period
            group by periods.period
        ) as cells
        cross join (select {totals} from {facts}) as facts
        where {differ}
        """,
        says=f"{', '.join(f'{kind}s' for kind in kinds[:-1])} and {kinds[-1]}s each add up to {key}",
        note="Conservation: a report by period shows all of it, whichever the period.",
    )


def _every_period(kinds: Sequence[str] = _PERIODS) -> Expectation:
    """From the first period of a kind on, every one that holds days observed."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return no_rows(
        f"""
        select periods.period, periods.period_start
        from (
            select distinct period, period_start from marts.bridge_date_periods
            where is_observed and period in ({listed})
        ) as periods
        inner join (select period, min(period_start) as first_start from this group by period) as spans
            on spans.period = periods.period and spans.first_start <= periods.period_start
        left join (select distinct period, period_start from this) as cells
            on cells.period = periods.period and cells.period_start = periods.period_start
        where cells.period is null
        """,
        says="no period is missing up to the last day observed",
        column="period_start",
        note="Stale or torn: a report would end too early, or skip a month.",
    )


def _kinds_agree(measures: Sequence[str], within: str = "this") -> Expectation:
    """Weeks, months, quarters and years of a fact count the same."""
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in measures)
    extremes = " or ".join(f"min({measure}) <> max({measure})" for measure in measures)
    return no_rows(
        f"select count(*) as kinds from (select period, {sums} from {within} group by period) as cells "
        f"having count(*) not in (0, 4) or {extremes}",
        says=f"weeks, months, quarters and years have the same {', '.join(measures)}",
        note="Conservation: a report by period shows all of it, whichever the period.",
    )


def _parts_of_all(part: str, measures: Sequence[str], cell: Sequence[str]) -> Expectation:
    """In every cell the row where `part` is 'all' is the sum of the others."""
    names = ", ".join(cell)
    sums = " or ".join(f"sum(case when {part} = 'all' then {measure} else -{measure} end) <> 0" for measure in measures)
    return no_rows(
        f"select {names} from this group by {names} having {sums}",
        says=f"the rows of every {part} add up to `all`",
        column=part,
        note="Whoever is in `all` is in one part.",
    )


def _as_credited() -> Expectation:
    """Conversions and revenue by model are those of attribution_credits, in every kind of period."""
    kinds = ", ".join(f"('{kind}')" for kind in _PERIODS)
    return agrees(
        "select period, model, sum(conversions) as conversions, sum(revenue) as revenue from this "
        "group by period, model",
        "select period, model, conversions, revenue from (select model, sum(credit_conversions) as conversions, "
        f"sum(credit_revenue) as revenue from marts.attribution_credits group by model) as credits "
        f"cross join (values {kinds}) as kinds (period)",
        key=["period", "model"],
        measures=["conversions", "revenue"],
        says="conversions and revenue are those credited, in every kind of period and model",
        note="Conservation: no report earns more than the orders did.",
        tolerance=1e-9,
    )


@table_suite("marts", "marts.dim_customers", key=["customer_id"])
def dim_customers() -> Sequence[Expectation]:
    """One row per customer and the member `unknown`."""
    return [
        row_count(note="The member 'unknown' exists even before the first extract."),
        not_null("customer_id", note="The key of every join."),
        unique(["customer_id"], note=_GRAIN),
        no_rows(
            "select 'unknown' as customer_id where not exists (select 1 from this where customer_id = 'unknown')",
            says="the member 'unknown' exists",
            note="Facts of unknown people point to it.",
        ),
        everyone(
            "select customer_id from intermediate.int_customer_profiles", key="customer_id", of="the customers of facts"
        ),
        agrees(
            "select customer_id, net_revenue from this",
            "select customer_id, sum(net_revenue) as net_revenue from marts.fct_orders where not is_cancelled "
            "group by customer_id",
            key=["customer_id"],
            measures=["net_revenue"],
            says="a customer's net revenue is that of their orders",
            note="Lists are drawn by it.",
        ),
    ]


@table_suite("marts", "marts.customer_value", key=["customer_id"])
def customer_value() -> Sequence[Expectation]:
    """One row per customer with a purchase."""
    scores = (
        "p_alive expected_orders_30d expected_orders_90d expected_orders_365d expected_order_value clv_12m clv_total"
    )
    return [
        unique(["customer_id"], note=_GRAIN),
        everyone(
            "select customer_id from marts.fct_orders where not is_cancelled and customer_id <> 'unknown'",
            key="customer_id",
            of="those who ordered",
        ),
        between("p_alive", 0, 1, note="It is a probability."),
        between("expected_orders_365d", 0, None, note="Nobody orders less than nothing."),
        one_of("served", ["model", "recent_rate", "mean"], note="Whoever reads a score must know what made it."),
        holds(
            " and ".join(f"(is_scored or {score} is null)" for score in scores.split()),
            key=["customer_id"],
            says="who does not consent to profiling has no scores",
            note="A score without consent is unlawful profiling.",
        ),
    ]


@table_suite("marts", "marts.customer_churn", key=["customer_id"])
def customer_churn() -> Sequence[Expectation]:
    """One row per customer with an order in the last windows.active_days."""
    return [
        unique(["customer_id"], note=_GRAIN),
        between("churn_probability", 0, 1, note="It is a probability."),
        between("days_since_order", 0, None, note="An order after the last day observed is none."),
        one_of("churn_band", ["low", "medium", "high", "very_high"], note="Lists are drawn by band."),
        one_of("served", ["model", "recency", "p_alive"], note="Whoever reads a score must know what made it."),
        holds(
            "is_scored or (churn_probability is null and churn_band is null and reason_1 is null)",
            key=["customer_id"],
            says="who does not consent to profiling has no scores",
            note="A score without consent is unlawful profiling.",
        ),
        as_many_as(
            "intermediate.int_churn_features where cut = 'now'", named="there are customers with a recent order"
        ),
    ]


@table_suite("marts", "marts.kpi_churn_drivers", key=["measured_from", "driver", "driver_value"])
def kpi_churn_drivers() -> Sequence[Expectation]:
    """One row per span, driver and value of it; none while the data are younger than churn.horizon_days."""
    grain = ["measured_from", "driver", "driver_value"]
    return [
        unique(grain, note=_GRAIN),
        *_shares("churn_rate", "churned_customers", "customers", grain),
        no_rows(
            """
            select measured_from from (
                select measured_from, driver, sum(customers) as customers, sum(churned_customers) as churned
                from this group by measured_from, driver
            ) as drivers
            group by measured_from
            having min(customers) <> max(customers) or min(churned) <> max(churned)
            """,
            says="every driver shares out the same customers",
            column="customers",
            note="Conservation: a customer has one value of each driver.",
        ),
        no_rows(
            "select told.spans from (select count(distinct measured_from) as spans from this) as told cross join "
            "(select count(distinct cut) as spans from intermediate.int_churn_features where cut <> 'now') as judged "
            "where told.spans <> judged.spans",
            says="every span that is judged is there",
            column="measured_from",
            note="A stale table tells what drove customers away long ago.",
        ),
    ]


def _served_as_evaluated(table: str, models: Sequence[str]) -> Expectation:
    """What serves `table` is what the evaluations of `models` say, where there are any."""
    names = ", ".join(f"'{model}'" for model in models)
    evaluated = f"select served from this where model in ({names}) and served is not null"
    return no_rows(
        f"""
        select served from (
            select distinct served from marts.{table} where served is not null
            except
            {evaluated}
        ) as unknown
        where exists ({evaluated})
        """,
        says=f"{table} is served by what the evaluations say",
        column="served",
        note="A baseline's numbers under a model's name mislead.",
    )


@table_suite("marts", "marts.model_evaluations", key=["model", "metric", "frequency_band", "baseline"])
def model_evaluations() -> Sequence[Expectation]:
    """One row per model, metric, frequency band and baseline; none while the data are younger than the days held
    out."""
    return [
        unique(["model", "metric", "frequency_band", "baseline"], note=_GRAIN),
        between("n", 1, None, note="An error over nobody says nothing."),
        holds(
            "served is null or served = 'model' or served = baseline",
            key=["model", "metric", "frequency_band", "baseline"],
            says="a model is served, or the baseline it was compared with",
            note="The flag tells readers whose numbers customer_value and customer_churn hold.",
        ),
        as_many_as("analytics.model_evaluations"),
        holds(
            "served is null or served <> 'model' or metric not in ('rmse', 'brier') "
            "or difference <= 2 * difference_standard_error + 1e-9",
            key=["model", "metric", "frequency_band", "baseline"],
            says="a model that is served is no worse than its baseline by more than two standard errors",
            column="served",
            note="Otherwise the baseline is served: simpler, and as good.",
        ),
        _served_as_evaluated("customer_value", ["paretonbd", "mbgnbd", "bgnbd"]),
        _served_as_evaluated("customer_churn", ["churn"]),
    ]


@table_suite("marts", "marts.customer_segments_monthly", key=["customer_id", "month"])
def customer_segments_monthly() -> Sequence[Expectation]:
    """One row per customer and month."""
    return [
        unique(["customer_id", "month"], note=_GRAIN),
        not_null("rfm_segment", note="Everybody is in a segment, if only among prospects."),
        holds(
            "persona is null or is_active",
            key=["customer_id", "month"],
            says="a persona is of somebody who bought in the window",
            note="It is told from what they bought in it.",
        ),
        references(
            "customer_id",
            "marts.dim_customers",
            "customer_id",
            "customer_id",
            note="KPI tables show customers by segment.",
        ),
        no_rows(
            "select held.last_month from (select max(month) as last_month from this) as held cross join (select "
            "max(period_start) as last_month from marts.bridge_date_periods where period = 'month' and is_observed) "
            "as observed where held.last_month < observed.last_month",
            says="it reaches up to the last month observed",
            column="month",
            note="A stale table tells who customers were.",
        ),
    ]


@table_suite("marts", "marts.persona_profiles", key=["month", "persona"])
def persona_profiles() -> Sequence[Expectation]:
    """One row per month and persona; none before a year of history."""
    return [
        unique(["month", "persona"], note=_GRAIN),
        unique(["month", "persona_name"], note="A report shows names alone."),
        no_rows(
            """
            select profiles.month
            from (select month, sum(customers) as customers from this group by month) as profiles
            inner join (
                select month, count(*) as customers from marts.customer_segments_monthly where is_active group by month
            ) as active on active.month = profiles.month
            where active.customers <> profiles.customers
            """,
            says="the personas of a month share all its active customers",
            note="Conservation: nobody who bought is without a persona, with consent to profiling or not.",
        ),
        no_rows(
            "select month from marts.customer_segments_monthly where persona is not null except select month from this",
            says="every month in which customers have a persona is there",
            column="month",
            note="A persona without a profile has no meaning.",
        ),
    ]


@table_suite("marts", "marts.customer_category_lapse", key=["customer_id", "category"])
def customer_category_lapse() -> Sequence[Expectation]:
    """One row per customer and category."""
    return [
        unique(["customer_id", "category"], note=_GRAIN),
        between("days_since", 0, note="A purchase after the last day observed is none."),
        between("purchases", 1, note="A category is bought or has no row."),
        as_many_as(
            "(select distinct customer_id, category from intermediate.int_category_days) as bought",
            named="there are customers and categories they bought",
        ),
    ]


@table_suite("marts", "marts.customer_next_category", key=["customer_id", "choice"])
def customer_next_category() -> Sequence[Expectation]:
    """One row per customer and choice."""
    return [
        unique(["customer_id", "choice"], note=_GRAIN),
        unique(["customer_id", "category"], note="A category is proposed once."),
        between("probability", 0, 1, note="It is a probability."),
        no_rows(
            "select customer_id from this group by customer_id having count(*) <> max(choice)",
            says="the choices of a customer are numbered from 1 without a gap",
            column="choice",
            note="A list that begins with the second choice lacks the best.",
        ),
    ]


@table_suite(
    "marts",
    "marts.kpi_segment_movements",
    key=["period", "period_start", "segmentation", "from_segment", "to_segment"],
)
def kpi_segment_movements() -> Sequence[Expectation]:
    """One row per period, segmentation and pair of segments."""
    return [
        unique(["period", "period_start", "segmentation", "from_segment", "to_segment"], note=_GRAIN),
        one_of("period", ["month", "quarter", "year"], note=_PERIOD_NOTE),
        no_rows(
            "select period from (select period, period_start, from_segment, segmentation, sum(customers) as customers, "
            "min(customers_from) as customers_from from this group by period, period_start, segmentation, from_segment"
            ") as cells where customers <> customers_from",
            says="whoever was in a segment is in one at the end",
            note="Conservation: nobody gets lost on the way from one segment to another.",
        ),
        _every_period(["month", "quarter", "year"]),
    ]


@table_suite("marts", "marts.kpi_channel_revenue", key=["period", "period_start", "sales_channel"])
def kpi_channel_revenue() -> Sequence[Expectation]:
    """One row per period and sales channel."""
    grain = ["period", "period_start", "sales_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        holds(
            "net_revenue = gross_revenue - discount - refund",
            key=grain,
            says="net_revenue = gross_revenue - discount - refund",
            column="net_revenue",
            note="Refunds count on their own date.",
        ),
        between("identified_share", 0, 1, note="A share."),
        _adds_up(
            {
                "orders": "count(*) filter (where not is_cancelled)",
                "gross_revenue": "sum(gross_revenue) filter (where not is_cancelled)",
                "discount": "sum(discount) filter (where not is_cancelled)",
            },
            "marts.fct_orders",
            "the orders",
        ),
        _adds_up({"refund": "sum(refund)"}, "marts.fct_refunds", "the refunds"),
    ]


@table_suite("marts", "marts.kpi_nps", key=["period", "period_start", "survey_type", "interaction_type", "channel"])
def kpi_nps() -> Sequence[Expectation]:
    """One row per period, survey and interaction type, channel, store and segment."""
    grain = ["period", "period_start", "survey_type", "interaction_type", "channel", "store", "segment"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("nps", -100, 100, note="Its range."),
        between("response_rate", 0, 1, note="A share."),
        holds(
            "promoters + passives + detractors = responses",
            key=grain,
            says="promoters + passives + detractors = responses",
            column="responses",
            note="Every answer is in one group.",
        ),
        holds(
            "(responses = 0) = (nps is null) "
            "and abs(nps - 100.0 * (promoters - detractors) / nullif(responses, 0)) < 1e-6",
            key=grain,
            says="nps = 100 x (promoters - detractors) / responses, absent without a response",
            column="nps",
            note="The published definition.",
        ),
        _adds_up(
            {"invited": "count(*)", "responses": "count(*) filter (where is_answered)"},
            "marts.fct_survey_responses where survey = 'nps'",
            "the invitations and answers",
        ),
    ]


@table_suite("marts", "marts.kpi_csat", key=["period", "period_start", "survey_type", "interaction_type", "channel"])
def kpi_csat() -> Sequence[Expectation]:
    """One row per period, survey and interaction type, channel role and channel, store and segment."""
    grain = [
        "period",
        "period_start",
        "survey_type",
        "interaction_type",
        "channel_role",
        "channel",
        "store",
        "segment",
    ]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("csat", 0, 1, note="A share."),
        between("response_rate", 0, 1, note="A share."),
        holds(
            "(responses = 0) = (csat is null) and abs(csat - cast(satisfied as double) / nullif(responses, 0)) < 1e-9",
            key=grain,
            says="csat = satisfied / responses, absent without a response",
            column="csat",
            note="The published definition.",
        ),
        _adds_up(
            {"invited": "count(*)", "responses": "count(*) filter (where is_answered)"},
            "marts.fct_survey_responses where survey = 'csat'",
            "the invitations and answers",
        ),
    ]


@table_suite("marts", "marts.kpi_ces", key=["period", "period_start", "survey_type", "interaction_type", "channel"])
def kpi_ces() -> Sequence[Expectation]:
    """One row per period, survey and interaction type, channel, channels from and to, store and segment."""
    grain = [
        "period",
        "period_start",
        "survey_type",
        "interaction_type",
        "channel_role",
        "channel",
        "channel_from",
        "channel_to",
        "store",
        "segment",
    ]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("ease_mean", 1, 7, note="Its scale."),
        between("response_rate", 0, 1, note="A share."),
        holds(
            "easy + neutral + difficult = responses",
            key=grain,
            says="easy + neutral + difficult = responses",
            column="responses",
            note="Every answer is in one group.",
        ),
        holds(
            "(responses = 0) = (ease_mean is null) and abs(ease_mean - cast(ease_sum as double) / responses) < 1e-9 "
            "and abs(effort_mean - (8 - ease_mean)) < 1e-9",
            key=grain,
            says="ease_mean = ease_sum / responses, effort_mean = 8 - ease_mean, absent without a response",
            column="ease_mean",
            note="A score read in the other direction says the opposite.",
        ),
        _adds_up(
            {
                "invited": "count(*)",
                "responses": "count(*) filter (where is_answered)",
                "ease_sum": "sum(score) filter (where is_answered)",
            },
            "marts.fct_survey_responses where survey = 'ces'",
            "the invitations, answers and scores",
        ),
    ]


@table_suite("marts", "marts.kpi_message_engagement", key=["period", "period_start", "channel", "campaign"])
def kpi_message_engagement() -> Sequence[Expectation]:
    """One row per period, channel, campaign, hour of the send and segment."""
    grain = ["period", "period_start", "channel", "campaign", "send_hour", "segment"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        one_of("channel", ["email", "sms", "combined"], note="Channels and people must not be added up."),
        between("open_rate", 0, 1, note="A share."),
        between("click_rate", 0, 1, note="A share."),
        holds(
            "channel <> 'sms' or coalesce(openers, human_openers, open_rate) is null",
            key=grain,
            says="no SMS is ever opened",
            column="openers",
            note="Nobody sees it; a zero would say nobody reads them.",
        ),
        holds(
            "delivered <= sent and open_trackable <= delivered and openers <= open_trackable "
            "and human_openers <= openers and clickers <= delivered and human_clickers <= clickers",
            key=grain,
            says="each step of the funnel holds no more than the one before",
            column="delivered",
            note="A rate above 1 is a fault.",
        ),
        no_rows(
            """
            select kinds.period
            from (values ('week'), ('month'), ('quarter'), ('year')) as kinds (period)
            cross join (
                select
                    count(*) as messages,
                    count(distinct channel || '|' || coalesce(campaign_id, '') || '|' || customer_id) as people
                from marts.fct_messages
                where message_type = 'marketing'
            ) as facts
            left join (select period, sum(sent) as sent from this where channel <> 'combined' group by period) as cells
                on cells.period = kinds.period
            where coalesce(cells.sent, 0) > facts.messages or coalesce(cells.sent, 0) < facts.people
            """,
            says="every kind of period counts the people of every campaign, and no more than the messages",
            column="sent",
            note="Whom a campaign reached twice counts once; nobody it reached is missing.",
        ),
    ]


@table_suite("marts", "marts.kpi_social_engagement", key=["period", "period_start", "platform", "content_type"])
def kpi_social_engagement() -> Sequence[Expectation]:
    """One row per period, platform and content type."""
    grain = ["period", "period_start", "platform", "content_type"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        holds(
            "engagement = likes + comments + shares",
            key=grain,
            says="engagement = likes + comments + shares",
            column="engagement",
            note="Mentions stand apart.",
        ),
        _adds_up(
            {"posts": "count(*)", "impressions": "sum(impressions)", "engagement": "sum(engagement)"},
            "marts.fct_social_posts",
            "the posts",
        ),
    ]


@table_suite("marts", "marts.kpi_verbatims", key=["period", "period_start", "channel", "topic", "language"])
def kpi_verbatims() -> Sequence[Expectation]:
    """One row per period, channel, topic, language and transition."""
    grain = ["period", "period_start", "channel", "topic", "language", "is_transition"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("sentiment_mean", -1, 1, note="Its range."),
        holds(
            "positive + neutral + negative = judged and judged <= responses",
            key=grain,
            says="positive + neutral + negative = judged, of all responses",
            column="judged",
            note="Every text judged is in one group.",
        ),
        holds(
            "translate(response_keys, '0123456789abcdef', '') "
            "= repeat(',', cast((length(response_keys) - 32) / 33 as int))",
            key=grain,
            says="response_keys holds opaque keys only",
            column="response_keys",
            note="What people write stays in the restricted schema.",
        ),
        _kinds_agree(["responses", "judged"]),
    ]


@table_suite("marts", "marts.kpi_retention", key=["period", "period_start", "segment"])
def kpi_retention() -> Sequence[Expectation]:
    """One row per period and segment."""
    grain = ["period", "period_start", "segment"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        holds(
            "retained + churned = at_start",
            key=grain,
            says="retained + churned = at_start",
            column="retained",
            note="Whoever was there either stayed or left.",
        ),
        holds(
            "at_end = retained + new + reactivated",
            key=grain,
            says="at_end = retained + new + reactivated",
            column="at_end",
            note="Whoever is there stayed, came or came back.",
        ),
        holds(
            "abs(retention_rate + churn_rate - 1) < 1e-9",
            key=grain,
            says="retention_rate + churn_rate = 1",
            column="retention_rate",
            note="Two sides of one count.",
        ),
        _parts_of_all("segment", ["at_start", "retained", "churned"], ["period", "period_start"]),
        _every_period(),
    ]


def _shares(measured: str, numerator: str, denominator: str, key: Sequence[str]) -> Sequence[Expectation]:
    """`measured` lies in 0..1 and is numerator / denominator wherever it is present."""
    return [
        between(measured, 0, 1, note="A share."),
        holds(
            f"abs({measured} - cast({numerator} as double) / nullif({denominator}, 0)) < 1e-9",
            key=key,
            says=f"{measured} = {numerator} / {denominator}",
            column=measured,
            note="The published definition.",
        ),
    ]


@table_suite("marts", "marts.kpi_retention_cohorts", key=["period", "period_start", "periods_since"])
def kpi_retention_cohorts() -> Sequence[Expectation]:
    """One row per cohort, is_left_censored and period since."""
    grain = ["period", "period_start", "is_left_censored", "periods_since"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("retention_rate", "retained", "customers", grain),
        holds(
            "is_complete = (retained is not null)",
            key=grain,
            says="cells not seen whole are absent, not 0",
            column="retained",
            note="A triangle's lower edge would look like customers leaving.",
        ),
        no_rows(
            "select period, period_start from this group by period, period_start, is_left_censored "
            "having count(*) <> 1 + max(periods_since) or min(customers) <> max(customers)",
            says="a cohort has every period since it began, of the same customers",
            column="periods_since",
            note="A hole in the triangle.",
        ),
        _kinds_agree(["customers"], within="(select * from this where periods_since = 0)"),
        no_rows(
            """
            select cohorts.customers from (
                select sum(customers) as customers from this where periods_since = 0 and period = 'year'
            ) as cohorts
            cross join (select count(*) as customers from marts.fct_orders where is_first_order) as buyers
            where coalesce(cohorts.customers, 0) <> buyers.customers
            """,
            says="every first order begins a cohort",
            column="customers",
            note="Conservation: a customer is in one cohort.",
        ),
    ]


@table_suite("marts", "marts.kpi_conversion", key=["period", "period_start", "conversion_type", "segment"])
def kpi_conversion() -> Sequence[Expectation]:
    """One row per period, conversion type and segment."""
    grain = ["period", "period_start", "conversion_type", "segment"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("conversion_rate", "converters", "visitors", grain),
        *_shares("eligible_conversion_rate", "eligible_converters", "eligible_visitors", grain),
        _parts_of_all("segment", ["visitors", "converters"], ["period", "period_start", "conversion_type"]),
        _every_period(),
    ]


@table_suite("marts", "marts.kpi_conversion_by_channels", key=["period", "period_start", "channels"])
def kpi_conversion_by_channels() -> Sequence[Expectation]:
    """One row per period and number of touch channels."""
    grain = ["period", "period_start", "channels"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("conversion_rate", "converters", "visitors", grain),
        agrees(
            "select period, period_start, sum(all_visitors) as visitors from this group by period, period_start",
            "select period, period_start, visitors from marts.kpi_conversion where segment = 'all' "
            "and conversion_type = 'purchase' and visitors > 0",
            key=["period", "period_start"],
            measures=["visitors"],
            says="the visitors are those of kpi_conversion",
            note="Conservation: a visitor came by some number of channels.",
        ),
    ]


@table_suite("marts", "marts.kpi_channel_synergy", key=["period", "period_start", "channel_combination"])
def kpi_channel_synergy() -> Sequence[Expectation]:
    """One row per period and combination of touch channels before the order."""
    return [
        unique(["period", "period_start", "channel_combination"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        _adds_up(
            {
                "orders": "count(*) filter (where not is_cancelled)",
                "gross_revenue": "sum(gross_revenue) filter (where not is_cancelled)",
                "discount": "sum(discount) filter (where not is_cancelled)",
            },
            "marts.fct_orders",
            "the orders",
        ),
        _adds_up({"refund": "sum(refund)"}, "marts.fct_refunds", "the refunds"),
        holds(
            "net_revenue = gross_revenue - discount - refund",
            key=["period", "period_start", "channel_combination"],
            says="net_revenue = gross_revenue - discount - refund",
            column="net_revenue",
            note="Refunds count on their own date.",
        ),
    ]


@table_suite("marts", "marts.kpi_interchannel_rate", key=["period", "period_start"])
def kpi_interchannel_rate() -> Sequence[Expectation]:
    """One row per period."""
    grain = ["period", "period_start"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("interchannel_rate", "multichannel_buyers", "buyers", grain),
        *_shares("crossing_rate", "crossing_buyers", "buyers", grain),
        _adds_up({"orders": "count(*)"}, "marts.fct_orders where not is_cancelled", "the orders"),
    ]


@table_suite("marts", "marts.kpi_channel_transitions", key=["period", "period_start", "from_channel", "to_channel"])
def kpi_channel_transitions() -> Sequence[Expectation]:
    """One row per period, role and pair of channels."""
    grain = ["period", "period_start", "channel_role", "from_channel", "to_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("transition_share", "transitions", "transitions_from", grain),
        no_rows(
            f"select {', '.join(grain[:4])} from this group by {', '.join(grain[:4])} "
            "having sum(transitions) <> max(transitions_from)",
            says="the ways on from a channel add up to all that left it",
            column="transitions_from",
            note="Shares of a channel sum to 1.",
        ),
        _kinds_agree(["transitions"]),
    ]


@table_suite("marts", "marts.kpi_channel_conversion", key=["period", "period_start", "sales_channel", "store"])
def kpi_channel_conversion() -> Sequence[Expectation]:
    """One row per period, sales channel, touch channel and store."""
    grain = ["period", "period_start", "sales_channel", "touch_channel", "store"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("conversion_rate", "visit_orders", "visits", grain),
        _adds_up({"orders": "count(*)"}, "marts.fct_orders where not is_cancelled", "the orders"),
    ]


@table_suite("marts", "marts.kpi_ad_performance", key=["period", "period_start", "platform", "campaign_id"])
def kpi_ad_performance() -> Sequence[Expectation]:
    """One row per period, platform, channel, campaign and purpose."""
    grain = ["period", "period_start", "platform", "touch_channel", "campaign_id", "spend_purpose"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("ctr", "clicks", "impressions", grain),
        _adds_up(
            {"spend": "sum(cost)", "clicks": "sum(clicks)", "impressions": "sum(impressions)"},
            "marts.fct_ad_spend",
            "the advertising",
        ),
    ]


@table_suite("marts", "marts.kpi_customer_value", key=["period", "period_start", "omnichannel_level"])
def kpi_customer_value() -> Sequence[Expectation]:
    """One row per period, omnichannel level, RFM segment and acquisition channel."""
    grain = ["period", "period_start", "omnichannel_level", "rfm_segment", "acquisition_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        holds(
            "customers = 0 or abs(net_revenue_per_customer - cast(net_revenue as double) / customers) < 1e-6",
            key=grain,
            says="net_revenue_per_customer = net_revenue / customers",
            column="net_revenue_per_customer",
            note="The published definition.",
        ),
        no_rows(
            """
            select latest.period
            from (
                select period, max(period_start) as period_start, max(date_day) as last_day
                from marts.bridge_date_periods
                where is_observed group by period
            ) as latest
            left join (select period, period_start, sum(customers) as customers from this group by period, period_start)
                as cells on cells.period = latest.period and cells.period_start = latest.period_start
            cross join (
                select cast(first_seen_at as date) as first_day from marts.dim_customers where is_known
            ) as known
            group by latest.period, cells.customers
            having coalesce(cells.customers, 0) > count(*)
                or coalesce(cells.customers, 0) < sum(case when known.first_day < latest.last_day then 1 else 0 end)
            """,
            says="the customers of the latest week, month, quarter and year are all who were there",
            column="customers",
            note="Conservation: everybody is in one segment.",
        ),
        _every_period(),
        holds(
            "customers = 0 or margin_per_customer is null "
            "or abs(margin_per_customer - cast(margin as double) / customers) < 1e-6",
            key=grain,
            says="margin_per_customer = margin / customers",
            column="margin_per_customer",
            note="The published definition.",
        ),
    ]


@table_suite("marts", "marts.kpi_journey_paths", key=["period", "period_start", "path"])
def kpi_journey_paths() -> Sequence[Expectation]:
    """One row per period and path."""
    grain = ["period", "period_start", "path"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("conversion_rate", "conversions", "journeys", grain),
        between("ease_mean", 1, 7, note="The scale of the question."),
        _adds_up(
            {
                "journeys": "count(*) filter (where not is_open)",
                "open_journeys": "count(*) filter (where is_open)",
                "conversions": "count(*) filter (where is_converted)",
            },
            "marts.fct_journeys",
            "the journeys",
        ),
    ]


@table_suite("marts", "marts.kpi_journey_steps", key=["period", "period_start", "stage", "touch_channel"])
def kpi_journey_steps() -> Sequence[Expectation]:
    """One row per period, stage and touch channel."""
    grain = ["period", "period_start", "stage", "touch_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("abandonment_rate", "abandoned", "(abandoned + continued)", grain),
        holds(
            "entered = continued + abandoned + still_open",
            key=grain,
            says="entered = continued + abandoned + still_open",
            column="entered",
            note="Every touch goes on, ends its journey, or is the last so far.",
        ),
        _adds_up(
            {"entered": "count(*)"}, "marts.fct_touchpoints where customer_id <> 'unknown'", "the touches of customers"
        ),
    ]


@table_suite("marts", "marts.kpi_cross_sell", key=["period", "period_start", "basis", "category", "other_category"])
def kpi_cross_sell() -> Sequence[Expectation]:
    """One row per period, basis and ordered pair of categories."""
    grain = ["period", "period_start", "basis", "category", "other_category"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        *_shares("cross_sell_rate", "units_with_both", "units_with_category", grain),
        between("lift", 0, note="Never negative."),
        no_rows(
            "select cells.category, cells.other_category from this as cells left join this as mirrored "
            "on mirrored.period = cells.period and mirrored.period_start = cells.period_start "
            "and mirrored.basis = cells.basis and mirrored.category = cells.other_category "
            "and mirrored.other_category = cells.category "
            "where mirrored.units_with_both is null or mirrored.units_with_both <> cells.units_with_both",
            says="a pair of categories counts the same in either order",
            column="units_with_both",
            note="Who bought both bought both.",
        ),
    ]


@table_suite("marts", "marts.kpi_resolution_time", key=["period", "period_start", "first_contact_channel"])
def kpi_resolution_time() -> Sequence[Expectation]:
    """One row per period and channel of first contact."""
    grain = ["period", "period_start", "first_contact_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("first_reply_rate", 0, 1, note="A share."),
        between("resolution_rate", 0, 1, note="A share."),
        between("median_hours_to_first_reply", 0, note="Nobody answers before being asked."),
        holds(
            "(first_reply_due = 0) = (first_reply_rate is null) and (resolution_due = 0) = (resolution_rate is null)",
            key=grain,
            says="a rate is absent where nothing is due, and there where something is",
            column="resolution_rate",
            note="An unanswered ticket counts as a breach once its target has elapsed.",
        ),
        _adds_up({"tickets": "count(*)"}, "marts.fct_tickets", "the tickets"),
    ]


@table_suite("marts", "marts.kpi_contact_containment", key=["period", "period_start", "channel"])
def kpi_contact_containment() -> Sequence[Expectation]:
    """One row per period and service channel."""
    return [
        unique(["period", "period_start", "channel"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("no_repeat_rate", 0, 1, note="A share."),
        between("strict_rate", 0, 1, note="A share."),
        _adds_up({"contacts": "count(*)"}, "marts.fct_service_contacts", "the contacts"),
    ]


@table_suite("marts", "marts.kpi_cart_abandonment", key=["period", "period_start", "sales_channel", "relaunch_channel"])
def kpi_cart_abandonment() -> Sequence[Expectation]:
    """One row per period, sales channel and channel of relaunch; `all` is the sum of the latter."""
    grain = ["period", "period_start", "sales_channel", "relaunch_channel"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("abandonment_rate", 0, 1, note="A share."),
        between("recovery_rate", 0, 1, note="A share."),
        holds(
            "recovered = recovered_organic + recovered_after_relaunch and recovered <= abandoned",
            key=grain,
            says="a cart recovered was abandoned, and came back by itself or after a relaunch",
            column="recovered",
            note="Every recovery has one reading.",
        ),
        holds(
            "sales_channel not in ('store', 'phone') or carts is null",
            key=grain,
            says="stores and phone show no carts",
            column="carts",
            note="Not measurable is NULL, and 0 would say that nobody abandons.",
        ),
        *(
            no_rows(
                f"""
                select period from (
                    select period, sum(carts) as carts from this where relaunch_channel {kind} 'all' group by period
                ) as cells
                where carts <> (select count(*) from marts.fct_carts)
                """,
                says=f"the carts of {name} add up to all, in every kind of period",
                note="Conservation: a report by period shows all of it, whichever the period.",
            )
            for kind, name in (("=", "the row `all`"), ("<>", "the channels of relaunch"))
        ),
    ]


@table_suite("marts", "marts.kpi_click_and_collect", key=["period", "period_start", "store"])
def kpi_click_and_collect() -> Sequence[Expectation]:
    """One row per period and store."""
    return [
        unique(["period", "period_start", "store"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("prepared_in_time_rate", 0, 1, note="A share."),
        between("collected_rate", 0, 1, note="A share."),
        between("extra_purchase_rate", 0, 1, note="A share."),
        _adds_up(
            {"prepared": "count(*)", "picked_up": "count(picked_up_at)"}, "marts.fct_pickups", "the orders prepared"
        ),
    ]


@table_suite("marts", "marts.kpi_message_pressure", key=["period", "period_start", "pressure_band"])
def kpi_message_pressure() -> Sequence[Expectation]:
    """One row per period and pressure band; `all` is the sum of the bands."""
    return [
        unique(["period", "period_start", "pressure_band"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("above_share", 0, 1, note="A share."),
        between("unsubscribe_rate", 0, 1, note="A share."),
        no_rows(
            """
            select period, period_start from this group by period, period_start
            having sum(case when pressure_band = 'all' then messages else -messages end) <> 0
                or sum(case when pressure_band = 'all' then person_weeks else -person_weeks end) <> 0
            """,
            says="the bands add up to `all`",
            note="Every person and week is in one band.",
        ),
        _kinds_agree(["messages", "person_weeks"], within="(select * from this where pressure_band = 'all')"),
    ]


@table_suite("marts", "marts.kpi_stock_availability", key=["period", "period_start", "store", "sku"])
def kpi_stock_availability() -> Sequence[Expectation]:
    """One row per period, store and article kept there."""
    return [
        unique(["period", "period_start", "store", "sku"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("availability", 0, 1, note="A share."),
        no_rows(
            """
            select period from (
                select
                    period,
                    sum(days_observed) as days_observed,
                    sum(days_available) as days_available,
                    min(sum(days_observed)) over () as least_observed,
                    min(sum(days_available)) over () as least_available
                from this
                group by period
            ) as sums
            where days_observed <> least_observed or days_available <> least_available
            """,
            says="weeks, months, quarters and years each add up to the same days",
            note="Conservation: a spell out of stock is cut at the ends of periods, never lost or counted twice.",
        ),
    ]


@table_suite("marts", "marts.kpi_loyalty", key=["period", "period_start", "tier"])
def kpi_loyalty() -> Sequence[Expectation]:
    """One row per period and tier."""
    grain = ["period", "period_start", "tier"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        between("active_rate", 0, 1, note="A share."),
        holds(
            "members = members_at_start + joined - left_programme",
            key=grain,
            says="members = members_at_start + joined - left_programme",
            column="members",
            note="Whoever is there was there or came.",
        ),
        _adds_up(
            {
                "points_earned": "sum(points) filter (where event_type = 'earn')",
                "points_burned": "-sum(points) filter (where event_type = 'redeem')",
            },
            "marts.fct_loyalty_events",
            "the points that moved",
        ),
    ]


@table_suite("marts", "marts.kpi_loyalty_board", key=["period_start"])
def kpi_loyalty_board() -> Sequence[Expectation]:
    """One row per month."""
    return [
        unique(["period_start"], note=_GRAIN),
        between("active_rate", 0, 1, note="A share."),
        between("order_share_of_members", 0, 1, note="A share."),
        between("revenue_share_of_members", 0, 1, note="A share."),
        agrees(
            "select period_start, members, points_earned, points_burned from this",
            "select period_start, sum(members) as members, sum(points_earned) as points_earned, "
            "sum(points_burned) as points_burned from marts.kpi_loyalty where period = 'month' group by period_start",
            key=["period_start"],
            measures=["members", "points_earned", "points_burned"],
            says="members and points are those of kpi_loyalty",
            note="The board and the tiers tell of one programme.",
        ),
        no_rows(
            """
            select board.orders from (select sum(orders) as orders from this) as board
            cross join (select count(*) as orders from marts.fct_orders where not is_cancelled) as counted
            where board.orders <> counted.orders
            """,
            says="the orders add up to all",
            column="orders",
            note="Shares of members are taken of them.",
        ),
        holds(
            "abs(average_order_of_members - revenue_of_members / nullif(orders_of_members, 0)) < 1e-6 "
            "and abs(revenue_share_of_members - revenue_of_members / nullif(revenue, 0)) < 1e-6",
            key=["period_start"],
            says="averages and shares are those of the revenue and the orders",
            column="revenue",
            note="The published definitions.",
        ),
    ]


@table_suite("marts", "marts.attribution_credits", key=["order_id", "touchpoint_id", "model"])
def attribution_credits() -> Sequence[Expectation]:
    """One row per order, touchpoint and model."""
    return [
        between("credit_conversions", 0, 1.000000001, note="A part of an order."),
        no_rows(
            """
            select credits.order_id, credits.model
            from (
                select
                    order_id,
                    model,
                    sum(credit_conversions) as conversions,
                    sum(credit_revenue) as revenue
                from this
                group by order_id, model
            ) as credits
            left join marts.fct_orders as orders on credits.order_id = orders.order_id
            where
                orders.order_id is null
                or orders.is_cancelled
                or abs(credits.conversions - 1) > 1e-9
                or abs(credits.revenue - orders.net_revenue) > 1e-9 * (1 + abs(orders.net_revenue))
            """,
            says="credits sum to 1 and to the net revenue, per order and model",
            column="credit_conversions",
            note="Conservation: a model shares out orders, it makes and loses none.",
        ),
        no_rows(
            """
            select counted.orders
            from (select count(*) as orders from marts.fct_orders where not is_cancelled) as counted
            cross join (select count(distinct order_id) as orders from this) as credited
            where counted.orders <> credited.orders
            """,
            says="every order not cancelled is credited",
            column="order_id",
            note="An order without touch or customer is `unattributed`, not gone.",
        ),
    ]


@table_suite("marts", "marts.attribution_by_channel", key=["period", "period_start", "touch_channel", "model"])
def attribution_by_channel() -> Sequence[Expectation]:
    """One row per period, touch channel and model."""
    grain = ["period", "period_start", "touch_channel", "model"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        no_rows(
            """
            select credited.model
            from (
                select period, model, sum(conversions) as conversions, sum(conversions_model) as conversions_model
                from this
                group by period, model
            ) as credited
            cross join (select count(*) as orders from marts.fct_orders where not is_cancelled) as counted
            where
                abs(credited.conversions - counted.orders) > 1e-6
                or abs(credited.conversions_model - counted.orders) > 1e-6
            """,
            says="channels sum to the orders, in every kind of period and model",
            column="conversions",
            note="Conservation: models differ in who, never in how many.",
        ),
        _as_credited(),
    ]


@table_suite("marts", "marts.attribution_by_campaign", key=["period", "period_start", "touch_channel", "campaign_id"])
def attribution_by_campaign() -> Sequence[Expectation]:
    """One row per period, touch channel, campaign and model."""
    return [
        unique(["period", "period_start", "touch_channel", "campaign_id", "model"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        _as_credited(),
        agrees(
            "select period, touch_channel, model, sum(spend) as spend from this group by period, touch_channel, model",
            "select period, touch_channel, model, sum(spend) as spend from marts.attribution_by_channel "
            "group by period, touch_channel, model",
            key=["period", "touch_channel", "model"],
            measures=["spend"],
            says="the campaigns of a channel spend what the channel does",
            note="Two reports of one channel tell the same money.",
        ),
    ]


@table_suite("marts", "marts.kpi_experiments", key=["experiment_id", "variant"])
def kpi_experiments() -> Sequence[Expectation]:
    """One row per experiment and variant."""
    grain = ["experiment_id", "variant"]
    return [
        unique(grain, note=_GRAIN),
        between("conversion_rate", 0, 1, note="A share."),
        holds(
            "converted <= people and people <= exposed and exposed + in_both_arms <= assigned - unidentified",
            key=grain,
            says="people counted were assigned, known, and in one variant alone",
            column="people",
            note="As assigned: nobody joins or leaves an arm for what they did.",
        ),
        holds(
            "abs(revenue_per_unit - revenue / nullif(people, 0)) < 1e-6",
            key=grain,
            says="revenue_per_unit = revenue / people",
            column="revenue_per_unit",
            note="The published definition.",
        ),
        holds(
            "lift is null or (not is_control and lift between lift_low and lift_high)",
            key=grain,
            says="a lift is a variant's, within its interval",
            column="lift",
            note="A decision rests on it.",
        ),
        no_rows(
            """
            select arms.experiment_id
            from (select experiment_id, sum(assigned) as units from this group by experiment_id) as arms
            full join (
                select experiment_id, count(*) as units from marts.fct_experiment_exposures group by experiment_id
            ) as exposures on arms.experiment_id = exposures.experiment_id
            where coalesce(arms.units, 0) <> coalesce(exposures.units, 0)
            """,
            says="the units assigned are those of fct_experiment_exposures",
            note="A unit left out makes the arms uneven.",
        ),
    ]


@table_suite("marts", "marts.kpi_omnichannel_value", key=["period", "period_start", "measure"])
def kpi_omnichannel_value() -> Sequence[Expectation]:
    """One row per period of the landmark and measure."""
    grain = ["period", "period_start", "measure"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", ["quarter", "year"], note=_PERIOD_NOTE),
        one_of("measure", ["orders", "net_revenue", "margin"], note="What reports filter on."),
        holds(
            "matched_customers <= omnichannel_customers and matched_others <= other_customers",
            key=grain,
            says="customers matched are customers counted",
            column="matched_customers",
            note="The adjusted difference speaks for them alone.",
        ),
    ]


@table_suite("marts", "marts.attribution_paths", key=["period", "period_start", "path"])
def attribution_paths() -> Sequence[Expectation]:
    """One row per period and path."""
    grain = ["period", "period_start", "path"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _LONG_PERIODS, note=_PERIOD_NOTE),
        *_shares("conversion_rate", "orders", "journeys", grain),
        _adds_up(
            {"orders": "count(distinct order_id)"},
            "marts.attribution_credits where model = 'linear' and touch_channel <> 'unattributed'",
            "the orders with touches",
            _LONG_PERIODS,
        ),
        agrees(
            "select period, sum(net_revenue) as net_revenue from this group by period",
            "select period, net_revenue from (select sum(credit_revenue) as net_revenue from marts.attribution_credits "
            "where model = 'linear' and touch_channel <> 'unattributed') as credits "
            "cross join (values ('quarter'), ('year')) as kinds (period)",
            key=["period"],
            measures=["net_revenue"],
            says="the revenue of all paths is that of the orders with touches",
            note="Conservation: an order has one path.",
            tolerance=1e-9,
        ),
    ]


@table_suite("marts", "marts.attribution_budget_view", key=["period", "period_start", "touch_channel", "model"])
def attribution_budget_view() -> Sequence[Expectation]:
    """One row per period, touch channel with spend and model."""
    grain = ["period", "period_start", "touch_channel", "model"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _LONG_PERIODS, note=_PERIOD_NOTE),
        between("spend_share", 0, 1, note="A share."),
        between("conversion_share", 0, 1, note="A share."),
        no_rows(
            """
            select period_start from this group by period, period_start, model
            having abs(sum(spend_share) - 1) > 1e-6 or abs(sum(conversion_share) - 1) > 1e-6
            """,
            says="shares of spend and of conversions sum to 1 in every period and model",
            note="An index of two shares compares like with like.",
        ),
        no_rows(
            """
            select cells.period_start, cells.touch_channel, cells.model
            from this as cells
            left join marts.attribution_by_channel as channels
                on channels.period = cells.period
                and channels.period_start = cells.period_start
                and channels.touch_channel = cells.touch_channel
                and channels.model = cells.model
            where channels.spend is null
                or channels.spend <> cells.spend
                or abs(channels.revenue - cells.revenue) > 1e-9 * (1 + abs(channels.revenue))
            """,
            says="spend and revenue are those of attribution_by_channel",
            note="Two reports of one channel tell the same money.",
        ),
        everyone(
            "select period, period_start, touch_channel, model from marts.attribution_by_channel "
            "where spend > 0 and period in ('quarter', 'year')",
            key="period, period_start, touch_channel, model",
            of="the channels with spend",
        ),
    ]


@table_suite(
    "marts", "marts.attribution_what_if", key=["period", "period_start", "model", "from_channel", "to_channel"]
)
def attribution_what_if() -> Sequence[Expectation]:
    """One row per year, model and pair of channels."""
    return [
        unique(["period", "period_start", "model", "from_channel", "to_channel"], note=_GRAIN),
        one_of("period", ["year"], note=_PERIOD_NOTE),
        one_of("evidence", ["descriptive"], note="Averages are no marginal returns, and the table says so itself."),
        agrees(
            "select period_start, model, count(*) as pairs from this group by period_start, model",
            "select period_start, model, count(*) * (count(*) - 1) as pairs from marts.attribution_budget_view "
            "where period = 'year' group by period_start, model",
            key=["period_start", "model"],
            measures=["pairs"],
            says="every pair of channels with spend is there",
            note="The best move may be the one that is missing.",
        ),
    ]


@table_suite("marts", "marts.platform_claimed_conversions", key=["period", "period_start", "platform", "campaign_id"])
def platform_claimed_conversions() -> Sequence[Expectation]:
    """One row per period, platform and campaign."""
    return [
        unique(["period", "period_start", "platform", "campaign_id"], note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        _adds_up(
            {
                "spend": "sum(cost)",
                "claimed_conversions": "sum(claimed_conversions)",
                "claimed_revenue": "sum(claimed_revenue)",
            },
            "marts.fct_ad_spend",
            "what the platforms report",
        ),
    ]


@table_suite(
    "marts",
    "marts.kpi_acquisition_cost",
    key=["period", "period_start", "touch_channel", "attribution_model", "spend_purpose"],
)
def kpi_acquisition_cost() -> Sequence[Expectation]:
    """One row per period, touch channel, attribution model and spend purpose, and the blended ones."""
    grain = ["period", "period_start", "touch_channel", "attribution_model", "spend_purpose"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        one_of(
            "spend_purpose",
            ["acquisition", "retention", "brand", "unclassified", "all"],
            note="Reports filter by it; what it counts is repeated.",
        ),
        holds(
            "touch_channel <> 'unattributed' or (cost_per_order is null and cac is null)",
            key=grain,
            says="what nobody earned has no ratio",
            column="cac",
            note="A cost per order of nobody would be nobody's.",
        ),
        _adds_up(
            {"orders": "count(*)", "new_customers": "count(*) filter (where is_first_order)"},
            "marts.fct_orders where not is_cancelled",
            "the orders and first orders",
            within="(select * from this where attribution_model = 'blended' and spend_purpose = 'all')",
        ),
        holds(
            "cost = spend + allocated_cost",
            key=["period", "period_start", "touch_channel", "attribution_model"],
            says="cost = spend + allocated_cost",
            column="cost",
            note="What advertising took and what the channel bears of the rest.",
        ),
    ]


@table_suite("marts", "marts.kpi_interaction_roi", key=["period", "period_start", "touch_channel", "attribution_model"])
def kpi_interaction_roi() -> Sequence[Expectation]:
    """One row per period, touch channel and attribution model."""
    grain = ["period", "period_start", "touch_channel", "attribution_model"]
    return [
        unique(grain, note=_GRAIN),
        one_of("period", _PERIODS, note=_PERIOD_NOTE),
        holds(
            "roi is null or (cost > 0 and margin is not null)",
            key=grain,
            says="a return is measured on a cost and a margin that are known",
            column="roi",
            note="NULL is not measurable, 0 is zero.",
        ),
        _adds_up(
            {"interactions": "count(*)"},
            "marts.fct_touchpoints",
            "the touches",
            within="(select * from this where attribution_model = 'linear')",
        ),
        holds(
            "roi is null or abs(roi - (margin - cost) / cost) < 1e-6 * (1 + abs(roi))",
            key=grain,
            says="roi = (margin - cost) / cost",
            column="roi",
            note="The published definition.",
        ),
        no_rows(
            "select cells.period_start, cells.touch_channel, cells.attribution_model from this as cells "
            "inner join marts.attribution_by_channel as channels on channels.period = cells.period "
            "and channels.period_start = cells.period_start and channels.touch_channel = cells.touch_channel "
            "and channels.model = cells.attribution_model "
            "where abs(channels.revenue - cells.revenue) > 1e-6 * (1 + abs(channels.revenue))",
            says="revenue is that of attribution_by_channel",
            column="revenue",
            note="Two reports of one channel tell the same money.",
        ),
    ]


@table_suite("marts", "marts.kpi_acquisition_combinations", key=["period", "period_start", "channel_combination"])
def kpi_acquisition_combinations() -> Sequence[Expectation]:
    """One row per period of the first order and combination of channels before it."""
    kinds = ["month", "quarter", "year"]
    return [
        unique(["period", "period_start", "channel_combination"], note=_GRAIN),
        one_of("period", kinds, note=_PERIOD_NOTE),
        _adds_up(
            {
                "new_customers": "count(*) filter (where is_first_order)",
                "orders": "count(*)",
                "net_revenue": "sum(net_revenue)",
            },
            "marts.fct_orders where not is_cancelled and customer_id <> 'unknown'",
            "the customers and their orders",
            kinds,
        ),
        holds(
            "cac is null or abs(cac - cost / new_customers) < 1e-6",
            key=["period", "period_start", "channel_combination"],
            says="cac = cost / new_customers",
            column="cac",
            note="The published definition.",
        ),
    ]


@table_suite("marts", "marts.kpi_channel_matrix", key=["period", "period_start", "touch_channel", "attribution_model"])
def kpi_channel_matrix() -> Sequence[Expectation]:
    """One row per period, touch channel and attribution model."""
    return [
        unique(["period", "period_start", "touch_channel", "attribution_model"], note=_GRAIN),
        one_of("period", _LONG_PERIODS, note=_PERIOD_NOTE),
        between("retention", 0, 1, note="A share."),
        between("resources", 0, 1, note="A share."),
        between("identified_share", 0, 1, note="A share."),
        one_of(
            "role",
            ["marginal", "acquisition", "opening", "closing", "supporting"],
            note="Rules of the settings, channel_matrix.",
        ),
        _adds_up(
            {"orders": "count(*)", "new_customers": "count(*) filter (where is_first_order)"},
            "marts.fct_orders where not is_cancelled",
            "the orders and first orders",
            _LONG_PERIODS,
            within="(select * from this where attribution_model = 'last_touch')",
        ),
        agrees(
            "select period, period_start, touch_channel, attribution_model, cost from this",
            "select period, period_start, touch_channel, attribution_model, cost from marts.kpi_acquisition_cost "
            "where spend_purpose = 'all' and touch_channel <> 'all' and period in ('quarter', 'year')",
            key=["period", "period_start", "touch_channel", "attribution_model"],
            measures=["cost"],
            says="a channel's cost is that of kpi_acquisition_cost",
            note="Two reports of one channel tell the same money.",
        ),
    ]


@table_suite("marts", "marts.kpi_scorecard", key=["objective"])
def kpi_scorecard() -> Sequence[Expectation]:
    """One row per objective of the settings."""
    return [
        unique(["objective"], note=_GRAIN),
        not_null("status", note="An objective without a status says nothing."),
        not_null("target_setting", note="A target makes it an objective."),
    ]


@table_suite("marts", "marts.kpi_definitions", key=["kpi", "measure"])
def kpi_definitions() -> Sequence[Expectation]:
    """One row per measure of a KPI."""
    return [
        row_count(note="What a number means is published with it."),
        unique(["kpi", "measure"], note="A measure has one meaning."),
    ]


@table_suite("marts", "marts.reconciliation", key=["measure"])
def reconciliation() -> Sequence[Expectation]:
    """One row per measure: what the sources say, what the marts say."""
    return [
        row_count(note="Tie-outs that were not made prove nothing."),
        not_null("difference", note="A difference that cannot be told is one."),
        between("difference", 0, 0, note="Sources and marts tell the same orders, money, touches and answers."),
        unique(["measure", "source_system"], note="A tie-out is made once."),
    ]


_DRIFTS = {
    "rows": (
        "tables hold about as many rows as in the last releases",
        "A channel that falls silent or repeats itself.",
    ),
    "null_share": (
        "columns lack about as many values as in the last releases",
        "A field that a source stopped filling.",
    ),
    "mean": ("means are about those of the last releases", "A unit, a currency or a sign that changed at a source."),
    "mix": (
        "categories share out as in the last releases",
        "A code that was renamed, a kind of row that went missing.",
    ),
}


@table_suite("marts", "marts.data_profile", key=["table_name", "column_name"])
def data_profile() -> Sequence[Expectation]:
    """One row per release, table, column, metric and category: this release beside those before it."""
    return [
        unique(["release_id", "table_name", "column_name", "metric", "category"], note=_GRAIN),
        everyone(
            "select release_id from marts.release_info", key="release_id", of="the release at hand, among others,"
        ),
        *(
            no_rows(
                "select table_name, column_name, category, metric, release_id from this "
                f"where metric = '{metric}' and is_drift "
                "and release_id = (select release_id from marts.release_info)",
                says=says,
                column="value",
                note=note,
                severity="warning",
            )
            for metric, (says, note) in _DRIFTS.items()
        ),
    ]


@table_suite("marts", "marts.release_info", key=["release_id"])
def release_info() -> Sequence[Expectation]:
    """One row: what this release is made of."""
    return [
        row_count(minimum=1, maximum=1, note="A release has one birth certificate."),
        not_null("release_id", note="It names the release everywhere."),
        no_rows(
            "select release_id from this where release_id not in (select release_id from pipeline.run_info)",
            says="the release is the one of this run",
            column="release_id",
            note="A table left over from another night is stale.",
        ),
        not_null("as_of", note="It is 'now' for every table of the release."),
    ]


def suites() -> tuple[TableSuite, ...]:
    """Every suite of this module, in the order written."""
    return tuple(value for value in globals().values() if isinstance(value, TableSuite))
