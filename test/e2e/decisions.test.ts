/** Tools that the agent runs itself: it asks, and says how it went. */
import { afterEach, expect, test } from "vitest";
import { booksOf } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import type { Json } from "./wiring-world.ts";

let gateway: TestGateway;

afterEach(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
});

const MINUTES = { usd: 0.5, per: "minute", max: 4, quantity: { pointer: "/result/minutes" } };
const GRANTS: readonly Json[] = [
  { tool_name: "look", arguments: { properties: { table: { enum: ["tickets"] } } } },
  { tool_name: "transcribe", cost: MINUTES, timeout: "1s" },
  { tool_name: "save", read_only: false, cost: { usd: 1 } },
  { tool_name: "often", rate_limit: { requests: 2, per_seconds: 60 } },
  { tool_name: "pay", read_only: false, requires_approval: true },
];

async function open(more: Json = {}, grants: readonly Json[] = GRANTS): Promise<void> {
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: {
          own: {
            kind: "agent",
            asks: true,
            tools: Object.fromEntries(
              ["look", "transcribe", "often"].map((name) => [name, { effect: "read" }]),
            ),
          },
          desk: { kind: "mcp", url: "http://127.0.0.1:9/mcp", tools: { far: { effect: "read" } } },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 10, window: "lifetime" }],
        ...more,
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [
          ...grants.map((grant) => ({ server: "own", ...grant })),
          { tool_name: "far", server: "desk", rate_limit: { requests: 1, per_seconds: 60 } },
        ],
        blacklisted_tools: ["drop"],
      },
    },
  });
}

async function ask(tool: string, given: Json = {}, more: Json = {}): Promise<Json> {
  const body = { tool, arguments: given, ...more };
  const answer = await gateway.call("/guard/v1/decisions", body);
  expect(answer.status).toBe(200);
  const said = (await answer.json()) as Json;
  expect(said.decision).toBe(answer.headers.get("x-slipclutch-decision"));
  return said;
}

const report = (decision: string, body: Json) =>
  gateway.call(`/guard/v1/decisions/${decision}/outcome`, body);

async function settled(decision: string): Promise<Json> {
  let found: Json = null;
  await until(async () => {
    const answer = await gateway.cli("explain", decision, "--json");
    found = answer.code === 0 ? JSON.parse(answer.out) : null;
    return found?.state === "settled";
  });
  return found.outcome;
}

test("asks, runs and reports: charged for what was used", async () => {
  await open();
  const { decision, reasons, verdict } = await ask("transcribe", { file: "a" });
  expect({ reasons, verdict }).toEqual({ reasons: [], verdict: "allow" });
  const done = await report(decision, { ok: true, result: { minutes: 3 } });
  expect(done.status).toBe(200);
  expect(await settled(decision)).toMatchObject({
    outcome: "ok",
    reserved_usd: "2",
    charged_usd: "1.5",
  });
  // Once: it has ended.
  const again = await report(decision, { ok: true, result: { minutes: 0 } });
  expect(again.status).toBe(404);
  expect(JSON.stringify(await again.json())).toContain("it has ended");
});

test("what is not reported in time is charged for the most it may have used, and counted", async () => {
  await open();
  const { decision } = await ask("transcribe");
  expect(await settled(decision)).toMatchObject({ outcome: "fault", charged_usd: "2" });
  const metrics = await (await gateway.api("GET", "/metrics")).text();
  expect(metrics).toMatch(
    /slipclutch_tool_calls_total\{agent="worker",server="own",tool="transcribe",outcome="fault"\} 1/,
  );
  expect((await report(decision, { ok: true, result: { minutes: 0 } })).status).toBe(404);
});

test("usage stands in the result, and an error is an error", async () => {
  await open({}, [
    { tool_name: "look", cost: { ...MINUTES, quantity: { pointer: "/result/usage/minutes" } } },
  ]);
  const used = await ask("look");
  await report(used.decision, { ok: true, usage: { minutes: 1 } });
  expect(await settled(used.decision)).toMatchObject({ outcome: "ok", charged_usd: "0.5" });
  const failed = await ask("look", { n: 2 });
  await report(failed.decision, { ok: false, error: "disk full" });
  expect(await settled(failed.decision)).toMatchObject({ outcome: "error", charged_usd: "2" });
});

