{%- set solved_days = var('windows')['ticket_solved_days'] -%}
{%- set durations = [
    'hours_to_first_reply', 'business_hours_to_first_reply', 'hours_to_resolution', 'business_hours_to_resolution',
    'hours_without_waiting'
] -%}

with

service_levels as (
    select * from {{ ref('fct_service_levels') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

-- How long a resolution took is known once it has held.
tickets as (
    select
        ticket_id,
        customer_id,
        created_date,
        first_contact_channel,
        is_resolved,
        is_open,
        reopened_count,
        is_first_reply_due,
        is_first_reply_met,
        is_resolution_due,
        is_resolution_met,
        {{ local_date('solved_at') }} as solved_date,
        hours_to_first_reply,
        business_hours_to_first_reply,
        case when is_resolved then hours_to_resolution end as hours_to_resolution,
        case when is_resolved then business_hours_to_resolution end as business_hours_to_resolution,
        case when is_resolved then waiting_hours end as waiting_hours,
        case when is_resolved then hours_without_waiting end as hours_without_waiting
    from service_levels
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.period_end,
        date_periods.is_complete,
        tickets.first_contact_channel,
        count(*) as tickets,
        count(case when tickets.customer_id <> 'unknown' then 1 end) as identified_tickets,
        count(tickets.hours_to_first_reply) as replied,
        count(case when tickets.is_resolved then 1 end) as resolved,
        count(
            case when tickets.is_open or tickets.solved_date > date_periods.period_end then 1 end
        ) as open_at_end,
        count(case when tickets.is_open then 1 end) as still_open,
        count(case when tickets.reopened_count > 0 then 1 end) as reopened,
        count(case when tickets.is_first_reply_due then 1 end) as first_reply_due,
        count(case when tickets.is_first_reply_met then 1 end) as first_reply_met,
        count(case when tickets.is_resolution_due then 1 end) as resolution_due,
        count(case when tickets.is_resolution_met then 1 end) as resolution_met,
        {%- for duration in durations %}
            {{ duration_histogram('tickets.' ~ duration, duration) }},
        {%- endfor %}
        {%- for duration in durations %}
            percentile_cont(0.5) within group (order by tickets.{{ duration }}) as median_{{ duration }},
            percentile_cont(0.9) within group (order by tickets.{{ duration }}) as p90_{{ duration }},
        {%- endfor %}
        sum(cast(round(coalesce(tickets.waiting_hours, 0) * 3600) as bigint)) as waiting_seconds
    from tickets
    inner join date_periods
        on tickets.created_date = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, date_periods.period_end, date_periods.is_complete,
        tickets.first_contact_channel
),

matured as (
    select
        *,
        {{ matures_at('period_end', solved_days) }} as matures_at,
        {{ matures_at('period_end', solved_days) }} <= {{ data_end_at() }} as is_mature
    from counted
),

final as (
    select
        period,
        period_start,
        first_contact_channel,
        cast(tickets as bigint) as tickets,
        cast(identified_tickets as bigint) as identified_tickets,
        cast(replied as bigint) as replied,
        cast(resolved as bigint) as resolved,
        cast(open_at_end as bigint) as open_at_end,
        cast(still_open as bigint) as still_open,
        cast(reopened as bigint) as reopened,
        cast(waiting_seconds as double) / 3600 as waiting_hours,
        cast(first_reply_due as bigint) as first_reply_due,
        cast(first_reply_met as bigint) as first_reply_met,
        cast(resolution_due as bigint) as resolution_due,
        cast(resolution_met as bigint) as resolution_met,
        {%- for duration in durations %}
            {{ duration_histogram_columns(duration) }},
        {%- endfor %}
        {%- for duration in durations[:2] %}
            cast(median_{{ duration }} as double) as median_{{ duration }},
            cast(p90_{{ duration }} as double) as p90_{{ duration }},
        {%- endfor %}
        {%- for duration in durations[2:] %}
            case when is_mature then cast(median_{{ duration }} as double) end as median_{{ duration }},
            case when is_mature then cast(p90_{{ duration }} as double) end as p90_{{ duration }},
        {%- endfor %}
        cast(identified_tickets as double) / tickets as identified_share,
        case when is_mature then cast(resolved as double) / tickets end as resolved_rate,
        case when is_mature then cast(reopened as double) / tickets end as reopened_rate,
        case when first_reply_due > 0 then cast(first_reply_met as double) / first_reply_due end
            as first_reply_rate,
        case when resolution_due > 0 then cast(resolution_met as double) / resolution_due end as resolution_rate,
        is_complete,
        matures_at,
        tickets >= {{ var('reliability')['min_n'] }} as is_reliable
    from matured
)

select * from final
