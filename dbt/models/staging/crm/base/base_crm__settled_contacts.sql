{{ settled_versions('crm_contacts') }}
