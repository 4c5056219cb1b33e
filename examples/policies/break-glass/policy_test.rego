package agent.break_glass_test

import data.agent.break_glass

night := {
	"agent": "deployer",
	"tool": "restart_service",
	"from": "2026-11-23T22:00:00Z",
	"until": "2026-11-24T04:00:00Z",
	"reason": "INC-812: queue workers hang",
}

restart := {"agent_id": "deployer", "call": {"tool": "restart_service"}}

allowed(asked, moment, exceptions) := answer if {
	now := time.parse_rfc3339_ns(moment)
	answer := break_glass.allow with input as asked
		with data.exceptions as exceptions
		with time.now_ns as now
}

test_reading_needs_no_exception if {
	every tool in ["read_service", "list_services"] {
		break_glass.allow with input.call.tool as tool with data.exceptions as []
	}
}

test_another_tool_needs_one if {
	allowed(restart, "2026-11-23T23:00:00Z", [night])
	allowed(restart, "2026-11-23T23:00:00Z", []) == false
}

test_it_begins_and_ends if {
	allowed(restart, "2026-11-23T21:59:59Z", [night]) == false
	allowed(restart, "2026-11-23T22:00:00Z", [night])
	allowed(restart, "2026-11-24T03:59:59Z", [night])
	allowed(restart, "2026-11-24T04:00:00Z", [night]) == false
}

test_it_is_for_one_agent_and_one_tool if {
	support := {"agent_id": "support", "call": {"tool": "restart_service"}}
	delete := {"agent_id": "deployer", "call": {"tool": "delete_service"}}
	allowed(support, "2026-11-23T23:00:00Z", [night]) == false
	allowed(delete, "2026-11-23T23:00:00Z", [night]) == false
}

test_one_of_more_than_a_day_is_none if {
	day := object.union(night, {"until": "2026-11-24T22:00:00Z"})
	week := object.union(night, {"until": "2026-11-30T22:00:00Z"})
	allowed(restart, "2026-11-23T23:00:00Z", [day])
	allowed(restart, "2026-11-23T23:00:00Z", [week]) == false
	allowed(restart, "2026-11-23T23:00:00Z", [week, night])
}

test_one_without_an_end_is_none if {
	endless := object.remove(night, ["until"])
	allowed(restart, "2026-11-23T23:00:00Z", [endless]) == false
}

test_a_call_without_a_tool_is_refused if {
	nothing := {"agent_id": "deployer", "call": {}}
	allowed(nothing, "2026-11-23T23:00:00Z", [night]) == false
}
