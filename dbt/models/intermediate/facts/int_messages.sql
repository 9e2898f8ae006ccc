with

machine_events as (
    {{ machine_events(ref('stg_messaging__events')) }}
),

events as (
    select
        message_events.*,
        machine_events.event_id is not null as is_machine
    from {{ ref('stg_messaging__events') }} as message_events
    left join machine_events
        on message_events.event_id = machine_events.event_id
),

merged as (
    select
        message_id,
        min(source_person_key) as source_person_key,
        min(channel) as channel,
        min(message_type) as message_type,
        min(campaign_id) as campaign_id,
        coalesce(min(case when event_type = 'sent' then occurred_at end), min(occurred_at)) as sent_at,
        min(case when event_type = 'delivered' then occurred_at end) as delivered_at,
        min(case when event_type = 'opened' then occurred_at end) as opened_at,
        min(case when event_type = 'opened' and not is_machine then occurred_at end) as human_opened_at,
        min(case when event_type = 'click' then occurred_at end) as clicked_at,
        min(case when event_type = 'click' and not is_machine then occurred_at end) as human_clicked_at,
        min(case when event_type = 'unsubscribed' then occurred_at end) as unsubscribed_at,
        min(arrival_date) as first_seen_date,
        min(case when event_type = 'click' and not is_machine then arrival_date end) as human_click_seen_date,
        min(case when event_type = 'unsubscribed' then arrival_date end) as unsubscribe_seen_date,
        case
            when count(case when event_type = 'hard_bounce' then 1 end) > 0 then 'hard'
            when count(case when event_type = 'soft_bounce' then 1 end) > 0 then 'soft'
        end as bounce_kind
    from events
    group by message_id
),

-- Images can be blocked, so a click implies an open at its time. Nothing tells whether an SMS was opened.
with_opens as (
    select
        *,
        case when channel = 'email' then coalesce(least(opened_at, clicked_at), opened_at, clicked_at) end
            as first_opened_at,
        case
            when channel = 'email'
                then coalesce(least(human_opened_at, human_clicked_at), human_opened_at, human_clicked_at)
        end as first_human_opened_at
    from merged
),

final as (
    select
        {{ surrogate_key(["'message'", 'message_id']) }} as message_id,
        'messaging' as source_system,
        source_person_key,
        channel,
        message_type,
        campaign_id,
        sent_at,
        {{ local_date('sent_at') }} as sent_date,
        delivered_at,
        first_opened_at,
        first_human_opened_at,
        first_opened_at is not null and first_human_opened_at is null as is_machine_open,
        coalesce(human_clicked_at, clicked_at) as clicked_at,
        human_clicked_at is not null as is_human_click,
        unsubscribed_at,
        bounce_kind,
        first_seen_date,
        human_click_seen_date,
        unsubscribe_seen_date
    from with_opens
)

select * from final
