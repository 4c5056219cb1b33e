/** A real trip: what its review shows before anybody decides, and what stays of it as an incident. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { IncidentView, ReviewView } from "../../src/control/client.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";

const ECHO = "/guard/v1/tools/echo/call";
const MINUTE = 60_000;

const config = (limit: number) => ({
  "slipclutch.yaml": {
    version: 1,
    providers: { simulated: { kind: "simulated" } },
    tool_servers: { desk: { kind: "mcp", url: server.url, tools: { echo: { effect: "read" } } } },
    budgets: [{ name: "all", agent: "worker", limit_usd: limit, window: "lifetime" }],
  },
  "agents/worker.yaml": {
    version: 1,
    agent: "worker",
    allowed_tools: [{ tool_name: "echo", cost: { usd: 0.1 } }],
  },
});

let server: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  server = await mcpFixture();
  gateway = await startGateway({ config: config(100) });
});

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await server.close();
});

async function json<Answer>(path: string): Promise<Answer> {
  return (await (await gateway.api("GET", path)).json()) as Answer;
}

/** One more call, that waits until `hangUp`; of an official client or of none. */
function waits(n: number, headers: Record<string, string> = {}) {
  const hangUp = new AbortController();
  const ended = fetch(gateway.agentUrl + ECHO, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.agentKey}`,
      "content-type": "application/json",
      "x-slipclutch-task": `t-${n}`,
      ...headers,
    },
    body: JSON.stringify({ arguments: { n } }),
    signal: hangUp.signal,
  }).catch(() => null);
  return { hangUp, ended };
}

test("a review says what was called, what it cost, what waits and until when", async () => {
  for (let call = 0; call < 9; call += 1) {
    const answer = await gateway.call(
      ECHO,
      { arguments: { n: 1 } },
      { "x-slipclutch-task": "t-1" },
    );
    expect(answer.status).toBe(200);
  }
  const [plain, official] = [waits(1), waits(2, { "x-stainless-retry-count": "0" })];
  const open = () => json<ReviewView[]>("/api/v1/reviews?state=open");
  await expect.poll(async () => (await open())[0]?.parked, { timeout: 10_000 }).toBe(2);
  const [row] = await open();
  const review = await json<ReviewView>(`/api/v1/reviews/${row?.id}`);

  expect(review.evidence).toMatchObject({ rule: "stuck", tool: "echo", task: "t-1" });
  // Those that were stopped at about the same instant are among them.
  const ran = review.last_calls.filter(({ verdict }) => verdict !== "parked");
  expect(ran.map(({ verdict, cost_usd }) => [verdict, cost_usd])).toEqual(
    Array.from({ length: 9 }, () => ["allowed", "0.1"]),
  );
  expect(review.spent).toMatchObject({
    ...{ calls: 9, usd: "0.9", whole: true },
    tasks: [{ task: "t-1", calls: 9, usd: "0.9" }],
  });
  expect(review.resuming).toMatchObject({ calls: 2, worst_case_usd: "0.2", unreckoned: 0 });
  const ofTasks = review.resuming.tasks.map(({ task, worst_case_usd: worst }) => [task, worst]);
  expect(ofTasks.sort()).toEqual([
    ["t-1", "0.1"],
    ["t-2", "0.1"],
  ]);

  const call = (task: string) => review.calls.find((one) => one.task === task);
  expect(call("t-1")).toMatchObject({
    ...{ attached: true, worst_case_usd: "0.1", asked: { server: "desk", tool: "echo" } },
  });
  const held = (task: string) =>
    Date.parse(call(task)?.held_until ?? "") - Date.parse(call(task)?.at ?? "");
  expect([held("t-1"), held("t-2")]).toEqual([50_000, 50_000]);
  // One client is not known to come again: its agent sees an error first.
  expect(review.deadlines.errors_from).toBe(call("t-1")?.held_until);

  plain.hangUp.abort();
  await plain.ended;
  const later = async () => (await json<ReviewView>(`/api/v1/reviews/${row?.id}`)).calls;
  const attached = async () => (await later()).filter((one) => one.attached).length;
  await expect.poll(attached, { timeout: 10_000 }).toBe(1);
  const text = (await gateway.cli("reviews", "show", row?.id ?? "")).out;
  expect(text).toContain("spent $0.9 by 9 calls in the hour before");
  expect(text).toContain("resuming lets 2 calls go: at most $0.2");
  expect(text).toMatch(
    /until {5}\S+ the first connection is held\n {10}\S+ no agent sees an error/,
  );

  const reason = "the server is well again";
  const decision = { version: review.version, decision: "resume", reason };
  await gateway.api("POST", `/api/v1/reviews/${row?.id}/decision`, decision);
  expect((await official.ended)?.status).toBe(200);
  const after = await json<ReviewView>(`/api/v1/reviews/${row?.id}`);
  expect(after.resuming.calls).toBe(0);
  expect(after.deadlines).toEqual({ held_until: null, errors_from: null, expires_at: null });
});

test("the trip stays as an incident, with its cost, its decisions and what was changed then", async () => {
  const [row] = await json<IncidentView[]>("/api/v1/incidents?agent=worker");
  expect(row).toMatchObject({ agent: "worker", rule: "stuck", state: "closed" });
  const before = await json<IncidentView>(`/api/v1/incidents/${row?.id}`);
  expect(before.cost).toMatchObject({
    before: { calls: 9, usd: "0.9" },
    tripped: { tool: "desk/echo", calls: 9, usd: "0.9" },
  });
  expect(before.change.revision).toMatch(/^dir:/);
  expect(before.change.next).toBeNull();
  expect(before.timeline_whole).toBe(true);
  const moments = before.timeline.map(({ count, kind, of }) => [kind, of, count]);
  for (const moment of [
    ["call.settled", "desk/echo", 9],
    ["breaker.alarmed", null, 1],
    ["clutch.disengaged", null, 1],
    // The second one's task began between them.
    ["call.parked", "desk/echo", 1],
    ["review.decided", null, 1],
    ["gateway.started", null, 1],
  ]) {
    expect(moments).toContainEqual(moment);
  }
  const trip = before.timeline.find(({ kind }) => kind === "clutch.disengaged");
  expect(Math.abs(Date.parse(trip?.at ?? "") - Date.parse(before.opened_at))).toBeLessThan(MINUTE);
  expect(before.decisions).toMatchObject([{ decision: "resume", by: "local" }]);

  await writeFolder(config(50), gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  const after = await json<IncidentView>(`/api/v1/incidents/${row?.id}`);
  expect(after.change.next).toMatchObject({ by: "local", commit: null });
  expect(after.change.next?.to).not.toBe(after.change.next?.from);
});

test("people write about an incident after it was closed, by name, and it survives a crash", async () => {
  const [row] = await json<IncidentView[]>("/api/v1/incidents?state=closed");
  const id = row?.id ?? "";
  const noted = await gateway.cli("incidents", "note", id, "The recordings were empty.");
  expect(noted.out).toMatch(/notes {5}\S+ local: The recordings were empty\./);
  const entries = await json<{ entries: { event: object }[] }>(
    "/api/v1/journal?kind=incident.noted",
  );
  expect(entries.entries.map(({ event }) => event)).toMatchObject([
    { incident: id, text: "The recordings were empty.", by: "local", agent: "worker" },
  ]);
  const { dataFolder } = gateway;
  await gateway.stop("SIGKILL");
  gateway = await startGateway({ config: config(50), data: dataFolder });
  const again = await json<IncidentView>(`/api/v1/incidents/${id}`);
  expect(again.notes).toMatchObject([{ by: "local", text: "The recordings were empty." }]);
  expect(again.decisions.map(({ decision }) => decision)).toEqual(["resume"]);
  expect((await gateway.cli("incidents")).out).toContain(id);
  // Its timeline goes on: a call that was let go may end meanwhile.
  const { decisions, notes, opened_at } = again;
  const shown = JSON.parse((await gateway.cli("incidents", "show", id, "--json")).out);
  expect(shown).toMatchObject({ id, decisions, notes, opened_at });
});

test("a pause is no incident, and what is none is unknown", async () => {
  await gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "a look" });
  const [pause] = await json<ReviewView[]>("/api/v1/reviews?state=open");
  expect(await json<IncidentView[]>("/api/v1/incidents?state=open")).toEqual([]);
  const id = pause?.id.replace("r-", "i-");
  for (const wrong of [id, pause?.id, "i-", "i-%2e%2e"]) {
    for (const method of ["GET", "POST"]) {
      const path = `/api/v1/incidents/${wrong}${method === "POST" ? "/notes" : ""}`;
      const body = method === "POST" ? { text: "x" } : undefined;
      const answer = await gateway.api(method, path, body);
      expect(await answer.json()).toMatchObject({ error: { code: "incident.unknown" } });
    }
  }
  const empty = await gateway.api("POST", `/api/v1/incidents/${id}/notes`, { text: " " });
  expect(empty.status).toBe(400);
});
