/** What the classifier calls a read is held against PostgreSQL itself. */
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sqlReaderFor } from "../../src/config/sql-parser.ts";
import { isPureFunction } from "../../src/guards/sql/functions.ts";
import { describePostgres } from "../support/postgres.ts";
import { READS } from "../support/sql-texts.ts";

const read = await sqlReaderFor(new Map([["slipclutch.yaml", "sql"]]));
if (read === null) throw new Error("libpg-query is not installed");

/** They read the clock or roll dice. */
const UNSTEADY = [
  ...["array_sample", "array_shuffle", "clock_timestamp", "gen_random_uuid", "random"],
  ...["timeofday", "uuidv4", "uuidv7"],
];

const TABLES = `
  create table orders (id int, user_id int, n int);
  create table "Orders" (id int);
  create table users (id int, name text);
  create table a (id int);
  create table x (id int);
  create sequence s;
  insert into orders select i, i, i from generate_series(1, 5) i;
  insert into users select i, 'u' || i from generate_series(1, 5) i;
  insert into a values (1);
  create function touch() returns int language sql as 'insert into orders values (0) returning 1';
`;

const STATE = `
  select (select count(*) from orders)::int as orders, (select sum(id) from users)::int as users,
    (select last_value from s)::int as s, (select is_called from s) as called,
    (select count(*) from pg_class)::int as classes, (select count(*) from pg_locks
      where locktype = 'advisory')::int as locks
`;

describePostgres("PostgreSQL", (cluster) => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ connectionString: cluster().url });
    await client.connect();
    await client.query(TABLES);
  });
  afterAll(() => client.end());

  /** What is different after the text has run and been committed; whether it ran. */
  async function run(text: string) {
    const before = await client.query(STATE);
    await client.query("begin read write");
    let ran = true;
    let wrote: unknown = null;
    try {
      await client.query(text);
      const { rows } = await client.query("select pg_current_xact_id_if_assigned()::text as id");
      wrote = rows[0].id;
      await client.query("commit");
    } catch {
      // The text has a mistake that only the catalogue knows: it has changed nothing.
      ran = false;
      await client.query("rollback");
    }
    const after = await client.query(STATE);
    return { ran, wrote, before: before.rows, after: after.rows };
  }

  test("sees what a write does, so that these tests can fail", async () => {
    expect((await run("select touch()")).wrote).not.toBeNull();
    const { after, before } = await run("select nextval('s')");
    expect(after).not.toEqual(before);
  });

  test.each(READS)("runs %s, and nothing has changed", async (text) => {
    const { after, before, wrote } = await run(text);
    expect([wrote, after]).toEqual([null, before]);
  });

  test("has no function of the list that writes", async () => {
    const { rows } = await client.query<{ name: string }>(
      `select distinct proname as name from pg_proc
       where pronamespace = 'pg_catalog'::regnamespace and (provolatile = 'v' or prokind = 'p')`,
    );
    const volatile = rows.map(({ name }) => name).filter((name) => isPureFunction([name]));
    expect(volatile.filter((name) => !UNSTEADY.includes(name))).toEqual([]);
    expect(volatile).toContain("random");
  });

  test("runs nothing that is put together at random, reads, and changes something", async () => {
    let reads = 0;
    const property = fc.asyncProperty(statement, async (text) => {
      if (read?.(text).writes !== null) return;
      const { after, before, ran, wrote } = await run(text);
      reads += ran ? 1 : 0;
      expect([wrote, after]).toEqual([null, before]);
    });
    await fc.assert(property, { numRuns: 3_000 });
    // Else the property would say nothing.
    expect(reads).toBeGreaterThan(100);
  }, 60_000);
});

/** Whatever a model may write, harmless and not. */
const { statement } = fc.letrec<{ statement: string; query: string; value: string; from: string }>(
  (tie) => {
    const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
      fc
        .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
        .map((all) => all.join(" "));
    const value = tie("value");
    const query = tie("query");
    const from = tie("from");
    const change = fc.constantFrom(
      "insert into orders values (7) returning id",
      "update orders set n = n + 1 returning id",
      "delete from users returning id",
    );
    return {
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        {
          arbitrary: fc.constantFrom(
            "1",
            "id",
            "'; delete from a'",
            "$$x$$",
            "now()",
            "U&'\\0061'",
          ),
          weight: 20,
        },
        fc.constantFrom("nextval('s')", "touch()", "pg_advisory_lock(1)", "lo_create(0)"),
        fc.constantFrom("public.touch()", "setval('s', 9)", "random()", "current_user"),
        joined("(", query, "limit 1 )"),
        joined("coalesce (", value, ",", value, ")"),
        joined("(", value, ") ::text"),
        joined("exists (", query, ")"),
        joined("array [", value, "]"),
        joined("case when", value, "is null then", value, "end"),
        joined("count (", value, ") over ( order by", value, ")"),
      ),
      from: fc.oneof(
        { maxDepth: 3 },
        {
          arbitrary: fc.constantFrom("orders", "users u", "generate_series(1, 2) g", "x"),
          weight: 6,
        },
        fc.constantFrom("touch() t", "w"),
        joined("(", query, ") q"),
        joined(from, "cross join lateral (", query, ") l"),
      ),
      query: fc.oneof(
        { maxDepth: 4 },
        joined("select", value),
        { arbitrary: joined("select", value, "from", from), weight: 4 },
        joined("select", value, "from", from, "where", value, "is not null"),
        joined("select", value, "from", from, "order by", value),
        joined(query, "union all", query),
        joined("with w as (", query, ")", query),
        joined("with w as (", change, ")", query),
        joined("with recursive w as (", query, ") select * from w"),
        joined("values (", value, ")"),
        joined("select", value, "from", from, "for update"),
        joined("select", value, "into temp y from", from),
      ),
      statement: fc.oneof(
        { arbitrary: query, weight: 8 },
        change,
        joined("explain", query),
        joined("explain analyze", query),
        joined(query, "; delete from orders"),
        joined("/* ; */", query, "-- drop"),
      ),
    };
  },
);
