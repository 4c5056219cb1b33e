/** Calls that a person approves: each one exactly as it was shown, once, for a while. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, describe, expect, test } from "vitest";
import { writeFolder } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import { type ParkingWorld, parkingWorld, READ, WRITE } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const DEAR = { properties: { amount: { type: "number", minimum: 100 } } };
const GRANTS = {
  allowed_tools: [
    { tool_name: "echo" },
    { tool_name: "save", read_only: false, requires_approval: DEAR },
  ],
};
const pay = (amount: number, more: Json = {}) => ({ arguments: { amount, ...more } });

async function approvals(): Promise<readonly Json[]> {
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const rows = (await answer.json()) as readonly Json[];
  return rows.filter(({ kind }) => kind === "approval");
}

/** The one that waits for a person, in full. */
async function asked(): Promise<Json> {
  await until(async () => (await approvals()).length > 0);
  const [{ id }] = await approvals();
  return (await world.gateway.api("GET", `/api/v1/reviews/${id}`)).json();
}

async function decide(decision: string, review: Json, more: Json = {}): Promise<Response> {
  return world.decide(review.id, { decision, version: review.version, reason: "looked", ...more });
}

test("a call that needs no approval goes out; one that does waits for it, and runs once", async () => {
  world = await parkingWorld({}, GRANTS);
  expect((await world.post(WRITE, pay(99))).status).toBe(200);
  const waiting = world.post(WRITE, pay(100, { to: "bob" }));
  const review = await asked();
  expect(review).toMatchObject({ agent: "worker", kind: "approval", parked: 1, state: "open" });
  expect(review.evidence).toMatchObject({
    server: "desk",
    tool: "save",
    arguments: { amount: 100, to: "bob" },
  });
  expect(review.evidence).not.toHaveProperty("sealed");
  expect(world.server.ran()).toBe(1);
  expect((await decide("approve", review)).status).toBe(200);
  expect((await waiting).status).toBe(200);
  expect(world.server.ran()).toBe(2);
  // Nothing else of the agent stood still, and the same call once more is one more approval.
  expect((await world.post(READ, {})).status).toBe(200);
  const again = world.post(WRITE, pay(100, { to: "bob" }));
  const second = await asked();
  expect(second.id).not.toBe(review.id);
  expect(world.server.ran()).toBe(3);
  expect((await decide("deny", second)).status).toBe(200);
  expect((await again).status).toBe(403);
  expect(world.server.ran()).toBe(3);
});

test("whoever is asked sees what was approved last, and what is different now", async () => {
  const save = { tool_name: "save", read_only: false, requires_approval: true };
  const echo = { tool_name: "echo", requires_approval: true };
  world = await parkingWorld({}, { allowed_tools: [save, echo] });
  const approve = async (waiting: Promise<Response>, decision = "approve") => {
    const review = await asked();
    expect((await decide(decision, review)).status).toBe(200);
    await waiting;
    return review;
  };
  const first = await approve(world.post(WRITE, pay(100, { to: "bob", lines: [1, 2] })));
  expect(first.last_approved).toBeNull();
  // Of another tool, and of one that was denied, nothing was approved.
  await approve(world.post(READ, {}));
  await approve(world.post(WRITE, pay(7)), "deny");
  const second = world.post(WRITE, pay(250, { to: "bob", lines: [1], urgent: true }));
  const review = await asked();
  const past = await world.gateway.api("GET", `/api/v1/reviews/${first.id}`);
  const [decided] = ((await past.json()) as Json).decisions;
  expect(review.last_approved).toEqual({
    ...{ review: first.id, at: decided.at, by: "local", task: first.evidence.task, more: 0 },
    differences: [
      { path: "/amount", was: 100, is: 250 },
      { path: "/lines/1", was: 2 },
      { path: "/urgent", is: true },
    ],
  });
  const { out } = await world.gateway.cli("reviews", "show", review.id);
  expect(out).toContain(`approved  ${decided.at} by local in ${first.id}, of`);
  expect(out).toContain("/amount is 250, it was 100\n");
  expect(out).toContain("/lines/1 is gone, it was 2\n");
  expect(out).toContain("/urgent is new: true\n");
  await approve(second);
  // Looked at later, it is what it was; and the next is compared with it.
  const after = await (await world.gateway.api("GET", `/api/v1/reviews/${review.id}`)).json();
  expect((after as Json).last_approved.review).toBe(first.id);
  const third = world.post(WRITE, pay(250, { urgent: true, lines: [1], to: "bob" }));
  const same = await asked();
  expect(same.last_approved).toMatchObject({ review: review.id, differences: [] });
  await approve(third);
});

