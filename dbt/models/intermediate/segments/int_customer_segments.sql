{%- set active_days = var('windows')['active_days'] -%}
{%- set new_days = var('segments')['new_days'] -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

customer_records as (
    select * from {{ ref('int_customer_records') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

purchase_days as (
    select distinct
        orders.customer_id,
        orders.ordered_date,
        orders.sales_channel,
        channels.is_physical
    from orders
    inner join channels
        on
            orders.sales_channel = channels.channel
            and channels.channel_role = 'sales'
    where
        orders.customer_id <> 'unknown'
        and not orders.is_cancelled
),

months as (
    select * from {{ ref('int_segment_months') }}
),

rfm as (
    select * from {{ ref('int_rfm_monthly') }}
),

first_purchases as (
    select
        customer_id,
        min(ordered_date) as first_date
    from purchase_days
    group by customer_id
),

customers as (
    select
        customer_id,
        {{ period_start('month', 'min(known_date)') }} as first_month
    from (
        select
            customer_links.customer_id,
            coalesce(
                {{ local_date('customer_records.first_seen_at') }}, customer_records.first_seen_date
            ) as known_date
        from customer_records
        inner join customer_links
            on
                customer_records.source_system = customer_links.source_system
                and customer_records.source_person_key = customer_links.source_person_key

        union all

        select
            customer_id,
            ordered_date as known_date
        from purchase_days
    ) as sightings
    group by customer_id
),

-- A customer holds a channel on a day when they ordered in it within the days before: each order carries them to the
-- next one in that channel, so a channel counts once a month.
channel_spells as (
    select
        customer_id,
        is_physical,
        {{ add_days('ordered_date', 1) }} as held_from,
        least(
            coalesce(
                lead(ordered_date) over (partition by customer_id, sales_channel order by ordered_date),
                {{ add_days('ordered_date', active_days) }}
            ),
            {{ add_days('ordered_date', active_days) }}
        ) as held_until
    from purchase_days
),

channels_held as (
    select
        channel_spells.customer_id,
        months.month,
        count(*) as sales_channels,
        max(case when channel_spells.is_physical then 1 else 0 end) as has_physical,
        max(case when channel_spells.is_physical then 0 else 1 end) as has_remote
    from channel_spells
    inner join months
        on
            channel_spells.held_from <= months.measured_before
            and channel_spells.held_until >= months.measured_before
    group by channel_spells.customer_id, months.month
),

measured as (
    select
        customers.customer_id,
        months.month,
        months.as_of_date,
        months.is_complete,
        months.is_fully_observed,
        coalesce(channels_held.sales_channels, 0) as sales_channels,
        case
            when channels_held.sales_channels is null then 'none'
            when channels_held.has_physical = 1 and channels_held.has_remote = 1 then 'omni'
            when channels_held.sales_channels > 1 then 'multi'
            else 'single'
        end as omnichannel_level,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        case
            when coalesce(first_purchases.first_date >= months.measured_before, true) then 'prospect'
            when rfm.customer_id is null then 'lost'
            when first_purchases.first_date >= {{ add_days('months.measured_before', -new_days) }} then 'new'
            when rfm.recency_score >= 4 and rfm.frequency_score + rfm.monetary_score >= 8 then 'champions'
            when rfm.recency_score >= 3 and rfm.frequency_score + rfm.monetary_score >= 6 then 'loyal'
            when rfm.recency_score >= 3 then 'promising'
            when rfm.frequency_score + rfm.monetary_score >= 6 then 'at_risk'
            else 'hibernating'
        end as rfm_segment
    from customers
    inner join months
        on customers.first_month <= months.month
    left join channels_held
        on
            customers.customer_id = channels_held.customer_id
            and months.month = channels_held.month
    left join rfm
        on
            customers.customer_id = rfm.customer_id
            and months.month = rfm.month
    left join first_purchases
        on customers.customer_id = first_purchases.customer_id
),

final as (
    select
        customer_id,
        month,
        as_of_date,
        sales_channels,
        omnichannel_level,
        omnichannel_level = 'omni' as is_omnichannel,
        sales_channels > 0 as is_active,
        recency_score,
        frequency_score,
        monetary_score,
        rfm_segment,
        is_fully_observed,
        is_complete
    from measured
)

select * from final
