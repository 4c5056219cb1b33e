package agent.hours

zone := "Europe/Berlin"

workdays := {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}

default allow := false

allow if input.call.tool in {"read_ticket", "search_tickets"}

allow if {
	time.weekday([time.now_ns(), zone]) in workdays
	[hour, _, _] := time.clock([time.now_ns(), zone])
	hour >= 8
	hour < 18
}
