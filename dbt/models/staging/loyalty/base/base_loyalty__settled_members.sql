{{ settled_versions('loyalty_members') }}
