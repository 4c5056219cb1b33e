package agent.break_glass

default allow := false

allow if input.call.tool in {"read_service", "list_services"}

allow if {
	some exception in data.exceptions
	exception.agent == input.agent_id
	exception.tool == input.call.tool
	from := time.parse_rfc3339_ns(exception.from)
	until := time.parse_rfc3339_ns(exception.until)
	until - from <= time.parse_duration_ns("24h")
	time.now_ns() >= from
	time.now_ns() < until
}
