package agent.hosts_test

import data.agent.hosts

asks(given) := {"call": {"tool": "check_hosts", "arguments": {"hosts": given}}}

test_hosts_of_the_list_are_allowed if {
	hosts.allow with input as asks(["api.example.com"])
	hosts.allow with input as asks(["api.example.com", "eu.partner.example"])
}

test_one_that_is_not_refuses_all if {
	hosts.allow == false with input as asks(["api.example.com", "evil.example"])
}

test_a_star_is_one_name_without_dots if {
	hosts.allow == false with input as asks(["partner.example"])
	hosts.allow == false with input as asks(["a.b.partner.example"])
	hosts.allow == false with input as asks(["eu.partner.example.evil.example"])
}

test_what_is_no_plain_host_is_refused if {
	every host in ["evil/x.partner.example", "a@b.partner.example", "EU.partner.example"] {
		hosts.allow == false with input as asks([host])
	}
	every host in ["", "api.example.com\n", 7, null] {
		hosts.allow == false with input as asks([host])
	}
}

test_no_host_is_no_permission if {
	hosts.allow == false with input as asks([])
	hosts.allow == false with input as asks({})
	hosts.allow == false with input as asks({"first": "api.example.com"})
	hosts.allow == false with input as {}
}
