package agent.refunds_test

import data.agent.refunds

asks(amount) := {"call": {"tool": "refund", "arguments": {"amount_usd": amount}}}

unreadable := {
	"allow": true,
	"deny": {"amount_usd must be a number above zero"},
	"park": set(),
}

test_a_small_refund_goes_out if {
	small := {"allow": true, "deny": set(), "park": set()}
	refunds.decision == small with input as asks(0.01)
	refunds.decision == small with input as asks(50)
}

test_a_larger_one_waits_for_a_person if {
	reason := "a refund of 50.01 USD is above 50"
	large := {"allow": true, "deny": set(), "park": {reason}}
	refunds.decision == large with input as asks(50.01)
}

test_what_is_no_amount_is_refused if {
	every amount in ["1000", "12", null, true, [12], {"usd": 12}, 0, -12] {
		refunds.decision == unreadable with input as asks(amount)
	}
}

test_and_so_is_none if {
	refunds.decision == unreadable with input as {"call": {"tool": "refund", "arguments": {}}}
}
