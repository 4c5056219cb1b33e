package agent.sql_test

import data.agent.sql

asks(text) := {"call": {"tool": "run_sql", "arguments": {"sql": text}}}

is_allowed(text) if sql.allow with input as asks(text)

is_refused(text) if sql.allow == false with input as asks(text)

test_one_select if {
	is_allowed("select 1")
	is_allowed("SELECT id\nFROM invoices")
	is_allowed("  select a_into from (select 1) t where (a in (1, 2) and (b) or (c))")
	is_allowed("select a from t where not (a) and exists (select 1)")
	is_allowed("select SUM(a) / count (*), min(a), max(a), lower(b), upper(\"name\") from t")
}

test_no_other_statement if {
	is_refused("delete from t")
	is_refused("selection")
	is_refused("with x as (delete from t) select 1")
	is_refused("drop table t\nselect 1")
	is_refused("")
}

test_no_second_statement_and_no_comment if {
	is_refused("select 1; drop table t")
	is_refused("select 1;")
	is_refused("select 1 -- from t")
	is_refused("select 1 /* from t */")
}

test_no_select_that_writes_or_locks if {
	is_refused("select * INTO copy from t")
	is_refused("select 1into copy")
	is_refused("select 1 from t for\nupdate")
	is_refused("select 1 from t FOR NO KEY UPDATE")
	is_refused("select 1 from t for key share")
	is_refused("select 1 from t for share")
}

test_no_function_that_is_not_listed if {
	is_refused("select pg_sleep(60)")
	is_refused("select pg_catalog.pg_sleep (60)")
	is_refused("select \"pg_sleep\"(60)")
	is_refused("select sum(1)||lo_import('/etc/passwd')")
}

test_what_is_no_text_is_refused if {
	is_refused(null)
	is_refused(7)
	is_refused(["select 1"])
	sql.allow == false with input as {"call": {"arguments": {}}}
}
