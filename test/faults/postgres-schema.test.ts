import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { postgresStore, SchemaUnusable } from "../../src/adapters/store/postgres/index.ts";
import type { Store } from "../../src/ports/store.ts";
import {
  type Cluster,
  describePostgres,
  freshSchema,
  newAccount,
  newHolder,
  openStore,
} from "../support/postgres.ts";

/** Far below the second that polling would take. */
const AT_ONCE_MS = 500;

async function generationOf(store: Store): Promise<string> {
  const beat = await store.holders.beat(await newHolder(store));
  return beat.kind === "ok" ? beat.generation : "";
}

describePostgres("PostgreSQL", (cluster) => {
  describe("a schema", () => schemaCases(cluster));
  describe("what it tells", () => noticeCases(cluster));
  describe("what it keeps", () => contentCases(cluster));
});

function schemaCases(cluster: () => Cluster): void {
  test("is made once by processes that start together, and each store has its own name", async () => {
    const schema = freshSchema();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(cluster(), schema)));
    const names = new Set<string>();
    for (const store of stores) names.add(await generationOf(store));
    expect(names.size).toBe(1);
    const versions = await cluster().query(`SELECT no FROM ${schema}.migration`);
    expect(versions).toEqual([{ no: 1 }]);
    const elsewhere = await openStore(cluster(), freshSchema());
    names.add(await generationOf(elsewhere));
    expect(names.size).toBe(2);
    await Promise.all([...stores, elsewhere].map((store) => store.close()));
  });

  test("of a later release is refused, and nothing in it changes", async () => {
    const schema = freshSchema();
    await (await openStore(cluster(), schema)).close();
    await cluster().query(`INSERT INTO ${schema}.migration VALUES (99, now())`);
    const opening = openStore(cluster(), schema);
    await expect(opening).rejects.toBeInstanceOf(SchemaUnusable);
    await expect(opening).rejects.toThrow(/version 99 and this release knows up to 1/);
    const versions = await cluster().query(`SELECT no FROM ${schema}.migration ORDER BY no`);
    expect(versions).toEqual([{ no: 1 }, { no: 99 }]);
  });

  test("whose making fails half-way is not there at all, and can be made later", async () => {
    const schema = freshSchema();
    await cluster().query(`CREATE SCHEMA ${schema}`);
    await cluster().query(`CREATE TABLE ${schema}.flag (stranger int)`);
    const opening = openStore(cluster(), schema);
    await expect(opening).rejects.toBeInstanceOf(SchemaUnusable);
    await expect(opening).rejects.toThrow(/"flag" already exists/);
    const tables = await cluster().query(
      `SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`,
    );
    expect(tables).toEqual([{ tablename: "flag" }]);
    await cluster().query(`DROP TABLE ${schema}.flag`);
    await (await openStore(cluster(), schema)).close();
  });

  test("named like a statement is refused before anything is sent", async () => {
    const schema = "x; DROP SCHEMA public";
    const opening = postgresStore({ url: cluster().url, schema, clock: systemClock });
    await expect(opening).rejects.toThrow(/plain lower-case word/);
  });

  test("is used with commits that wait for the disk, whatever the server's default", async () => {
    const schema = freshSchema();
    await cluster().query("ALTER DATABASE postgres SET synchronous_commit = off");
    const store = await openStore(cluster(), schema);
    await cluster().query(
      `CREATE TABLE ${schema}.seen AS SELECT ''::text AS setting LIMIT 0;
       CREATE FUNCTION ${schema}.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO ${schema}.seen VALUES (current_setting('synchronous_commit'));
         RETURN NULL; END $$;
       CREATE TRIGGER see AFTER INSERT ON ${schema}.account
         FOR EACH ROW EXECUTE FUNCTION ${schema}.see()`,
    );
    await newAccount(store, 1n);
    expect(await cluster().query(`SELECT setting FROM ${schema}.seen`)).toEqual([
      { setting: "on" },
    ]);
    await store.close();
    await cluster().query("ALTER DATABASE postgres RESET synchronous_commit");
  });
}

