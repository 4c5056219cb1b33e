package agent.refunds

limit_usd := 50

decision := {"allow": true, "deny": deny, "park": park}

amount := input.call.arguments.amount_usd if is_number(input.call.arguments.amount_usd)

is_readable if amount > 0

deny contains "amount_usd must be a number above zero" if not is_readable

park contains sprintf("a refund of %v USD is above %v", [amount, limit_usd]) if amount > limit_usd
