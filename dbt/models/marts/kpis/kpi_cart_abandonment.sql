{%- set windows = var('windows') -%}
{%- set abandoned_days = (windows['cart_abandoned_hours'] / 24) | round(0, 'ceil') | int -%}
{%- set measures = [
    'carts', 'identified_carts', 'checkouts', 'carts_mature', 'abandoned', 'recovered', 'recovered_in_other_channel',
    'recovered_organic', 'recovered_after_relaunch', 'relaunched', 'relaunched_recovered', 'held_out',
    'held_out_recovered'
] -%}

with

carts as (
    select * from {{ ref('fct_carts') }}
),

orders as (
    select * from {{ ref('fct_orders') }} where not is_cancelled
),

relaunches as (
    select * from {{ ref('fct_cart_relaunches') }}
),

channels as (
    select channel from {{ ref('dim_channels') }} where channel_role = 'sales'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

-- A cart is judged in the channel of its first enrolment.
ranked_relaunches as (
    select
        *,
        row_number() over (partition by cart_id order by enrolled_at, relaunch_id) as relaunch_rank
    from relaunches
),

judged as (
    select
        carts.cart_id,
        carts.customer_id,
        carts.sales_channel,
        carts.cart_stage,
        carts.created_date,
        carts.is_abandoned,
        coalesce(ranked_relaunches.channel, 'none') as relaunch_channel,
        ranked_relaunches.is_held_out,
        coalesce(carts.is_abandoned and carts.recovered_at is not null and orders.order_id is not null, false)
            as is_recovered,
        orders.sales_channel <> carts.sales_channel as is_other_channel,
        coalesce(ranked_relaunches.sent_at < carts.recovered_at, false) as is_after_relaunch,
        coalesce(ranked_relaunches.enrolled_at < carts.recovered_at, false) as is_after_enrolment
    from carts
    left join orders
        on carts.order_id = orders.order_id
    left join ranked_relaunches
        on
            carts.cart_id = ranked_relaunches.cart_id
            and ranked_relaunches.relaunch_rank = 1
),

shown as (
    select
        judged.*,
        relaunch_channel as shown_channel
    from judged

    union all

    select
        judged.*,
        'all' as shown_channel
    from judged
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        shown.sales_channel,
        shown.shown_channel as relaunch_channel,
        count(*) as carts,
        count(case when shown.customer_id <> 'unknown' then 1 end) as identified_carts,
        count(case when shown.cart_stage = 'checkout' then 1 end) as checkouts,
        count(shown.is_abandoned) as carts_mature,
        count(case when shown.is_abandoned then 1 end) as abandoned,
        count(case when shown.is_recovered then 1 end) as recovered,
        count(case when shown.is_recovered and shown.is_other_channel then 1 end) as recovered_in_other_channel,
        count(case when shown.is_recovered and not shown.is_after_relaunch then 1 end) as recovered_organic,
        count(case when shown.is_recovered and shown.is_after_relaunch then 1 end) as recovered_after_relaunch,
        count(case when not shown.is_held_out then 1 end) as relaunched,
        count(case when not shown.is_held_out and shown.is_recovered and shown.is_after_enrolment then 1 end)
            as relaunched_recovered,
        count(case when shown.is_held_out then 1 end) as held_out,
        count(case when shown.is_held_out and shown.is_recovered and shown.is_after_enrolment then 1 end)
            as held_out_recovered
    from shown
    inner join date_periods
        on shown.created_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, shown.sales_channel, shown.shown_channel
),

-- Carts are seen in some channels only; the others have their row, and nothing measured.
measured_channels as (
    select distinct sales_channel from carts
),

periods as (
    select distinct
        period,
        period_start,
        period_end,
        is_complete
    from date_periods
    where is_observed
),

cells as (
    select
        periods.period,
        periods.period_start,
        channels.channel as sales_channel,
        'all' as relaunch_channel
    from periods
    cross join channels
    union
    select
        period,
        period_start,
        sales_channel,
        relaunch_channel
    from counted
),

measured as (
    select
        cells.period,
        cells.period_start,
        periods.is_complete,
        cells.sales_channel,
        cells.relaunch_channel,
        {%- for measure in measures %}
            case when measured_channels.sales_channel is not null then coalesce(counted.{{ measure }}, 0) end
                as {{ measure }},
        {%- endfor %}
        {{ matures_at('periods.period_end', abandoned_days) }} as abandonment_matures_at,
        {{ matures_at('periods.period_end', windows['cart_recovered_days']) }} as matures_at
    from cells
    inner join periods
        on
            cells.period = periods.period
            and cells.period_start = periods.period_start
    left join measured_channels
        on cells.sales_channel = measured_channels.sales_channel
    left join counted
        on
            cells.period = counted.period
            and cells.period_start = counted.period_start
            and cells.sales_channel = counted.sales_channel
            and cells.relaunch_channel = counted.relaunch_channel
),

rated as (
    select
        *,
        matures_at <= {{ data_end_at() }} as is_mature,
        {{ wilson_bound('relaunched_recovered', 'relaunched', 'low') }} as relaunched_low,
        {{ wilson_bound('relaunched_recovered', 'relaunched', 'high') }} as relaunched_high,
        {{ wilson_bound('held_out_recovered', 'held_out', 'low') }} as held_out_low,
        {{ wilson_bound('held_out_recovered', 'held_out', 'high') }} as held_out_high,
        cast(relaunched_recovered as double) / nullif(relaunched, 0) as relaunched_rate,
        cast(held_out_recovered as double) / nullif(held_out, 0) as held_out_rate
    from measured
),

final as (
    select
        period,
        period_start,
        sales_channel,
        relaunch_channel,
        {%- for measure in measures %}
            cast({{ measure }} as bigint) as {{ measure }},
        {%- endfor %}
        cast(identified_carts as double) / nullif(carts, 0) as identified_share,
        case
            when abandonment_matures_at <= {{ data_end_at() }} then cast(abandoned as double) / nullif(carts_mature, 0)
        end as abandonment_rate,
        case when is_mature then cast(recovered as double) / nullif(abandoned, 0) end as recovery_rate,
        case when is_mature then relaunched_rate end as relaunched_recovery_rate,
        case when is_mature then held_out_rate end as held_out_recovery_rate,
        case
            when is_mature
                then round(
                    relaunched_rate - held_out_rate
                    - sqrt(power(relaunched_rate - relaunched_low, 2) + power(held_out_high - held_out_rate, 2)),
                    4
                )
        end as relaunch_lift_low,
        case
            when is_mature
                then round(
                    relaunched_rate - held_out_rate
                    + sqrt(power(relaunched_high - relaunched_rate, 2) + power(held_out_rate - held_out_low, 2)),
                    4
                )
        end as relaunch_lift_high,
        case when is_mature then relaunched_rate - held_out_rate end as relaunch_lift,
        is_complete,
        abandonment_matures_at,
        matures_at,
        coalesce(carts_mature >= {{ var('reliability')['min_n'] }}, false) as is_reliable,
        coalesce(least(relaunched, held_out) >= {{ var('reliability')['min_n'] }}, false) as is_lift_reliable
    from rated
)

select * from final