test("says no with a code, reasons and the numbers", async () => {
  await open();
  const unknown = await ask("rm");
  expect(unknown).toMatchObject({ verdict: "deny", code: "manifest.unknown-tool" });
  expect(unknown.reasons[0]).toContain("not granted");
  expect(await ask("DROP")).toMatchObject({ verdict: "deny", code: "manifest.blacklisted" });
  expect(await ask("look", { table: "users" })).toMatchObject({
    verdict: "deny",
    code: "manifest.arguments",
  });
  expect(await ask("look", { table: "tickets" })).toMatchObject({ verdict: "allow", code: null });
});

test("permits are taken by decisions", async () => {
  await open();
  for (const n of [1, 2]) {
    const { decision, verdict } = await ask("often", { n });
    expect(verdict).toBe("allow");
    await report(decision, { ok: true });
  }
  const third = await ask("often", { n: 3 });
  expect(third).toMatchObject({ verdict: "deny", code: "rate-limit.exceeded" });
  expect(third.retry_after).toBeGreaterThan(0);
});

test("money is set aside by decisions: those that do not fit are refused", async () => {
  await open();
  const asked = await Promise.all(Array.from({ length: 15 }, (_, n) => ask("save", { n })));
  const allowed = asked.filter(({ verdict }) => verdict === "allow");
  expect(allowed).toHaveLength(10);
  for (const { code, verdict } of asked) {
    if (verdict !== "allow") expect(["budget.exhausted", "budget.contended"]).toContain(code);
  }
  await Promise.all(allowed.map(({ decision }) => report(decision, { ok: true })));
  await until(async () => (await booksOf(gateway)).spent === 10_000_000_000n);
});

test("a tool that the gateway runs is looked at, and nothing is taken", async () => {
  await open();
  for (let n = 0; n < 3; n += 1) {
    expect(await ask("far", { n })).toMatchObject({ verdict: "allow" });
  }
  const { decision } = await ask("far");
  expect((await report(decision, { ok: true })).status).toBe(404);
});

test("the same call_id is the same call: it is allowed once", async () => {
  await open();
  const first = await ask("save", { n: 1 }, { call_id: "c-1" });
  expect(first.verdict).toBe("allow");
  expect(await ask("save", { n: 1 }, { call_id: "c-1" })).toMatchObject({
    verdict: "deny",
    code: "tool.busy",
  });
  await report(first.decision, { ok: true, result: { id: 7 } });
  await until(async () => (await ask("save", { n: 1 }, { call_id: "c-1" })).code !== "tool.busy");
  expect(await ask("save", { n: 1 }, { call_id: "c-1" })).toMatchObject({
    verdict: "deny",
    code: "call.key-reused",
    result: { id: 7 },
  });
  expect(await ask("save", { n: 2 }, { call_id: "c-1" })).toMatchObject({
    verdict: "deny",
    code: "call.key-reused",
  });
});

test("a paused agent is told at once that the call waits, and goes on when it is let go", async () => {
  await open();
  const paused = await gateway.cli("agents", "pause", "worker", "--reason", "test");
  expect(paused.code).toBe(0);
  const parked = await ask("save", { n: 1 });
  expect(parked).toMatchObject({ verdict: "park", code: "clutch.parked" });
  const { id, url } = parked.parked;
  expect(url).toBe(`/guard/v1/parked/${id}`);
  // What is refused for good is refused while it is paused too.
  expect(await ask("rm")).toMatchObject({ verdict: "deny" });
  const resumed = await gateway.cli("agents", "resume", "worker", "--reason", "test");
  expect(resumed.code).toBe(0);
  const stands = await fetch(`${gateway.agentUrl}${url}`, {
    headers: { authorization: `Bearer ${gateway.agentKey}` },
  });
  expect(await stands.json()).toMatchObject({ id, state: "let_go" });
  // Nobody but the agent can run it: it asks again, and takes its own place.
  let again: Json = null;
  await until(async () => {
    again = await ask("save", { n: 1 });
    return again.verdict === "allow";
  });
  expect((await report(again.decision, { ok: true })).status).toBe(200);
  await until(async () => (await booksOf(gateway)).spent === 1_000_000_000n);
});

