{#- The opens and clicks a machine made rather than a person (column event_id), by the rules of the seed
    machine_event_rules: a user agent (a LIKE pattern in lower case), a time after delivery, or both at once. `events` is a
    relation with the columns of stg_messaging__events. What a gateway requests while it still takes the mail in comes
    before the delivery; a message whose delivery is not known is judged by user agent alone. -#}
{% macro machine_events(events) -%}
    select distinct requests.event_id
    from {{ events }} as requests
    inner join (
        select
            agents.user_agent,
            rules.event_type,
            rules.seconds_after_delivery
        from (
            select distinct coalesce(user_agent, '') as user_agent
            from {{ events }}
            where event_type in ('opened', 'click')
        ) as agents
        inner join {{ ref('machine_event_rules') }} as rules
            on rules.agent_like is null or lower(trim(agents.user_agent)) like rules.agent_like
    ) as agent_rules
        on
            coalesce(requests.user_agent, '') = agent_rules.user_agent
            and (agent_rules.event_type is null or requests.event_type = agent_rules.event_type)
    left join (
        select
            message_id,
            min(occurred_at) as delivered_at
        from {{ events }}
        where event_type = 'delivered'
        group by message_id
    ) as deliveries
        on requests.message_id = deliveries.message_id
    where
        requests.event_type in ('opened', 'click')
        and (
            agent_rules.seconds_after_delivery is null
            or {{ seconds_between('deliveries.delivered_at', 'requests.occurred_at') }}
            <= agent_rules.seconds_after_delivery
        )
{%- endmacro %}
