package agent.hosts

allowed := ["api.example.com", "*.partner.example"]

default allow := false

allow if {
	hosts := input.call.arguments.hosts
	is_array(hosts)
	count(hosts) > 0
	every host in hosts {
		is_host(host)
		is_allowed(host)
	}
}

is_host(host) if {
	is_string(host)
	regex.match(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`, host)
}

is_allowed(host) if {
	some pattern in allowed
	glob.match(pattern, ["."], host)
}
