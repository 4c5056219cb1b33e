package agent.personal_data

personal_prefixes := ["customer_pii_", "employee_"]

default allow := false

allow if {
	input.resource.type == "database"
	table := input.resource.table_name
	is_string(table)
	not is_personal(table)
}

allow if {
	input.resource.type == "database"
	input.labels.team == "privacy"
}

is_personal(table) if strings.any_prefix_match(table, personal_prefixes)
