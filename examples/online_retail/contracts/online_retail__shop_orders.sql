-- One row per line of a sale: no credit note, something sold, at a price.
-- Set apart here: credit notes (see the other mapping), stock write-offs (negative quantity) and give-aways (price 0).
select
    invoice as name,
    'paid' as financial_status,
    'fulfilled' as fulfillment_status,
    min(invoiced_at) over (partition by invoice) as created_at,
    'GBP' as currency,
    cast(0 as decimal(12, 2)) as shipping,
    cast(0 as decimal(12, 2)) as taxes,
    cast(0 as decimal(12, 2)) as discount_amount,
    quantity as line_quantity,
    description as line_name,
    price as line_price,
    stock_code as line_sku,
    false as line_taxable,
    country as billing_country,
    -- The shop's customer account, where the order export keeps it.
    'customer_account: ' || customer_number as note_attributes,
    'web' as source
from source
where
    invoice not like 'C%'
    and quantity > 0
    and price > 0
