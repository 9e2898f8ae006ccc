with

responses as (
    select * from {{ ref('stg_survey__responses') }}
),

tickets as (
    select ticket_id from {{ ref('int_tickets') }}
),

orders as (
    select order_id from {{ ref('int_orders') }}
),

final as (
    select
        {{ surrogate_key(["'survey_response'", 'responses.invitation_id']) }} as survey_response_id,
        'survey' as source_system,
        responses.source_person_key,
        responses.survey,
        responses.survey_type,
        responses.interaction_type,
        responses.channel_role,
        responses.channel,
        responses.store_code,
        tickets.ticket_id,
        orders.order_id,
        responses.language,
        responses.invited_at,
        {{ local_date('responses.invited_at') }} as invited_date,
        responses.responded_at,
        {{ local_date('responses.responded_at') }} as responded_date,
        responses.responded_at is not null and responses.score is not null as is_answered,
        responses.score,
        responses.channel_from,
        responses.channel_to,
        responses.has_repeated_information,
        responses.has_verbatim
    from responses
    left join tickets on {{ ticket_key('responses.ticket_id') }} = tickets.ticket_id
    left join orders on {{ order_key('responses.order_reference') }} = orders.order_id
)

select * from final
