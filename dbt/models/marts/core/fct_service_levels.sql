{%- set targets = var('service')['targets'] -%}

with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

service_contacts as (
    select * from {{ ref('fct_service_contacts') }}
),

service_hours as (
    select * from {{ ref('int_service_hours') }}
),

-- Of the contacts that ended in a ticket, such as a conversation the bot handed over, the first.
ranked_contacts as (
    select
        ticket_id,
        channel,
        row_number() over (partition by ticket_id order by contacted_at, service_contact_id) as contact_rank
    from service_contacts
    where ticket_id is not null
),

timed as (
    select
        tickets.*,
        coalesce(ranked_contacts.channel, tickets.channel) as first_contact_channel,
        {{ open_seconds_at('tickets.created_at', 'created_day') }} as created_seconds,
        {{ open_seconds_at('tickets.first_reply_at', 'first_reply_day') }} as first_reply_seconds,
        {{ open_seconds_at('tickets.solved_at', 'solved_day') }} as solved_seconds,
        {%- for measure in ['first_reply', 'resolution'] %}
            case tickets.priority
                {%- for priority, target in targets.items() %}
                    when '{{ priority }}' then {{ target[measure ~ '_hours'] }}e0
                {%- endfor %}
            end as {{ measure }}_target_hours,
        {%- endfor %}
        {{ open_seconds_at(data_end_at(), 'last_day') }} as last_seconds
    from tickets
    left join ranked_contacts
        on
            tickets.ticket_id = ranked_contacts.ticket_id
            and ranked_contacts.contact_rank = 1
    left join service_hours as created_day
        on tickets.created_date = created_day.date_day
    left join service_hours as first_reply_day
        on {{ local_date('tickets.first_reply_at') }} = first_reply_day.date_day
    left join service_hours as solved_day
        on {{ local_date('tickets.solved_at') }} = solved_day.date_day
    left join service_hours as last_day
        on last_day.date_day = {{ add_days(data_end_date(), 1) }}
),

measured as (
    select
        *,
        (first_reply_seconds - created_seconds) / 3600e0 as business_hours_to_first_reply,
        (solved_seconds - created_seconds) / 3600e0 as business_hours_to_resolution,
        (last_seconds - created_seconds) / 3600e0 as business_hours_elapsed
    from timed
),

judged as (
    select
        *,
        coalesce(
            first_reply_target_hours is not null
            and (first_reply_at is not null or business_hours_elapsed > first_reply_target_hours),
            false
        ) as is_first_reply_due,
        coalesce(
            resolution_target_hours is not null
            and (solved_at is not null or business_hours_elapsed > resolution_target_hours),
            false
        ) as is_resolution_due
    from measured
),

final as (
    select
        ticket_id,
        customer_id,
        first_contact_channel,
        priority,
        created_at,
        created_date,
        first_reply_at,
        solved_at,
        is_open,
        is_resolved,
        hours_to_first_reply,
        business_hours_to_first_reply,
        first_reply_target_hours,
        is_first_reply_due,
        case
            when is_first_reply_due then coalesce(business_hours_to_first_reply <= first_reply_target_hours, false)
        end as is_first_reply_met,
        hours_to_resolution,
        business_hours_to_resolution,
        waiting_hours,
        hours_to_resolution - waiting_hours as hours_without_waiting,
        resolution_target_hours,
        is_resolution_due,
        case
            when is_resolution_due then coalesce(business_hours_to_resolution <= resolution_target_hours, false)
        end as is_resolution_met,
        reopened_count
    from judged
)

select * from final
