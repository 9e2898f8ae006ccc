"""Suites of dimensions and facts: what whoever joins them relies on.

An extract never delivered leaves its facts empty, and that passes: emptiness is judged at the landing door. Whether a
model computes rightly is dbt's to test; here stand grain, references and the money identities.
"""

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

_GRAIN = "A repeated key doubles whatever is summed over a join."
_PURPOSES = ["acquisition", "retention", "brand", "unclassified"]
_CENT = "Money is decimal: equal means equal to the cent."


def _customer(key: str) -> list[Expectation]:
    """Every row belongs to a customer, the member `unknown` included: one of those dim_customers will show."""
    return [
        not_null("customer_id", note="Facts without a known person carry the member 'unknown', never NULL."),
        references(
            "customer_id",
            "intermediate.int_customer_profiles",
            key,
            "customer_id",
            note="An inner join with dim_customers must not drop a fact.",
        ),
    ]


def _calendar(column: str, key: str) -> Expectation:
    return references(
        column, "marts.dim_dates", key, "date_day", note="KPI tables join the calendar: a day outside it is lost."
    )


def _channel(column: str, role: str, key: str) -> Expectation:
    return no_rows(
        f'select "{key}" from this as fact where not exists (select 1 from marts.dim_channels '
        f"as channels where channels.channel_role = '{role}' and channels.channel = fact.\"{column}\")",
        says=f"every {column} is a {role} channel of dim_channels",
        column=column,
        note="A channel without its row is missing from every report by channel.",
    )


@table_suite("core", "marts.bridge_customer_sources", key=["source_record_key"])
def bridge_customer_sources() -> Sequence[Expectation]:
    """One row per source record and the customer it belongs to."""
    return [
        unique(["source_record_key"], note="A source record belongs to one customer."),
        as_many_as("identity.customer_links"),
        *_customer("source_record_key"),
        between("match_probability", 0, 1, note="It is a probability."),
    ]


@table_suite("core", "marts.customer_id_history", key=["customer_event_id"])
def customer_id_history() -> Sequence[Expectation]:
    """One row per event in the life of a customer id."""
    return [unique(["customer_event_id"], note=_GRAIN), as_many_as("identity.customer_history")]


@table_suite("core", "marts.dim_channels", key=["channel_key"])
def dim_channels() -> Sequence[Expectation]:
    """One row per role and channel."""
    return [
        row_count(note="The shipped channels are always there."),
        unique(["channel_role", "channel"], note=_GRAIN),
    ]


@table_suite("core", "marts.dim_dates", key=["date_day"])
def dim_dates() -> Sequence[Expectation]:
    """One row per day, without a gap."""
    return [
        row_count(note="KPI periods are cut from it."),
        unique(["date_day"], note=_GRAIN),
        no_rows(
            """
            select date_day
            from this as days
            where date_day < (select max(date_day) from this)
                and not exists (
                    select 1 from this as others where others.date_day = days.date_day + interval 1 day
                )
            """,
            says="no day is missing between the first and the last",
            note="A missing day loses its facts from every KPI.",
        ),
    ]


@table_suite("core", "marts.bridge_date_periods", key=["date_day", "period"])
def bridge_date_periods() -> Sequence[Expectation]:
    """One row per day and kind of period."""
    return [
        unique(["date_day", "period"], note="A day counted twice doubles its facts."),
        no_rows(
            "select days.date_day from marts.dim_dates as days left join this as periods "
            "on periods.date_day = days.date_day group by days.date_day having count(periods.period) <> 4",
            says="every day is in one week, month, quarter and year",
            note="A day outside its period loses its facts from that report.",
        ),
    ]


@table_suite("core", "marts.dim_campaigns", key=["campaign_id", "platform", "touch_channel"])
def dim_campaigns() -> Sequence[Expectation]:
    """One row per campaign, platform and touch channel."""
    return [
        unique(["campaign_id", "platform", "touch_channel"], note=_GRAIN),
        everyone(
            "select campaign_id, touch_channel from marts.fct_ad_spend where campaign_id is not null union "
            "select campaign_id, touch_channel from marts.fct_touchpoints where campaign_id is not null",
            key="campaign_id, touch_channel",
            of="the advertising and the touches",
        ),
    ]


