package agent.paths

root := "/srv/work/"

default allow := false

allow if {
	path := input.call.arguments.path
	is_string(path)
	startswith(path, root)
	regex.match(`^[A-Za-z0-9._/-]+$`, path)
	every part in split(trim_prefix(path, root), "/") {
		not part in {"", ".", ".."}
	}
}