test("what a person has changed before they approved it is what the next is compared with", async () => {
  world = await parkingWorld({}, GRANTS);
  const first = world.post(WRITE, pay(900, { to: "bob" }));
  const review = await asked();
  const edited = { arguments: { amount: 300, to: "bob" } };
  expect((await decide("change", review, edited)).status).toBe(200);
  expect((await first).status).toBe(200);
  const second = world.post(WRITE, pay(900, { to: "bob" }));
  const next = await asked();
  expect(next.last_approved).toMatchObject({
    ...{ review: review.id, by: "local" },
    differences: [{ path: "/amount", was: 300, is: 900 }],
  });
  await decide("deny", next);
  await second;
});

test("arguments too long to be kept whole are not compared, and that is said", async () => {
  world = await parkingWorld({}, GRANTS);
  const [short, long] = [pay(100), pay(100, { text: "x".repeat(70_000) })];
  const told: Json[] = [];
  for (const body of [short, long, short]) {
    const waiting = world.post(WRITE, body);
    const review = await asked();
    told.push(review.last_approved);
    expect((await decide("approve", review)).status).toBe(200);
    expect((await waiting).status).toBe(200);
  }
  expect(told[0]).toBeNull();
  expect(told.slice(1)).toMatchObject([
    { differences: null, more: 0 },
    { differences: null, more: 0 },
  ]);
});

test("a denial tells the agent why, and the review is closed", async () => {
  world = await parkingWorld({}, GRANTS);
  const waiting = world.post(WRITE, pay(500));
  const review = await asked();
  const answer = await decide("deny", review, { message: "Ask finance first." });
  expect(await answer.json()).toMatchObject({ state: "closed", parked: 0 });
  const refused = await waiting;
  expect(refused.status).toBe(403);
  const body = (await refused.json()) as Json;
  expect(body.code).toBe("review.denied");
  expect(body.message).toContain("Ask finance first.");
  expect(world.server.ran()).toBe(0);
});

test("whoever is told to come again takes the call's place, with the answer", async () => {
  world = await parkingWorld({ hold_for: "0s" }, GRANTS);
  const told = await world.post(WRITE, pay(100));
  expect(told.status).toBe(429);
  expect(((await told.json()) as Json).code).toBe("approval.pending");
  const review = await asked();
  expect((await world.post(WRITE, pay(100))).status).toBe(429);
  expect((await approvals()).length).toBe(1);
  expect((await decide("approve", review)).status).toBe(200);
  // Approved while nobody waited: it runs, and whoever asks has its answer.
  await until(() => Promise.resolve(world.server.ran() === 1));
  await until(async () => (await world.post(WRITE, pay(100))).status === 200);
  expect(world.server.ran()).toBe(1);
});

test("an approval outlives a kill -9, and holds for its call alone", async () => {
  world = await parkingWorld({}, GRANTS);
  const abort = new AbortController();
  const gone = world.post(WRITE, pay(100), { signal: abort.signal }).catch(() => "gone");
  const review = await asked();
  abort.abort();
  expect(await gone).toBe("gone");
  await world.restart("SIGKILL");
  expect((await decide("approve", review)).status).toBe(200);
  await until(() => Promise.resolve(world.server.ran() === 1));
  const other = world.post(WRITE, pay(101));
  const next = await asked();
  expect(next.evidence.arguments).toEqual({ amount: 101 });
  expect(world.server.ran()).toBe(1);
  await decide("deny", next);
  expect((await other).status).toBe(403);
});