@table_suite("core", "marts.dim_products", key=["sku"])
def dim_products() -> Sequence[Expectation]:
    """One row per product."""
    return [
        unique(["sku"], note=_GRAIN),
        everyone(
            "select sku from staging.stg_reference__products "
            "union select sku from marts.fct_order_lines where sku is not null",
            key="sku",
            of="the reference and the order lines",
        ),
    ]


# A store may tell its own address and phone.
@table_suite("core", "marts.dim_stores", key=["store_code"], impersonal=False)
def dim_stores() -> Sequence[Expectation]:
    """One row per store."""
    return [
        unique(["store_code"], note=_GRAIN),
        everyone(
            "select store_code from staging.stg_reference__stores "
            "union select store_code from marts.fct_orders where store_code is not null",
            key="store_code",
            of="the reference and the orders",
        ),
    ]


@table_suite("core", "marts.dim_experiments", key=["experiment_id"])
def dim_experiments() -> Sequence[Expectation]:
    """One row per experiment, planned or run."""
    return [
        unique(["experiment_id"], note=_GRAIN),
        everyone(
            "select experiment_id from staging.stg_experiments__plans "
            "union select experiment_id from marts.fct_experiment_exposures",
            key="experiment_id",
            of="the plans and the exposures",
        ),
    ]


@table_suite("core", "marts.fct_orders", key=["order_id"])
def fct_orders() -> Sequence[Expectation]:
    """One row per order, cancelled ones flagged."""
    return [
        unique(["order_id"], note=_GRAIN),
        as_many_as("intermediate.int_orders"),
        *_customer("order_id"),
        _calendar("ordered_date", "order_id"),
        _channel("sales_channel", "sales", "order_id"),
        one_of("fulfilment", ["ship", "click_and_collect", "in_store"], note="Click-and-collect is counted by it."),
        holds(
            "net_revenue = gross_revenue - discount - refund",
            key=["order_id"],
            says="net_revenue = gross_revenue - discount - refund",
            column="net_revenue",
            note=_CENT,
        ),
        holds(
            "margin = net_revenue - cost_of_goods - commission",
            key=["order_id"],
            says="margin = net_revenue - cost_of_goods - commission where the cost is known",
            column="margin",
            note=_CENT,
        ),
        between("discount", 0, note="A discount lowers revenue; a negative one would raise it unseen."),
        between("refund", 0, note="Refunds are positive amounts."),
        holds(
            "refund <= gross_revenue - discount + shipping",
            key=["order_id"],
            says="no order is refunded beyond what was paid for goods and shipping",
            column="refund",
            note="Goodwill may exceed it; a refund booked twice does too.",
            severity="warning",
        ),
        no_rows(
            """
            select orders.order_id
            from this as orders
            left join (
                select
                    order_id,
                    sum(gross_revenue) as gross_revenue,
                    sum(discount) as discount,
                    sum(quantity) as quantity
                from marts.fct_order_lines
                group by order_id
            ) as lines on lines.order_id = orders.order_id
            where lines.order_id is null
                or lines.gross_revenue <> orders.gross_revenue
                or lines.discount <> orders.discount
                or lines.quantity <> orders.quantity
            """,
            says="lines add up to their order: gross revenue, discount and quantity",
            note="Revenue by product and revenue by channel are the same money.",
        ),
        no_rows(
            "select customer_id from this where is_first_order group by customer_id having count(*) > 1",
            says="a customer has at most one first order",
            column="is_first_order",
            note="New customers are counted by it.",
        ),
        no_rows(
            "select order_id from this where is_first_order and (customer_id = 'unknown' or is_cancelled)",
            says="no cancelled order and no order of 'unknown' is a first order",
            column="is_first_order",
            note="'unknown' is not one person, and a cancelled order is no conversion.",
        ),
    ]


@table_suite("core", "marts.fct_order_lines", key=["order_line_id"])
def fct_order_lines() -> Sequence[Expectation]:
    """One row per order line."""
    return [
        unique(["order_line_id"], note=_GRAIN),
        as_many_as("intermediate.int_order_lines"),
        references("order_id", "marts.fct_orders", "order_line_id", "order_id", note="Lines belong to an order."),
        *_customer("order_line_id"),
        between("discount", 0, note="A discount lowers revenue; a negative one would raise it unseen."),
        not_null("sku", note="Revenue by product needs one; unknown goods are no product.", severity="warning"),
    ]


