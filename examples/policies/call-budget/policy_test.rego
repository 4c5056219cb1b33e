package agent.call_budget_test

import data.agent.call_budget

after(calls, labels) := {"labels": labels, "task": {"id": "ticket-4711", "calls": calls}}

test_each_label_has_its_limit if {
	call_budget.allow with input as after(199, {"org": "acme"})
	call_budget.allow == false with input as after(200, {"org": "acme"})
	call_budget.allow with input as after(49, {"team": "trials"})
	call_budget.allow == false with input as after(50, {"team": "trials"})
	call_budget.allow with input as after(19, {"owner": "interns"})
	call_budget.allow == false with input as after(20, {"owner": "interns"})
}

test_the_lowest_counts if {
	all_of_them := {"org": "acme", "team": "trials", "owner": "interns"}
	call_budget.allow with input as after(19, all_of_them)
	call_budget.allow == false with input as after(20, all_of_them)
}

test_without_a_label_there_is_no_call if {
	call_budget.allow == false with input as after(0, {})
	call_budget.allow == false with input as after(0, {"org": "other"})
	call_budget.allow == false with input as {"labels": {"org": "acme"}}
}