function noticeCases(cluster: () => Cluster): void {
  test("reaches others at once, and a process does not hear itself", async () => {
    const schema = freshSchema();
    const [store, other] = [await openStore(cluster(), schema), await openStore(cluster(), schema)];
    const holder = await newHolder(store);
    const account = await newAccount(store, 100n);
    await store.ledger.lease(holder, [{ account, least: 50n, most: 50n }]);
    const [own, others]: [string[], string[]] = [[], []];
    store.holders.watch((what) => own.push(what));
    other.holders.watch((what) => others.push(what));
    // Each connection begins with telling all, for what was missed before it.
    for (const heard of [own, others]) {
      await expect.poll(() => heard, { timeout: 5_000, interval: 5 }).toHaveLength(4);
    }
    const said: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["wants", () => store.ledger.want(holder, [{ account, amount: 1n }])],
      ["room", () => store.ledger.giveBack(holder, [{ account, total: 1n }])],
      ["changes", () => store.registry.clearFlag("p", "m")],
      ["outcomes", () => store.outcomes.put(holder, { id: "o-1", body: new Uint8Array() })],
    ];
    await store.registry.flag({ provider: "p", model: "m", what: "input", since: 1, call: "c" });
    await expect.poll(() => others.at(-1), { timeout: AT_ONCE_MS, interval: 5 }).toBe("changes");
    for (const [what, run] of said) {
      others.length = 0;
      await run();
      await expect.poll(() => others, { timeout: AT_ONCE_MS, interval: 5 }).toEqual([what]);
    }
    expect(own).toHaveLength(4);
    await Promise.all([store.close(), other.close()]);
  });

  test("is looked for where notices are swallowed", async () => {
    const schema = freshSchema();
    const [store, other] = [await openStore(cluster(), schema), await openStore(cluster(), schema)];
    await cluster().query(
      `CREATE OR REPLACE FUNCTION ${schema}.tell(what text) RETURNS void LANGUAGE sql AS ''`,
    );
    const holder = await newHolder(store);
    const account = await newAccount(store, 100n);
    const heard: string[] = [];
    other.holders.watch((what) => heard.push(what));
    await expect.poll(() => heard, { timeout: 5_000, interval: 5 }).toHaveLength(4);
    heard.length = 0;
    await store.ledger.want(holder, [{ account, amount: 1n }]);
    await store.registry.flag({ provider: "p", model: "m", what: "input", since: 1, call: "c" });
    for (const what of ["changes", "wants", "room"]) {
      await expect.poll(() => heard, { timeout: 5_000, interval: 20 }).toContain(what);
    }
    await Promise.all([store.close(), other.close()]);
  });
}

function contentCases(cluster: () => Cluster): void {
  test("names with any character come back exactly, and two of them are two", async () => {
    const store = await openStore(cluster(), freshSchema());
    const holder = await newHolder(store);
    const names = ["a\u0000b", "a\u00010b", "a\u00011b", "a\u0001b", "ab", '"{}\\,NULL', "ünï😀"];
    const limits = { newPerHour: 99, aliveMax: 99, depthMax: 9, childrenMax: 9 };
    for (const [index, id] of names.entries()) {
      const task = {
        id,
        agent: "bot",
        parent: null,
        at: 1,
        bundle: "dir:1",
        unnamed: false,
        limits,
      };
      expect(await store.tasks.open(task)).toMatchObject({ made: true, task: { id } });
      const spec = {
        budget: "tasks",
        scope: id,
        unit: "usd",
        window: "lifetime",
        starts: 0,
        ends: null,
        limit: 1n,
      } as const;
      expect(await store.ledger.open([spec])).toMatchObject([{ scope: id, spent: 0n }]);
      const at = { writer: holder, no: index + 1, at: 1, kind: "task.opened" };
      const about = { decision: null, agent: "bot", task: id, code: null };
      const entries = [{ ...at, ...about, body: JSON.stringify({ id }), hash: "h" }];
      await store.ledger.flush(holder, { settlements: [], entries, anchor: null });
    }
    const tasks = await store.tasks.list({ agent: "bot", limit: 99 });
    expect(tasks.map((task) => task.id).sort()).toEqual(names.toSorted());
    for (const task of names) {
      const found = await store.journal.read({ task, take: "oldest", limit: 9 });
      expect(found.map((entry) => JSON.parse(entry.body))).toEqual([{ id: task }]);
      expect(found.map((entry) => entry.task)).toEqual([task]);
    }
    await store.close();
  });

  test("of a closed holder no settlement stays, and a live one's stay", async () => {
    const schema = freshSchema();
    const store = await openStore(cluster(), schema);
    const [gone, live] = [await newHolder(store), await newHolder(store)];
    const account = await newAccount(store, 100n);
    for (const holder of [gone, live]) {
      await store.ledger.lease(holder, [{ account, least: 5n, most: 5n }]);
      const legs = [{ account, drawn: 5n, charged: 5n }];
      const settlements = [{ call: `call of ${holder}`, legs, estimated: true }];
      await store.ledger.flush(holder, { settlements, entries: [], anchor: null });
    }
    expect(await store.holders.close(gone)).toEqual({ kind: "closed" });
    const kept = await cluster().query(`SELECT holder, legs, estimated FROM ${schema}.settlement`);
    expect(kept).toEqual([{ holder: live, legs: [[account, 5, 5]], estimated: true }]);
    await store.close();
  });
}