@table_suite("core", "marts.fct_refunds", key=["refund_id"])
def fct_refunds() -> Sequence[Expectation]:
    """One row per refund, also of orders older than the data (`none`)."""
    return [
        unique(["refund_id"], note=_GRAIN),
        as_many_as("intermediate.int_refunds"),
        *_customer("refund_id"),
        _calendar("refunded_date", "refund_id"),
        _channel("sales_channel", "sales", "refund_id"),
        between("refund", 0, note="Refunds are positive amounts; a sign lost in a source would add revenue."),
        not_null("order_id", note="A refund of an unknown order says 'none'."),
        no_rows(
            "select refund_id from this as refunds where order_id <> 'none' and not exists "
            "(select 1 from marts.fct_orders as orders where orders.order_id = refunds.order_id)",
            says="every order_id but 'none' is in marts.fct_orders",
            column="order_id",
            note="Refunds are taken off their order.",
        ),
    ]


@table_suite("core", "marts.fct_touchpoints", key=["touchpoint_id"])
def fct_touchpoints() -> Sequence[Expectation]:
    """One row per touch: session, click, visit or contact."""
    return [
        unique(["touchpoint_id"], note="A touch counted twice earns double credit."),
        as_many_as("intermediate.int_touchpoints"),
        *_customer("touchpoint_id"),
        _channel("touch_channel", "touch", "touchpoint_id"),
        not_null("touched_at", note="Touches are ordered by it."),
    ]


@table_suite("core", "marts.fct_sessions", key=["session_id"])
def fct_sessions() -> Sequence[Expectation]:
    """One row per web or app session."""
    return [
        unique(["session_id"], note=_GRAIN),
        as_many_as("intermediate.int_sessions"),
        *_customer("session_id"),
        _channel("touch_channel", "touch", "session_id"),
        holds("ended_at >= started_at", key=["session_id"], says="no session ends before it starts", note="Durations."),
    ]


@table_suite("core", "marts.fct_carts", key=["cart_id"])
def fct_carts() -> Sequence[Expectation]:
    """One row per cart."""
    return [
        unique(["cart_id"], note=_GRAIN),
        as_many_as("intermediate.int_carts"),
        *_customer("cart_id"),
        one_of("cart_stage", ["cart", "checkout"], note="Abandonment is told apart by stage."),
        holds(
            "recovered_at is null or is_abandoned",
            key=["cart_id"],
            says="only an abandoned cart is recovered",
            column="recovered_at",
            note="Recovered carts are a part of abandoned ones.",
        ),
    ]


@table_suite("core", "marts.fct_messages", key=["message_id"])
def fct_messages() -> Sequence[Expectation]:
    """One row per message and recipient."""
    return [
        unique(["message_id"], note=_GRAIN),
        as_many_as("intermediate.int_messages"),
        *_customer("message_id"),
        one_of("channel", ["email", "sms"], note="Opens exist for e-mail only."),
        one_of("message_type", ["marketing", "transactional"], note="Engagement counts marketing only."),
        holds(
            "clicked_at is null or channel <> 'email' or first_opened_at is not null",
            key=["message_id"],
            says="an e-mail that was clicked was opened",
            column="first_opened_at",
            note="A click implies an open: click-to-open rates stay below 1.",
        ),
    ]


@table_suite("core", "marts.fct_social_posts", key=["post_key"])
def fct_social_posts() -> Sequence[Expectation]:
    """One row per post and platform, thirty days after publication."""
    return [
        unique(["post_key"], note=_GRAIN),
        as_many_as("intermediate.int_social_posts"),
        holds(
            "engagement = likes + comments + shares",
            key=["post_key"],
            says="engagement = likes + comments + shares",
            column="engagement",
            note="Mentions stay apart: platforms count them differently.",
        ),
    ]


@table_suite("core", "marts.fct_tickets", key=["ticket_id"])
def fct_tickets() -> Sequence[Expectation]:
    """One row per service ticket."""
    return [
        unique(["ticket_id"], note=_GRAIN),
        as_many_as("intermediate.int_tickets"),
        *_customer("ticket_id"),
        _channel("channel", "service", "ticket_id"),
        between("hours_to_first_reply", 0, note="A reply before the question is a clock or a join gone wrong."),
        between("hours_to_resolution", 0, note="A solution before the question is a clock or a join gone wrong."),
    ]


