{{ settled_versions('shop_customers') }}
