package agent.tables_test

import data.agent.tables

asks(agent, table) := {
	"agent_id": agent,
	"resource": {"type": "database", "table_name": table},
}

test_each_agent_reads_its_own if {
	tables.allow with input as asks("billing-optimizer", "invoices")
	tables.allow with input as asks("billing-optimizer", "payments")
	tables.allow with input as asks("support", "tickets")
}

test_and_no_other if {
	tables.allow == false with input as asks("support", "invoices")
	tables.allow == false with input as asks("billing-optimizer", "tickets")
	tables.allow == false with input as asks("stranger", "tickets")
}

test_a_bucket_of_that_name_is_no_table if {
	bucket := {"type": "bucket", "table_name": "tickets"}
	tables.allow == false with input as {"agent_id": "support", "resource": bucket}
}

test_nothing_is_allowed_to_nobody if {
	tables.allow == false with input as {}
}