@table_suite("core", "marts.fct_calls", key=["call_id"])
def fct_calls() -> Sequence[Expectation]:
    """One row per call offered to a queue."""
    return [
        unique(["call_id"], note=_GRAIN),
        as_many_as("intermediate.int_calls"),
        *_customer("call_id"),
        _calendar("offered_date", "call_id"),
        holds(
            "is_answered = (answered_at is not null)",
            key=["call_id"],
            says="an answered call says when, an abandoned one does not",
            column="answered_at",
            note="Answer rates divide one by the other.",
        ),
        between("wait_seconds", 0, 14_400, note="A wait of hours is a clock gone wrong.", severity="warning"),
    ]


@table_suite("core", "marts.fct_bot_conversations", key=["bot_conversation_id"])
def fct_bot_conversations() -> Sequence[Expectation]:
    """One row per conversation with the bot."""
    return [
        unique(["bot_conversation_id"], note=_GRAIN),
        as_many_as("intermediate.int_bot_conversations"),
        *_customer("bot_conversation_id"),
        _calendar("started_date", "bot_conversation_id"),
        one_of("outcome", ["contained", "handed_over", "left"], note="Containment is counted by it."),
    ]


@table_suite("core", "marts.fct_service_contacts", key=["service_contact_id"])
def fct_service_contacts() -> Sequence[Expectation]:
    """One row per contact with customer service."""
    return [
        unique(["service_contact_id"], note="A contact counted twice looks like a repeated one."),
        as_many_as("intermediate.int_service_contacts"),
        *_customer("service_contact_id"),
        _channel("channel", "service", "service_contact_id"),
    ]


@table_suite("core", "marts.fct_sign_ups", key=["sign_up_id"])
def fct_sign_ups() -> Sequence[Expectation]:
    """One row per sign-up."""
    return [
        unique(["sign_up_id"], note=_GRAIN),
        as_many_as("intermediate.int_sign_ups"),
        *_customer("sign_up_id"),
        one_of("sign_up_type", ["account", "loyalty", "app"], note="Conversion is counted by it."),
    ]


@table_suite("core", "marts.fct_cart_relaunches", key=["relaunch_id"])
def fct_cart_relaunches() -> Sequence[Expectation]:
    """One row per checkout taken into a relaunch trial."""
    return [
        unique(["relaunch_id"], note=_GRAIN),
        as_many_as("intermediate.int_cart_relaunches"),
        *_customer("relaunch_id"),
        no_rows(
            "select relaunch_id from this where cart_id in "
            "(select cart_id from this where cart_id is not null group by cart_id having count(*) > 1)",
            says="a cart is drawn once",
            column="cart_id",
            note="A cart in both arms has no lift.",
        ),
        holds(
            "is_held_out = (sent_at is null)",
            key=["relaunch_id"],
            says="the held out are sent nothing, the others are",
            column="sent_at",
            note="A message sent to the held out hides the lift.",
            severity="warning",
        ),
    ]


@table_suite("core", "marts.fct_pickups", key=["pickup_id"])
def fct_pickups() -> Sequence[Expectation]:
    """One row per click-and-collect order a store prepared."""
    return [
        unique(["pickup_id"], note=_GRAIN),
        as_many_as("intermediate.int_pickups"),
        *_customer("pickup_id"),
        between("hours_to_prepare", 0, note="Ready before it was ordered is a clock or a join gone wrong."),
        between("hours_to_pick_up", 0, note="Fetched before it was ready is a clock or a join gone wrong."),
    ]


@table_suite("core", "marts.fct_footfall", key=["store_code", "counted_date", "hour"])
def fct_footfall() -> Sequence[Expectation]:
    """One row per store, day and hour."""
    return [
        unique(["store_code", "counted_date", "hour"], note="Visitors counted twice halve the conversion."),
        as_many_as("staging.stg_stores__footfall"),
        _calendar("counted_date", "store_code"),
        between("entries", 0, note="A count."),
        holds(
            "is_measured = (entries is not null)",
            key=["store_code", "counted_date", "hour"],
            says="entries are there where the counter worked, and nowhere else",
            column="entries",
            note="An hour not measured is not an hour without visitors.",
        ),
    ]


@table_suite("core", "marts.fct_stock_outs", key=["store_code", "sku", "out_from_date"])
def fct_stock_outs() -> Sequence[Expectation]:
    """One row per spell out of stock."""
    key = ["store_code", "sku", "out_from_date"]
    return [
        unique(key, note=_GRAIN),
        as_many_as("staging.stg_stores__stock_outs"),
        holds(
            "back_date > out_from_date",
            key=key,
            says="an article is back after it was out",
            column="back_date",
            note="Days out of stock are counted between them.",
        ),
    ]