test("what was approved under another manifest is asked for anew", async () => {
  world = await parkingWorld({}, GRANTS);
  const abort = new AbortController();
  const gone = world.post(WRITE, pay(100), { signal: abort.signal }).catch(() => "gone");
  const review = await asked();
  // While the agent is paused an approved call does not run.
  await world.pause();
  expect((await decide("approve", review)).status).toBe(200);
  const manifest = { version: 1, agent: "worker", models: ["simulated-small"] };
  const changed = {
    allowed_tools: [
      GRANTS.allowed_tools[0],
      { ...GRANTS.allowed_tools[1], requires_approval: true },
    ],
  };
  await writeFolder(
    { "agents/worker.yaml": { ...manifest, ...changed } },
    world.gateway.configFolder,
  );
  expect((await world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  await world.resume();
  const second = await asked();
  expect(second.id).not.toBe(review.id);
  expect(world.server.ran()).toBe(0);
  expect((await decide("approve", second)).status).toBe(200);
  await until(() => Promise.resolve(world.server.ran() === 1));
  abort.abort();
  await gone;
});

test("nobody approves in time: the call is denied, and so is an approval that came too late", async () => {
  world = await parkingWorld({}, GRANTS, { approvals: { expire_after: "1s" } });
  const refused = await world.post(WRITE, pay(100));
  expect(refused.status).toBe(403);
  expect(((await refused.json()) as Json).message).toContain("Nobody approved this call in time.");
  expect(await approvals()).toEqual([]);
  expect(world.server.ran()).toBe(0);
});

test("whoever answers for the agent does not approve its calls", async () => {
  world = await parkingWorld({}, { ...GRANTS, labels: { owner: "ann" } });
  const key = async (name: string): Promise<string> => {
    const made = await world.gateway.cli(
      "keys",
      "create",
      "--operator",
      name,
      "--role",
      "operator",
      "--json",
    );
    return JSON.parse(made.out).key;
  };
  const [ann, bob] = [await key("ann"), await key("bob")];
  const waiting = world.post(WRITE, pay(100));
  const review = await asked();
  const as = (token: string) =>
    fetch(`${world.gateway.controlUrl}/api/v1/reviews/${review.id}/decision`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ decision: "approve", version: review.version, reason: "fine" }),
    });
  const own = await as(ann);
  expect(own.status).toBe(409);
  expect(JSON.stringify(await own.json())).toContain("somebody else");
  expect((await as(bob)).status).toBe(200);
  expect((await waiting).status).toBe(200);
});

test("by the command line: shown with its arguments, approved with a reason", async () => {
  world = await parkingWorld({}, GRANTS);
  const waiting = world.post(WRITE, pay(100, { to: "bob" }));
  const { id } = await asked();
  const shown = await world.gateway.cli("reviews", "show", id);
  expect(shown.out).toContain("arguments.to bob");
  expect(shown.out).toMatch(/kind +approval/);
  const wrong = await world.gateway.cli("reviews", "resume", id, "--reason", "x");
  expect(wrong.code).not.toBe(0);
  expect(wrong.err).toContain("approved or denied");
  const done = await world.gateway.cli("reviews", "approve", id, "--reason", "checked with Bob");
  expect(done).toMatchObject({ code: 0 });
  expect((await waiting).status).toBe(200);
  const journal = await world.gateway.cli("journal", "--all");
  expect(journal.out).toContain("review.decided");
});

test("many copies of one decision let one call through", async () => {
  world = await parkingWorld({}, GRANTS);
  const waiting = world.post(WRITE, pay(100));
  const review = await asked();
  const answers = await Promise.all(Array.from({ length: 5 }, () => decide("approve", review)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
  expect((await waiting).status).toBe(200);
  expect(world.server.ran()).toBe(1);
});

describe("over MCP", () => {
  test("the call is held, and answered once it is approved", async () => {
    world = await parkingWorld({}, GRANTS);
    const client = new Client({ name: "agent", version: "1" });
    const { agentKey, agentUrl } = world.gateway;
    const requestInit = { headers: { authorization: `Bearer ${agentKey}` } };
    const transport = new StreamableHTTPClientTransport(new URL(`${agentUrl}/mcp`), {
      requestInit,
    });
    // Its own types differ in one optional field.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    const called = client.callTool({ name: "save", arguments: { amount: 100 } });
    const review = await asked();
    await decide("approve", review);
    expect((await called).isError ?? false).toBe(false);
    await client.close();
  });
});
