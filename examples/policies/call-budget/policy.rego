package agent.call_budget

limits contains 200 if input.labels.org == "acme"

limits contains 50 if input.labels.tier == "trial"

limits contains 20 if input.labels.environment == "production"

default allow := false

allow if input.task.calls < min(limits)