@table_suite("core", "marts.fct_stock", key=["store_code", "sku", "stock_date"])
def fct_stock() -> Sequence[Expectation]:
    """One row per store, article and month end."""
    return [
        unique(["store_code", "sku", "stock_date"], note=_GRAIN),
        as_many_as("staging.stg_reference__store_stock"),
        between("quantity", 0, note="A stock."),
    ]


@table_suite("core", "marts.fct_social_comments", key=["comment_key"])
def fct_social_comments() -> Sequence[Expectation]:
    """One row per comment under a post of the brand."""
    return [
        unique(["comment_key"], note=_GRAIN),
        as_many_as("staging.stg_social__comments"),
        between("hours_to_reply", 0, note="An answer before the comment is a clock gone wrong."),
    ]


@table_suite("core", "marts.fct_social_followers", key=["platform", "counted_date"])
def fct_social_followers() -> Sequence[Expectation]:
    """One row per platform and day."""
    return [
        unique(["platform", "counted_date"], note="Means are taken over days."),
        as_many_as("staging.stg_social__followers"),
        between("followers", 0, note="A count."),
    ]


@table_suite("core", "marts.fct_survey_responses", key=["survey_response_id"])
def fct_survey_responses() -> Sequence[Expectation]:
    """One row per invitation, answered or not."""
    return [
        unique(["survey_response_id"], note="The last answer per invitation counts, once."),
        as_many_as("intermediate.int_survey_responses"),
        *_customer("survey_response_id"),
        holds(
            "is_answered = (score is not null)",
            key=["survey_response_id"],
            says="answered means there is a score",
            column="is_answered",
            note="Response rates divide one by the other.",
        ),
        holds(
            "case survey when 'nps' then score between 0 and 10 when 'csat' then score between 1 and 5 "
            "when 'ces' then score between 1 and 7 end",
            key=["survey_response_id"],
            says="scores keep to their scale: nps 0..10, csat 1..5, ces 1..7",
            column="score",
            note="A score off its scale shifts every mean.",
        ),
    ]


@table_suite("core", "marts.fct_ad_spend", key=["ad_spend_id"])
def fct_ad_spend() -> Sequence[Expectation]:
    """One row per day, platform and campaign."""
    return [
        unique(["ad_spend_id"], note="Spend delivered twice is spent once."),
        as_many_as("intermediate.int_ad_spend"),
        between("cost", 0, note="Cost is what was paid."),
        _channel("touch_channel", "touch", "ad_spend_id"),
        one_of("spend_purpose", _PURPOSES, note="Acquisition cost divides by purpose."),
        holds(
            "spend_purpose <> 'unclassified'",
            key=["ad_spend_id"],
            says="every campaign's name tells its purpose",
            column="spend_purpose",
            note="Spend without a purpose is missing from acquisition cost.",
            severity="warning",
        ),
        holds(
            "clicks <= impressions",
            key=["ad_spend_id"],
            says="no campaign has more clicks than impressions",
            note="Platforms restate days; a click-through above 1 is worth a look.",
            severity="warning",
        ),
    ]


@table_suite("core", "marts.fct_channel_costs", key=["cost_id"])
def fct_channel_costs() -> Sequence[Expectation]:
    """One row per cost beside the ads."""
    return [
        unique(["cost_id"], note=_GRAIN),
        as_many_as("intermediate.int_channel_costs"),
        agrees(
            "select category, sum(cost) as cost from this group by category",
            "select category, sum(cost) as cost from intermediate.int_channel_costs group by category",
            key=["category"],
            measures=["cost"],
            says="the costs of every category are those delivered",
            note="A cost counted twice makes a channel look dear.",
        ),
        one_of("spend_purpose", _PURPOSES, note="Acquisition cost divides by purpose."),
    ]


@table_suite("core", "marts.fct_loyalty_events", key=["loyalty_event_id"])
def fct_loyalty_events() -> Sequence[Expectation]:
    """One row per movement of points."""
    return [
        unique(["loyalty_event_id"], note=_GRAIN),
        as_many_as("intermediate.int_loyalty_events"),
        *_customer("loyalty_event_id"),
    ]


