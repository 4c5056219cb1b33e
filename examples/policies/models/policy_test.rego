package agent.models_test

import data.agent.models

teams := {
	"care": {"models": ["small"], "max_output_tokens": 2000},
	"research": {"models": ["small", "large"]},
}

answer(agent, labels, call) := decision if {
	asked := {"agent_id": agent, "labels": labels, "call": call}
	decision := models.decision with input as asked with data.teams as teams
}

care := {"team": "care"}

test_a_model_of_the_team_within_its_cap if {
	given := answer("support", care, {"model": "small"})
	given == {"allow": true, "deny": set(), "obligations": {"max_output_tokens": 2000}}
}

test_the_lowest_cap_counts if {
	trial := answer("support-trial", care, {"model": "small"})
	trial.obligations.max_output_tokens == 1000
	research := answer("reader", {"team": "research"}, {"model": "large"})
	research.obligations.max_output_tokens == 8000
}

test_another_model_is_refused_with_the_reason if {
	given := answer("support", care, {"model": "large"})
	given.allow == false
	given.deny == {"care may not call large"}
}

test_a_team_that_nobody_knows_has_no_models if {
	given := answer("seller", {"team": "sales"}, {"model": "small"})
	given.allow == false
	given.deny == {"sales may not call small"}
}

test_without_a_team_there_is_no_model if {
	given := answer("support", {}, {"model": "small"})
	given.allow == false
	given.deny == {"the agent has no team"}
}

test_without_a_model_there_is_no_call if {
	given := answer("support", care, {})
	given.allow == false
}
