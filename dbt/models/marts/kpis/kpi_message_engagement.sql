{%- set min_n = var('reliability')['min_n'] -%}
{%- set flags = [
    'is_identified', 'is_delivered', 'is_open_trackable', 'is_opened', 'is_human_opened', 'is_clicked',
    'is_human_clicked', 'is_unsubscribed',
] -%}

with

messages as (
    select * from {{ ref('fct_messages') }}
    where
        message_type = 'marketing'
        and channel in ('email', 'sms')
),

consents as (
    select * from {{ ref('fct_consents') }}
    where
        customer_id <> 'unknown'
        and purpose in ('email', 'sms', 'open_tracking')
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

periods as (
    select distinct
        period,
        period_start,
        is_complete,
        segments_as_of
    from date_periods
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

consented as (
    select
        messages.message_id,
        max(case when consents.purpose = messages.channel then 1 else 0 end) as is_consented,
        max(case when consents.purpose = 'open_tracking' and messages.channel = 'email' then 1 else 0 end)
            as is_tracked
    from messages
    inner join consents
        on
            messages.customer_id = consents.customer_id
            and messages.sent_at >= consents.valid_from
            and (consents.valid_to is null or messages.sent_at < consents.valid_to)
            and consents.purpose in (messages.channel, 'open_tracking')
    group by messages.message_id
),

-- `unknown` gathers many people, and without a campaign nothing says which messages belong together: there each
-- message is a recipient of its own. What was opened, clicked or left through has arrived, its delivery known or not.
sends as (
    select
        messages.message_id,
        messages.customer_id,
        case
            when messages.customer_id = 'unknown' or messages.campaign_id is null then messages.message_id
            else messages.customer_id
        end as recipient,
        messages.channel,
        coalesce(messages.campaign_id, 'none') as campaign,
        messages.sent_at,
        messages.sent_date,
        case when messages.customer_id = 'unknown' then 0 else 1 end as is_identified,
        coalesce(consented.is_consented, 0) as is_consented,
        coalesce(consented.is_tracked, 0) as is_tracked,
        case
            when
                coalesce(
                    messages.delivered_at, messages.first_opened_at, messages.clicked_at, messages.unsubscribed_at
                ) is not null
                then 1
            else 0
        end as is_delivered,
        case when coalesce(messages.first_opened_at, messages.clicked_at) is not null then 1 else 0 end as is_opened,
        case when messages.first_human_opened_at is not null or messages.is_human_click then 1 else 0 end
            as is_human_opened,
        case when messages.clicked_at is not null then 1 else 0 end as is_clicked,
        case when messages.is_human_click then 1 else 0 end as is_human_clicked,
        case when messages.unsubscribed_at is not null then 1 else 0 end as is_unsubscribed
    from messages
    left join consented
        on messages.message_id = consented.message_id
),

-- Opens are looked at only where the recipient had agreed to it when the message left.
flagged as (
    select
        date_periods.period,
        date_periods.period_start,
        sends.customer_id,
        sends.recipient,
        sends.channel,
        sends.campaign,
        sends.sent_at,
        sends.is_identified,
        sends.is_consented,
        sends.is_delivered,
        sends.is_delivered * sends.is_tracked as is_open_trackable,
        sends.is_opened * sends.is_tracked as is_opened,
        sends.is_human_opened * sends.is_tracked as is_human_opened,
        sends.is_clicked,
        sends.is_human_clicked,
        sends.is_unsubscribed
    from sends
    inner join date_periods
        on sends.sent_date = date_periods.date_day
),

recipients as (
    select
        period,
        period_start,
        customer_id,
        channel,
        campaign,
        cast(extract(hour from {{ local_timestamp('min(sent_at)') }}) as bigint) as send_hour,
        {%- for flag in flags %}
            max({{ flag }}) as {{ flag }},
        {%- endfor %}
        min(is_consented) as is_consented
    from flagged
    group by period, period_start, customer_id, recipient, channel, campaign
),

people as (
    select
        period,
        period_start,
        customer_id,
        'combined' as channel,
        'all' as campaign,
        cast(null as bigint) as send_hour,
        {%- for flag in flags %}
            max({{ flag }}) as {{ flag }},
        {%- endfor %}
        min(is_consented) as is_consented
    from flagged
    where is_identified = 1
    group by period, period_start, customer_id
),

reached as (
    select * from recipients
    union all
    select * from people
),

counted as (
    select
        reached.period,
        reached.period_start,
        periods.is_complete,
        reached.channel,
        reached.campaign,
        reached.send_hour,
        case when reached.customer_id = 'unknown' then 'unknown' else coalesce(segments.omnichannel_level, 'none') end
            as segment,
        count(*) as sent,
        sum(reached.is_identified) as identified_sent,
        sum(reached.is_consented) as consented,
        sum(reached.is_delivered) as delivered,
        sum(reached.is_open_trackable) as open_trackable,
        sum(reached.is_opened) as openers,
        sum(reached.is_human_opened) as human_openers,
        sum(reached.is_opened * (1 - reached.is_clicked)) as openers_not_clickers,
        sum(reached.is_human_opened * (1 - reached.is_human_clicked)) as human_openers_not_clickers,
        sum(reached.is_clicked) as clickers,
        sum(reached.is_human_clicked) as human_clickers,
        sum(reached.is_unsubscribed) as unsubscribers
    from reached
    inner join periods
        on
            reached.period = periods.period
            and reached.period_start = periods.period_start
    left join segments
        on
            reached.customer_id = segments.customer_id
            and periods.segments_as_of = segments.as_of_date
    group by
        reached.period,
        reached.period_start,
        periods.is_complete,
        reached.channel,
        reached.campaign,
        reached.send_hour,
        case when reached.customer_id = 'unknown' then 'unknown' else coalesce(segments.omnichannel_level, 'none') end
),

-- People are known by definition: what the combined rows leave out shows in the messages of the whole period.
identified as (
    select
        period,
        period_start,
        cast(sum(is_identified) as double) / count(*) as identified_share
    from flagged
    group by period, period_start
),

final as (
    select
        counted.period,
        counted.period_start,
        counted.channel,
        counted.campaign,
        counted.send_hour,
        counted.segment,
        cast(counted.sent as bigint) as sent,
        cast(counted.identified_sent as bigint) as identified_sent,
        cast(counted.consented as bigint) as consented,
        cast(counted.delivered as bigint) as delivered,
        {%- for count in ['open_trackable', 'openers', 'human_openers'] %}
            case when counted.channel <> 'sms' then cast(counted.{{ count }} as bigint) end as {{ count }},
        {%- endfor %}
        case when counted.channel <> 'sms' then cast(counted.openers - counted.human_openers as bigint) end
            as machine_openers,
        {%- for count in ['openers_not_clickers', 'human_openers_not_clickers'] %}
            case when counted.channel <> 'sms' then cast(counted.{{ count }} as bigint) end as {{ count }},
        {%- endfor %}
        cast(counted.clickers as bigint) as clickers,
        cast(counted.human_clickers as bigint) as human_clickers,
        cast(counted.unsubscribers as bigint) as unsubscribers,
        case
            when counted.channel = 'combined' then identified.identified_share
            else cast(counted.identified_sent as double) / counted.sent
        end as identified_share,
        cast(counted.delivered as double) / counted.sent as delivery_rate,
        {%- for rate, count in [('open_rate', 'openers'), ('human_open_rate', 'human_openers')] %}
            case
                when counted.channel <> 'sms' and counted.open_trackable > 0
                    then cast(counted.{{ count }} as double) / counted.open_trackable
            end as {{ rate }},
        {%- endfor %}
        {%- for rate, count in [
            ('click_rate', 'clickers'), ('human_click_rate', 'human_clickers'), ('unsubscribe_rate', 'unsubscribers'),
        ] %}
            case when counted.delivered > 0 then cast(counted.{{ count }} as double) / counted.delivered end
                as {{ rate }},
        {%- endfor %}
        counted.is_complete,
        counted.delivered >= {{ min_n }} as is_reliable
    from counted
    inner join identified
        on
            counted.period = identified.period
            and counted.period_start = identified.period_start
)

select * from final
