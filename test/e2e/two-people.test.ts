/** Decisions that take two people: one proposes, another says the same. */
import { afterEach, expect, test } from "vitest";
import { until } from "./clients-world.ts";
import { ask, CHAT, type ParkingWorld, parkingWorld, WRITE } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const PAYS = {
  labels: { owner: "olga" },
  allowed_tools: [{ tool_name: "save", read_only: false, requires_approval: true }],
};
const TWO = { reviews: { two_people: ["approve", "change", "end"] } };

/** The token of an operator of this name. */
async function operator(name: string): Promise<string> {
  const body = { operator: name, role: "operator" };
  const made = await world.gateway.api("POST", "/api/v1/keys", body);
  return ((await made.json()) as Json).key;
}

async function asked(): Promise<Json> {
  const rows = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [row] = (await rows.json()) as Json[];
  return (await world.gateway.api("GET", `/api/v1/reviews/${row.id}`)).json();
}

async function say(token: string, review: Json, more: Json): Promise<Json> {
  const { id, version } = review;
  const answer = await fetch(`${world.gateway.controlUrl}/api/v1/reviews/${id}/decision`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ version, reason: "looked", ...more }),
  });
  return { status: answer.status, ...((await answer.json()) as Json) };
}

test("nothing goes out on one person's word, nor on its owner's", async () => {
  world = await parkingWorld({}, PAYS, TWO);
  const [ada, grace, olga] = await Promise.all(["ada", "grace", "olga"].map(operator));
  const held = world.post(WRITE, { arguments: { amount: 900 } }).catch(() => "cut");
  await world.parked(1);
  const review = await asked();
  const first = await say(ada ?? "", review, { decision: "approve" });
  expect(first).toMatchObject({ status: 200, state: "open", parked: 1 });
  expect(first.proposal).toMatchObject({ decision: "approve", by: "ada", reason: "looked" });
  const own = await say(ada ?? "", first, { decision: "approve", reason: "again" });
  expect(own).toMatchObject({ status: 409 });
  expect(own.error.message).toContain("another person has to agree");
  expect((await say(olga ?? "", first, { decision: "approve" })).status).toBe(409);
  // Grace would rather have it smaller: now that is what waits for somebody else.
  const other = { decision: "change", arguments: { amount: 90 } };
  const second = await say(grace ?? "", first, other);
  expect(second.proposal).toMatchObject({ by: "grace", arguments: { amount: 90 } });
  expect(world.server.ran()).toBe(0);
  const { cli } = world.gateway;
  const shown = await cli("reviews", "show", review.id);
  expect(shown.out).toContain(`slipclutch reviews agree ${review.id}`);
  expect(shown.out).toContain('arguments {"amount":90}');
  await world.restart("SIGKILL");
  const args = [
    "reviews",
    "agree",
    review.id,
    "--reason",
    "smaller is right",
    "--token",
    ada ?? "",
  ];
  const agreed = await world.gateway.cli(...args, "--url", world.gateway.controlUrl);
  expect(agreed).toMatchObject({ code: 0 });
  expect(await held).toBe("cut");
  await until(() => Promise.resolve(world.server.ran() === 1));
  const rows = await world.gateway.api("GET", "/api/v1/journal?agent=worker&limit=200");
  const events = ((await rows.json()) as Json).entries.map(({ event }: Json) => event);
  const said = events
    .filter(({ kind }: Json) => kind.startsWith("review."))
    .map(({ by, decision, kind }: Json) => `${kind} ${decision} ${by}`);
  expect(said).toEqual([
    "review.proposed approve ada",
    "review.proposed change grace",
    "review.decided change ada",
  ]);
});

test("a task does not end before the second has agreed", async () => {
  world = await parkingWorld({}, {}, TWO);
  const [ada, grace] = await Promise.all(["ada", "grace"].map(operator));
  await world.pause();
  const held = world.post(`/t/mine${CHAT}`, ask(1));
  await world.parked(1);
  const end = { decision: "end", task: "mine" };
  const first = await say(ada ?? "", await asked(), end);
  const alive = async () => {
    const rows = await world.gateway.api("GET", "/api/v1/tasks?agent=worker&alive=true");
    return ((await rows.json()) as Json[]).map(({ task }) => task);
  };
  expect(await alive()).toContain("mine");
  expect((await say(grace ?? "", first, end)).status).toBe(200);
  expect(await alive()).not.toContain("mine");
  expect((await held).status).toBe(403);
});
