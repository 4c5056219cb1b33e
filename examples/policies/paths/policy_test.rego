package agent.paths_test

import data.agent.paths

asks(path) := {"call": {"tool": "write_file", "arguments": {"path": path}}}

test_below_the_work_tree if {
	every path in ["/srv/work/notes.txt", "/srv/work/a/b-c/d_e.txt", "/srv/work/.hidden"] {
		paths.allow with input as asks(path)
	}
}

test_nowhere_else if {
	every path in ["/etc/passwd", "/srv/workshop/x", "/srv/work", "/srv/work/", "srv/work/x"] {
		paths.allow == false with input as asks(path)
	}
}

test_no_part_leads_up_or_nowhere if {
	every path in ["../../etc/passwd", "a/..", "./x", "a/./x", "a//x", "a/"] {
		paths.allow == false with input as asks(concat("", ["/srv/work/", path]))
	}
}

test_no_other_spelling_of_a_part if {
	every path in ["%2e%2e/x", `..\..\x`, "a\u0000b", "a b", "a\n"] {
		paths.allow == false with input as asks(concat("", ["/srv/work/", path]))
	}
}

test_what_is_no_text_is_refused if {
	every path in [null, 7, ["/srv/work/x"], {}] {
		paths.allow == false with input as asks(path)
	}
	paths.allow == false with input as {"call": {"arguments": {}}}
}
