/** Approvals as somebody would have them who wants a call to go out that nobody has looked at. */
import { afterEach, expect, test } from "vitest";
import { writeFolder } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import { type ParkingWorld, parkingWorld, WRITE } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const SAVE = { tool_name: "save", read_only: false, requires_approval: true };
const GRANTS = { allowed_tools: [{ tool_name: "echo" }, SAVE] };
const save = (given: Json) => ({ arguments: given });

async function approvals(): Promise<readonly Json[]> {
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  return ((await answer.json()) as Json[]).filter(({ kind }) => kind === "approval");
}

async function asked(count = 1): Promise<readonly Json[]> {
  await until(async () => (await approvals()).length === count);
  const ids = (await approvals()).map(({ id }) => id);
  return Promise.all(
    ids.map(async (id) => (await world.gateway.api("GET", `/api/v1/reviews/${id}`)).json()),
  );
}

const decide = (decision: string, { id, version }: Json) =>
  world.decide(id, { decision, version, reason: "looked" });

test("whoever looks like the owner does not approve in their place", async () => {
  world = await parkingWorld({}, { ...GRANTS, labels: { owner: "Ann Lee" } });
  const waiting = world.post(WRITE, save({ n: 1 }));
  const [review] = await asked();
  const tried: string[] = [];
  for (const name of ["Ann Lee", "ann lee", "ANN LEE", "Ann-Lee", "Аnn Lее", "Ａnn Lee"]) {
    const made = await world.gateway.cli(
      ...["keys", "create", "--operator", name, "--role", "operator", "--json"],
    );
    if (made.code !== 0) continue;
    tried.push(name);
    const answer = await fetch(`${world.gateway.controlUrl}/api/v1/reviews/${review.id}/decision`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${JSON.parse(made.out).key}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ decision: "approve", version: review.version, reason: "fine" }),
    });
    expect(answer.status, name).toBe(409);
  }
  expect(tried).toEqual(expect.arrayContaining(["Ann Lee", "ann lee", "Ann-Lee"]));
  expect(world.server.ran()).toBe(0);
  expect((await decide("deny", review)).status).toBe(200);
  expect((await waiting).status).toBe(403);
});

test("of an approval and a denial at once one counts", async () => {
  world = await parkingWorld({}, GRANTS);
  const waiting = world.post(WRITE, save({ n: 1 }));
  const [review] = await asked();
  const both = await Promise.all([decide("approve", review), decide("deny", review)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  const isApproved = both[0]?.status === 200;
  expect((await waiting).status).toBe(isApproved ? 200 : 403);
  expect(world.server.ran()).toBe(isApproved ? 1 : 0);
});

test("what the model wrote moves no cursor, and nothing of it is left unsaid", async () => {
  world = await parkingWorld({}, GRANTS);
  const given = {
    to: "bob\u001b[2K\u001b[1A\r\nkind  pause",
    "\u001b]0;key\u0007": "\u202Eevil",
    force: [],
    more: { nothing: {} },
  };
  const waiting = world.post(WRITE, save(given));
  const [review] = await asked();
  const shown = await world.gateway.cli("reviews", "show", review.id);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
  expect(shown.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(shown.out.split("\n").filter((line) => line.startsWith("kind"))).toHaveLength(1);
  expect(shown.out).toContain("arguments.force []");
  expect(shown.out).toContain("arguments.more.nothing {}");
  await decide("deny", review);
  await waiting;
});

test("an approval holds for the part that is too long to be shown too", async () => {
  world = await parkingWorld({}, GRANTS);
  const long = "é".repeat(70_000);
  const one = world.post(WRITE, save({ text: `${long}1` }));
  const [first] = await asked();
  expect(first.evidence.arguments_bytes).toBeGreaterThan(140_000);
  expect(first.evidence.arguments).toMatch(/…$/);
  const two = world.post(WRITE, save({ text: `${long}2` }));
  const both = await asked(2);
  expect((await decide("approve", first)).status).toBe(200);
  expect((await one).status).toBe(200);
  expect(world.server.ran()).toBe(1);
  const [second] = await asked();
  expect(both.map(({ id }) => id)).toContain(second.id);
  expect((await decide("deny", second)).status).toBe(200);
  expect((await two).status).toBe(403);
  expect(world.server.ran()).toBe(1);
});

test("a tool that has left the manifest meanwhile is refused, approved or not", async () => {
  world = await parkingWorld({}, GRANTS);
  const waiting = world.post(WRITE, save({ n: 1 }));
  const [review] = await asked();
  const manifest = { version: 1, agent: "worker", models: ["simulated-small"] };
  const left = { ...manifest, allowed_tools: [{ tool_name: "echo" }] };
  await writeFolder({ "agents/worker.yaml": left }, world.gateway.configFolder);
  expect((await world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  expect((await decide("approve", review)).status).toBe(200);
  const refused = await waiting;
  expect(refused.status).toBe(403);
  expect(((await refused.json()) as Json).code).toBe("manifest.unknown-tool");
  expect(world.server.ran()).toBe(0);
});

test("a gateway killed as it approves: the call runs once, or a person is asked whether it did", async () => {
  world = await parkingWorld({}, GRANTS);
  const gone = world.post(WRITE, save({ n: 1 })).catch(() => "gone");
  const [review] = await asked();
  expect((await decide("approve", review)).status).toBe(200);
  await world.restart("SIGKILL");
  await gone;
  await until(async () => {
    const [unknown] = (await (
      await world.gateway.api("GET", "/api/v1/reviews?state=open")
    ).json()) as Json[];
    return world.server.ran() === 1 || unknown?.kind === "outcome_unknown";
  });
  expect(world.server.ran()).toBeLessThanOrEqual(1);
});

test("two keys of one agent: the approval is of the call that was shown", async () => {
  world = await parkingWorld({}, GRANTS);
  const made = await world.gateway.api("POST", "/api/v1/keys", { agent: "worker" });
  const { key } = (await made.json()) as Json;
  const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": "one" };
  const mine = world.post(WRITE, save({ n: 1 }), { headers: { "x-slipclutch-task": "one" } });
  const [first] = await asked();
  const other = world.post(WRITE, save({ n: 1 }), { headers });
  await asked(2);
  expect((await decide("approve", first)).status).toBe(200);
  expect((await mine).status).toBe(200);
  expect(world.server.ran()).toBe(1);
  const [second] = await asked();
  expect(second.id).not.toBe(first.id);
  await decide("deny", second);
  expect((await other).status).toBe(403);
  expect(world.server.ran()).toBe(1);
});
