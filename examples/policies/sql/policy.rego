package agent.sql

functions := {"count", "lower", "max", "min", "sum", "upper"}

keywords := {"and", "exists", "from", "in", "not", "or", "where"}

default allow := false

allow if {
	sql := input.call.arguments.sql
	is_string(sql)
	regex.match(`(?i)^\s*select\s`, sql)
	not regex.match(`;|--|/\*`, sql)
	not regex.match(`(?i)(^|[^a-z_])(into|for\W+(update|share|no|key))\b`, sql)
	every word in words_before_parentheses(sql) {
		word in (functions | keywords)
	}
}

words_before_parentheses(sql) := {lower(found[1]) |
	some found in regex.find_all_string_submatch_n(`([^\s(),=<>+*/-]+)\s*\(`, sql, -1)
}
