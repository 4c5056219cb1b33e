package agent.hours_test

import data.agent.hours

at(moment) := time.parse_rfc3339_ns(moment)

close := {"call": {"tool": "close_ticket"}}

test_work_is_done_from_eight_to_six if {
	hours.allow with input as close with time.now_ns as at("2026-11-23T08:00:00+01:00")
	hours.allow with input as close with time.now_ns as at("2026-11-23T17:59:59+01:00")
}

test_and_not_before_or_after if {
	hours.allow == false with input as close with time.now_ns as at("2026-11-23T07:59:59+01:00")
	hours.allow == false with input as close with time.now_ns as at("2026-11-23T18:00:00+01:00")
}

test_the_hours_are_those_of_the_zone_in_summer_too if {
	hours.allow with input as close with time.now_ns as at("2026-07-06T06:00:00Z")
	hours.allow == false with input as close with time.now_ns as at("2026-07-06T16:00:00Z")
}

test_each_workday_is_one_and_the_weekend_is_not if {
	every day in numbers.range(23, 27) {
		noon := at(sprintf("2026-11-%dT12:00:00+01:00", [day]))
		hours.allow with input as close with time.now_ns as noon
	}
	hours.allow == false with input as close with time.now_ns as at("2026-11-28T12:00:00+01:00")
	hours.allow == false with input as close with time.now_ns as at("2026-11-29T12:00:00+01:00")
}

test_reading_is_for_any_hour if {
	night := at("2026-11-29T03:00:00+01:00")
	every tool in ["read_ticket", "search_tickets"] {
		hours.allow with input.call.tool as tool with time.now_ns as night
	}
}