@table_suite("core", "marts.fct_loyalty_memberships", key=["loyalty_membership_id"])
def fct_loyalty_memberships() -> Sequence[Expectation]:
    """One row per card and interval in which its tier held."""
    return [
        unique(["loyalty_membership_id"], note=_GRAIN),
        as_many_as("staging.stg_loyalty__card_states"),
        *_customer("loyalty_membership_id"),
        holds(
            "valid_to is null or valid_to > valid_from",
            key=["loyalty_membership_id"],
            says="no tier ends before it begins",
            column="valid_to",
            note="Members are counted as of a day.",
        ),
    ]


@table_suite("core", "marts.fct_service_levels", key=["ticket_id"])
def fct_service_levels() -> Sequence[Expectation]:
    """One row per ticket, with its targets."""
    return [
        unique(["ticket_id"], note=_GRAIN),
        as_many_as("marts.fct_tickets"),
        *_customer("ticket_id"),
        holds(
            "business_hours_to_resolution is null or business_hours_to_resolution <= hours_to_resolution + 1e-6",
            key=["ticket_id"],
            says="no ticket took longer in hours of opening than by the clock",
            column="business_hours_to_resolution",
            note="Hours of opening are a part of all hours.",
        ),
    ]


@table_suite("core", "marts.fct_experiment_exposures", key=["exposure_id"])
def fct_experiment_exposures() -> Sequence[Expectation]:
    """One row per unit and experiment."""
    return [
        unique(["exposure_id"], note="A unit is assigned once."),
        as_many_as("intermediate.int_experiment_exposures"),
        *_customer("exposure_id"),
        not_null("variant", note="Lift compares variants."),
    ]


@table_suite("core", "marts.fct_consents", key=["consent_id"])
def fct_consents() -> Sequence[Expectation]:
    """One row per customer, purpose and interval of validity."""
    return [
        unique(["consent_id"], note=_GRAIN),
        *_customer("consent_id"),
        holds(
            "valid_to is null or valid_to > valid_from",
            key=["consent_id"],
            says="no consent ends before it begins",
            column="valid_to",
            note="Sends are judged as of the send.",
        ),
        no_rows(
            """
            select consent_id
            from (
                select
                    consent_id,
                    valid_from,
                    row_number() over intervals as position,
                    lag(valid_to) over intervals as previous_to
                from this
                where customer_id <> 'unknown'
                window intervals as (partition by customer_id, purpose order by valid_from)
            ) as sequenced
            where position > 1 and (previous_to is null or previous_to > valid_from)
            """,
            says="a customer's intervals of one purpose do not overlap",
            note="Asked for a day, the table gives one answer.",
            severity="warning",
        ),
        everyone(
            "select distinct links.customer_id from intermediate.int_consents as consents inner join "
            "identity.customer_links as links on links.source_system = consents.source_system "
            "and links.source_person_key = consents.source_person_key where consents.status = 'granted' "
            "and not exists (select 1 from intermediate.int_consents as others where others.status <> 'granted' "
            "and others.source_system = consents.source_system and others.purpose = consents.purpose "
            "and others.source_person_key = consents.source_person_key)",
            key="customer_id",
            of="those who once granted a consent",
        ),
    ]


@table_suite("core", "marts.fct_journeys", key=["journey_id"])
def fct_journeys() -> Sequence[Expectation]:
    """One row per journey: touches up to an order, or until they stop."""
    return [
        unique(["journey_id"], note=_GRAIN),
        *_customer("journey_id"),
        between("touches", 1, note="A journey without a touch is none."),
        no_rows(
            """
            select journeys.touches as touches_here, touchpoints.touches as touches_there
            from (select coalesce(sum(touches), 0) as touches from this) as journeys
            cross join (
                select count(*) as touches from marts.fct_touchpoints where customer_id <> 'unknown'
            ) as touchpoints
            where journeys.touches <> touchpoints.touches
            """,
            says="journeys hold every touch of a known customer, once",
            column="touches",
            note="A touch lost shortens a path, one counted twice lengthens it.",
        ),
        holds(
            "is_converted = (order_id is not null)",
            key=["journey_id"],
            says="converted means there is an order",
            column="is_converted",
            note="Conversion rates divide one by the other.",
        ),
        no_rows(
            "select order_id from this where order_id is not null group by order_id having count(*) > 1",
            says="an order ends one journey",
            column="order_id",
            note="An order is one conversion.",
        ),
    ]


def suites() -> tuple[TableSuite, ...]:
    """Every suite of this module, in the order written."""
    return tuple(value for value in globals().values() if isinstance(value, TableSuite))
