package agent.tables

readers := {
	"billing-optimizer": {"invoices", "payments"},
	"support": {"tickets"},
}

default allow := false

allow if {
	input.resource.type == "database"
	input.resource.table_name in readers[input.agent_id]
}
