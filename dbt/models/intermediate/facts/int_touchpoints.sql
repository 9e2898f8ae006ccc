{%- set click_window = 'interval ' ~ var('windows')['click_session_minutes'] ~ ' minute' -%}
{%- set touch_columns = 'source_system, source_person_key, touched_at, touch_channel, campaign_id, touch_kind' -%}

with

sessions as (
    select * from {{ ref('int_sessions') }}
),

messages as (
    select * from {{ ref('int_messages') }}
),

related_records as (
    select * from {{ ref('int_related_records') }}
),

clicks as (
    select
        message_id,
        source_system,
        source_person_key,
        clicked_at,
        channel,
        campaign_id
    from messages
    where is_human_click
),

message_sessions as (
    select
        session_id,
        source_system,
        source_person_key,
        started_at,
        touch_channel,
        campaign_id
    from sessions
    where touch_channel in ('email', 'sms')
),

-- A click and the session it opens are one touch, the click's. The visitor tells where one of their records is the
-- click's recipient.
known_openings as (
    select distinct
        message_sessions.session_id,
        clicks.message_id
    from message_sessions
    inner join related_records
        on
            message_sessions.source_system = related_records.source_system
            and message_sessions.source_person_key = related_records.source_person_key
    inner join clicks
        on
            related_records.related_source_system = clicks.source_system
            and related_records.related_source_person_key = clicks.source_person_key
            and message_sessions.touch_channel = clicks.channel
            and clicks.clicked_at between message_sessions.started_at - {{ click_window }}
            and message_sessions.started_at
),

-- A visitor nobody can place came by a click on the same campaign in those minutes that opened no session known.
unclaimed_clicks as (
    select clicks.*
    from clicks
    left join known_openings on clicks.message_id = known_openings.message_id
    where known_openings.message_id is null
),

campaign_openings as (
    select message_sessions.session_id
    from message_sessions
    inner join unclaimed_clicks
        on
            message_sessions.campaign_id = unclaimed_clicks.campaign_id
            and message_sessions.touch_channel = unclaimed_clicks.channel
            and unclaimed_clicks.clicked_at between message_sessions.started_at - {{ click_window }}
            and message_sessions.started_at
),

sessions_of_clicks as (
    select session_id from known_openings
    union
    select session_id from campaign_openings
),

-- The order's own visit is no touch: a purchase in a visit that no channel brought.
session_touches as (
    select
        sessions.session_id as touch_reference,
        sessions.source_system,
        sessions.source_person_key,
        sessions.started_at as touched_at,
        sessions.touch_channel,
        sessions.campaign_id,
        'session' as touch_kind
    from sessions
    left join sessions_of_clicks on sessions.session_id = sessions_of_clicks.session_id
    where sessions_of_clicks.session_id is null and not sessions.is_landing_purchase
),

click_touches as (
    select
        message_id as touch_reference,
        source_system,
        source_person_key,
        clicked_at as touched_at,
        channel as touch_channel,
        campaign_id,
        'click' as touch_kind
    from clicks
),

-- Contacts by e-mail or social network answer a conversation the customer began elsewhere and are no touch channels.
contact_touches as (
    select
        ticket_id as touch_reference,
        source_system,
        source_person_key,
        created_at as touched_at,
        case channel when 'store' then 'store_visit' else channel end as touch_channel,
        cast(null as {{ text_type() }}) as campaign_id,
        case channel when 'store' then 'visit' else 'contact' end as touch_kind
    from {{ ref('int_tickets') }}
    where channel in ('phone', 'chat', 'store')
),

-- One line per channel: a new channel brings `touch_reference` (unique within it) and the touch columns.
touches as (
    select {{ touch_columns }}, touch_reference from session_touches
    union all
    select {{ touch_columns }}, touch_reference from click_touches
    union all
    select {{ touch_columns }}, touch_reference from contact_touches
),

final as (
    select
        {{ surrogate_key(["'touch'", 'source_system', 'touch_kind', 'touch_reference']) }} as touchpoint_id,
        source_system,
        source_person_key,
        touched_at,
        {{ local_date('touched_at') }} as touched_date,
        touch_channel,
        campaign_id,
        touch_kind,
        case when touch_kind = 'session' then touch_reference end as session_id
    from touches
)

select * from final
