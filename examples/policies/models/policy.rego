package agent.models

decision := {"allow": allow, "deny": deny, "obligations": {"max_output_tokens": min(caps)}}

default allow := false

allow if input.call.model in data.teams[input.labels.team].models

deny contains "the agent has no team" if not input.labels.team

deny contains sprintf("%v may not call %v", [team, input.call.model]) if {
	team := input.labels.team
	not allow
}

caps contains 8000

caps contains data.teams[input.labels.team].max_output_tokens

caps contains 1000 if endswith(input.agent_id, "-trial")
