-- One row per credit note: money given back for an order the note does not name.
select
    invoice as transaction_id,
    invoice as order_name,
    'refund' as kind,
    min(invoiced_at) as created_at,
    'success' as status,
    -sum(quantity * price) as amount,
    'GBP' as currency,
    cast(any_value(customer_number) as varchar) as customer_account
from source
where invoice like 'C%'
group by invoice
having -sum(quantity * price) > 0
