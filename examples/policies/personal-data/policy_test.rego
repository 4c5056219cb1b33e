package agent.personal_data_test

import data.agent.personal_data

asks(table, labels) := {
	"labels": labels,
	"resource": {"type": "database", "table_name": table},
}

test_other_tables_are_for_all if {
	personal_data.allow with input as asks("invoices", {})
}

test_personal_ones_are_for_a_team if {
	personal_data.allow == false with input as asks("customer_pii_address", {})
	personal_data.allow == false with input as asks("employee_salary", {"team": "finance"})
	personal_data.allow with input as asks("customer_pii_address", {"team": "privacy"})
}

test_a_name_that_is_missing_or_no_text_is_refused if {
	personal_data.allow == false with input as {"resource": {"type": "database"}}
	personal_data.allow == false with input as asks(17, {})
	personal_data.allow == false with input as asks(["customer_pii_address"], {})
}

test_only_databases_are_decided_here if {
	officers := {"team": "privacy"}
	bucket := {"type": "bucket", "table_name": "invoices"}
	personal_data.allow == false with input as {"labels": officers, "resource": bucket}
	personal_data.allow == false with input as {"labels": {}, "resource": bucket}
}