test("an approval is asked for and given", async () => {
  await open();
  const parked = await ask("pay", { to: "bob" });
  expect(parked).toMatchObject({ verdict: "park", code: "approval.pending" });
  const rows = (await (await gateway.api("GET", "/api/v1/reviews?state=open")).json()) as Json[];
  const [{ id }] = rows as [Json];
  expect((await gateway.cli("reviews", "approve", id, "--reason", "ok")).code).toBe(0);
  let again: Json = null;
  await until(async () => {
    again = await ask("pay", { to: "bob" });
    return again.verdict === "allow";
  });
  await report(again.decision, { ok: true });
  expect(await ask("pay", { to: "eve" })).toMatchObject({ verdict: "park" });
});

test("the task is named by the body, the header or the key, and by one of them", async () => {
  await open();
  const { decision } = await ask("look", { table: "tickets" }, { task: "ticket-1" });
  await report(decision, { ok: true });
  const told = JSON.parse((await gateway.cli("explain", decision, "--json")).out);
  expect(told.task).toBe("ticket-1");
  const body = { tool: "look", arguments: {}, task: "one" };
  const two = await gateway.call("/guard/v1/decisions", body, { "x-slipclutch-task": "two" });
  expect(two.status).toBe(400);
});

test("the task that the body names is held to the manifest that it began under", async () => {
  await open();
  const { decision } = await ask("look", { table: "tickets" }, { task: "old" });
  await report(decision, { ok: true });
  const manifest = {
    version: 1,
    agent: "worker",
    allowed_tools: [...GRANTS, { tool_name: "extra", read_only: false }].map((grant) => {
      return { server: "own", ...grant };
    }),
  };
  await writeFolder({ "agents/worker.yaml": manifest }, gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  expect(await ask("extra", {}, { task: "old" })).toMatchObject({
    verdict: "deny",
    code: "manifest.unknown-tool",
  });
  expect(await ask("extra", {}, { task: "new" })).toMatchObject({ verdict: "allow" });
});

test("what cannot be read is refused as such, and an agent that loops is stopped", async () => {
  await open();
  for (const body of [{}, { tool: "" }, { tool: "look", arguments: [] }, { tool: "look", x: 1 }]) {
    const answer = await gateway.call("/guard/v1/decisions", body);
    expect([400, 403]).toContain(answer.status);
    expect((await answer.json()) as Json).not.toHaveProperty("verdict");
  }
  for (const body of [{}, { ok: "yes" }, { ok: true, more: 1 }]) {
    const { decision } = await ask("look", { table: "tickets" });
    expect([400, 403]).toContain((await report(decision, body)).status);
    await report(decision, { ok: true });
  }
  let last: Json = null;
  for (let n = 0; n < 12 && last?.verdict !== "park"; n += 1) {
    last = await ask("look", { table: "tickets" });
    if (last.verdict === "allow") await report(last.decision, { ok: true, result: { rows: 0 } });
  }
  expect(last).toMatchObject({ verdict: "park", code: "clutch.parked" });
});

test("another agent's decisions cannot be reported on", async () => {
  await open();
  const { decision } = await ask("transcribe");
  const made = await gateway.api("POST", "/api/v1/keys", { agent: "worker" });
  const { key } = (await made.json()) as { key: string };
  const task = await fetch(`${gateway.agentUrl}/guard/v1/tasks`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ name: "other" }),
  });
  const { key: scoped } = (await task.json()) as { key: string };
  const asOther = { authorization: `Bearer ${scoped}` };
  const path = `/guard/v1/decisions/${decision}/outcome`;
  expect((await gateway.call(path, { ok: true }, asOther)).status).toBe(404);
  expect((await report(decision, { ok: true, result: { minutes: 1 } })).status).toBe(200);
});

test("a gateway that stops settles what is open, and forfeits nothing", async () => {
  await open();
  await ask("save", { n: 1 });
  expect(await gateway.stop("SIGTERM")).toBe(0);
  expect(gateway.log()).not.toContain('forfeited":true');
});
