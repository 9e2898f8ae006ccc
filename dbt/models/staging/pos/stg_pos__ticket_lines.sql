with

source as (
    select
        *,
        {{ delivery_rank(['store_code', 'till', 'sold_on', 'ticket_number', 'line_number']) }} as version_rank
    from {{ source('raw', 'pos_tickets') }}
),

lines as (
    select
        store_code,
        line_number,
        ticket_type,
        {{ clean_text('ean') }} as ean,
        cast(quantity as bigint) as quantity,
        cast(unit_price as {{ money_type() }}) as unit_price_ttc,
        cast(coalesce(discount, 0) as {{ money_type() }}) as discount_ttc,
        cast(amount as {{ money_type() }}) as net_ttc,
        vat_rate,
        {{ clean_text('loyalty_card') }} as loyalty_card,
        {{ clean_text('lower(ticket_email)') }} as ticket_email,
        {{ clean_text('original_ticket') }} as original_ticket,
        {{ utc_timestamp("cast(cast(sold_on as " ~ text_type() ~ ") || ' ' || sold_time as timestamp)") }} as sold_at,
        store_code || '-' || till || '-' || ticket_number || '-'
        || replace(cast(sold_on as {{ text_type() }}), '-', '') as ticket_key,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
),

-- A ticket has one customer, even where the till printed the card on its first line only.
tickets as (
    select
        ticket_key,
        max(loyalty_card) as ticket_loyalty_card,
        max(ticket_email) as ticket_email,
        min(sold_at) as ticket_at
    from lines
    group by ticket_key
),

final as (
    select
        lines.ticket_key,
        lines.line_number,
        lines.store_code,
        lines.ticket_type,
        lines.ean,
        lines.quantity,
        lines.unit_price_ttc,
        lines.discount_ttc,
        lines.net_ttc,
        lines.vat_rate,
        lines.original_ticket,
        tickets.ticket_loyalty_card as loyalty_card,
        tickets.ticket_email,
        tickets.ticket_at as sold_at,
        case when tickets.ticket_loyalty_card is not null then 'loyalty' else 'pos' end as source_system,
        {{ person_key(bare='tickets.ticket_loyalty_card', email='tickets.ticket_email') }} as source_person_key,
        lines.arrival_date
    from lines
    inner join tickets on lines.ticket_key = tickets.ticket_key
)

select * from final
