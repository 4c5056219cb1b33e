package agent.call_budget

limits contains 200 if input.labels.org == "acme"

limits contains 50 if input.labels.team == "trials"

limits contains 20 if input.labels.owner == "interns"

default allow := false

allow if input.task.calls < min(limits)
