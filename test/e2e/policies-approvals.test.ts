/** Calls of models that a policy wants a person to approve: exactly as asked, once, for a while. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ApprovalsFolder, ApprovalsWorld, GATE } from "./approvals-world.ts";
import { until } from "./clients-world.ts";
import { ask, CHAT } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

const MESSAGES = "/v1/messages";
const LONG = { max_tokens: 1_000 };

/** Each has a gateway of its own, and some start it twice. */
vi.setConfig({ testTimeout: 60_000 });

let at: ApprovalsWorld;

async function open(folder: ApprovalsFolder = {}): Promise<void> {
  at = await ApprovalsWorld.open(folder);
}

afterEach(() => at.world.end());

const post = (body: Json, more: Json = {}) => at.world.post(CHAT, body, more);
const bodyOf = async (answer: Response): Promise<Json> => JSON.parse(await answer.text());

async function refusal(answer: Promise<Response>): Promise<Json> {
  const { status, ...rest } = await answer;
  const body = await bodyOf(await answer);
  return { status, ...rest, ...body, facts: body.error.details?.facts };
}

/** How it stands, as its agent asks. */
async function parked(call: string): Promise<Json> {
  const headers = { authorization: `Bearer ${at.world.key()}` };
  const url = `${at.world.gateway.agentUrl}/guard/v1/parked/${call}`;
  return (await fetch(url, { headers })).json();
}

/** Asks, and hangs up once it waits. */
async function askAndLeave(body: Json): Promise<Json> {
  const hangUp = new AbortController();
  const call = post(body, { signal: hangUp.signal }).catch(() => "gone");
  const review = await at.asked();
  hangUp.abort();
  await call;
  await until(async () => (await at.review(review.id)).calls[0].attached === false);
  return at.review(review.id);
}

describe.each([
  [CHAT, false],
  [CHAT, true],
  [MESSAGES, false],
  [MESSAGES, true],
])("%s (stream: %s)", (path, stream) => {
  test("waits for a person, goes out as it was asked, and once", async () => {
    await open();
    const body = ask(1, { ...LONG, stream });
    const short = await at.world.post(path, ask(1, { stream }));
    expect(short.status).toBe(200);
    await short.text();
    expect(at.sent).toBe(1);
    const waiting = at.world.post(path, body);
    const review = await at.asked();
    expect(review).toMatchObject({ agent: "worker", kind: "approval", parked: 1 });
    expect(review.reason).toBe(
      "A call of the model simulated-small asks for an approval: worker answers with up to 1000 tokens.",
    );
    const { arguments_bytes: bytes, binding, task, ...evidence } = review.evidence;
    expect(evidence).toEqual({
      model: "simulated-small",
      reasons: ["worker answers with up to 1000 tokens"],
      arguments: body,
    });
    expect(bytes).toBe(JSON.stringify(body).length);
    expect(binding).toMatch(/^[0-9a-f]{64}$/);
    expect(review.calls).toMatchObject([
      { what: "model", task, asked: { model: "simulated-small" }, state: "parked", attached: true },
    ]);
    expect(Number(review.calls[0].worst_case_usd)).toBeGreaterThan(0);
    expect(at.sent).toBe(1);
    await at.approve(review);
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain(stream ? "event-stream" : "json");
    await answer.text();
    expect(at.sent).toBe(2);
    const sent = JSON.parse(Buffer.from(at.world.upstream.recorded()[1]?.body ?? []).toString());
    expect(sent.messages).toEqual([{ role: "user", content: "question 1" }]);
    // The same once more is one more approval, and a denial is for whoever asked.
    const again = at.world.post(path, body);
    const second = await at.asked();
    expect(second.id).not.toBe(review.id);
    expect(second.last_approved).toMatchObject({ review: review.id, differences: [] });
    expect((await at.decide("deny", second, { message: "Ask for less." })).status).toBe(200);
    const denied = await again;
    expect(denied.status).toBe(403);
    expect(JSON.stringify(await bodyOf(denied))).toMatch(/review\.denied.*Ask for less\./s);
    expect(at.sent).toBe(2);
  });
});

test("whoever is told to come again finds it approved, and it is sent when they come", async () => {
  await open({ parking: { hold_for: "0s" } });
  const told = await refusal(post(ask(1, LONG)));
  expect(told).toMatchObject({ status: 429, code: "approval.pending" });
  // Why is for people.
  expect(JSON.stringify(told)).not.toContain("tokens");
  const review = await at.asked();
  expect(told.facts.review).toBe(review.id);
  const explained = await at.world.gateway.cli("explain", told.facts.parked);
  expect(explained.out).toContain("worker answers with up to 1000 tokens");
  expect(await refusal(post(ask(1, LONG)))).toMatchObject({ code: "approval.pending" });
  expect(await at.approvals()).toHaveLength(1);
  await at.approve(review);
  expect(await parked(told.facts.parked)).toMatchObject({ state: "let_go" });
  // Approved while nobody waits: nobody would have its answer, so it is not sent.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(at.sent).toBe(0);
  // Of another request, however alike, nothing was approved.
  expect(await refusal(post(ask(2, LONG)))).toMatchObject({ code: "approval.pending" });
  expect(at.sent).toBe(0);
  const came = await post(ask(1, LONG));
  expect(came.status).toBe(200);
  await came.text();
  expect(at.sent).toBe(1);
  expect(await refusal(post(ask(1, LONG)))).toMatchObject({ code: "approval.pending" });
  expect(at.sent).toBe(1);
});

test("a client that went away, and a gateway that was killed, find it as it stood", async () => {
  await open();
  const review = await askAndLeave(ask(1, LONG));
  await at.world.restart("SIGKILL");
  const kept = await at.review(review.id);
  expect(kept.evidence).toEqual(review.evidence);
  const back = post(ask(1, LONG));
  await until(async () => (await at.review(review.id)).calls[0].attached === true);
  expect(await at.approvals()).toHaveLength(1);
  await at.approve(kept);
  expect((await back).status).toBe(200);
  expect(at.sent).toBe(1);
});

test("approved, and then the gateway is killed: it goes out once its client comes", async () => {
  await open();
  await at.approve(await askAndLeave(ask(1, LONG)));
  await at.world.restart("SIGKILL");
  expect(at.sent).toBe(0);
  expect((await post(ask(1, LONG))).status).toBe(200);
  expect(at.sent).toBe(1);
  const again = post(ask(1, LONG));
  await at.decide("deny", await at.asked());
  expect((await again).status).toBe(403);
  expect(at.sent).toBe(1);
});

test("nobody decides in time: it is denied; an approval that nobody used in time counts no more", async () => {
  await open({ more: { approvals: { expire_after: "2s" } } });
  const late = await refusal(post(ask(1, LONG)));
  expect(late).toMatchObject({ status: 403, code: "review.denied" });
  expect(late.message).toContain("Nobody approved this call in time.");
  await at.approve(await askAndLeave(ask(2, LONG)));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const used = await refusal(post(ask(2, LONG)));
  expect(used).toMatchObject({ status: 403, code: "review.denied" });
  expect(used.message).toContain("The approval of this call has expired.");
  expect(at.sent).toBe(0);
});

test("its request is not for people to edit, and that is said", async () => {
  await open();
  const waiting = post(ask(1, LONG));
  const review = await at.asked();
  const edited = await at.decide("change", review, { arguments: ask(1) });
  expect(edited.status).toBe(409);
  expect(JSON.stringify(await edited.json())).toContain(
    "it is a call of a model, and its request cannot be edited",
  );
  const at0 = `/api/v1/reviews/${review.id}/calls/${review.calls[0].call}`;
  expect((await at.world.gateway.api("GET", at0)).status).toBe(404);
  expect(at.sent).toBe(0);
  // Words to the model are no edit.
  expect((await at.decide("approve", review, { message: "Be brief." })).status).toBe(200);
  expect((await waiting).status).toBe(200);
  expect(Buffer.from(at.world.upstream.recorded()[0]?.body ?? []).toString()).toContain(
    "Be brief.",
  );
});

test("whoever answers for the agent does not approve its calls of models", async () => {
  await open({ manifest: { labels: { owner: "ann" } } });
  const [ann, bob] = [await at.operator("ann"), await at.operator("bob")];
  const waiting = post(ask(1, LONG));
  const { id, version } = await at.asked();
  const as = (token: string) =>
    fetch(`${at.world.gateway.controlUrl}/api/v1/reviews/${id}/decision`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ decision: "approve", version, reason: "fine" }),
    });
  const own = await as(ann);
  expect(own.status).toBe(409);
  expect(JSON.stringify(await own.json())).toContain("somebody else");
  expect((await as(bob)).status).toBe(200);
  expect((await waiting).status).toBe(200);
});

const CHANGED = GATE.replace("answers with up to", "would answer with up to");

test.each(["policy", "manifest"])(
  "a changed %s voids an approval that was not used",
  async (what) => {
    await open();
    const { review } = { review: await askAndLeave(ask(1, LONG)) };
    await at.approve(review);
    const { configFolder } = at.world.gateway;
    if (what === "policy") await writeFile(join(configFolder, "policies/gate.rego"), CHANGED);
    else {
      const manifest = {
        version: 1,
        agent: "worker",
        models: ["simulated-small"],
        allowed_tools: [],
      };
      await writeFile(join(configFolder, "agents/worker.yaml"), JSON.stringify(manifest));
    }
    expect((await at.world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    const back = post(ask(1, LONG));
    const second = await at.asked();
    expect(second.id).not.toBe(review.id);
    expect(second.evidence.binding).not.toBe(review.evidence.binding);
    if (what === "policy") expect(second.reason).toContain("would answer");
    expect(at.sent).toBe(0);
    await at.approve(second);
    expect((await back).status).toBe(200);
    expect(at.sent).toBe(1);
  },
);

test("a policy that refuses meanwhile is heard, approved or not", async () => {
  await open();
  const waiting = post(ask(1, LONG));
  const review = await at.asked();
  const gate = `${GATE.split("model :=")[0]}model := {"deny": ["never"]}\n\ntool := true\n`;
  await writeFile(join(at.world.gateway.configFolder, "policies/gate.rego"), gate);
  expect((await at.world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  await at.approve(review);
  expect(await refusal(waiting)).toMatchObject({ status: 403, code: "policy.denied" });
  expect(at.sent).toBe(0);
});

test("paused while it waits: approved, it goes out once its agent goes on", async () => {
  await open();
  const waiting = post(ask(1, LONG));
  const review = await at.asked();
  await at.world.pause();
  await at.approve(review);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(at.sent).toBe(0);
  await at.world.resume();
  expect((await waiting).status).toBe(200);
  expect(at.sent).toBe(1);
});

test("asked while its agent is paused: the approval is asked for once it goes on", async () => {
  await open();
  await at.world.pause();
  const waiting = post(ask(1, LONG));
  await at.world.parked(1);
  expect(await at.approvals()).toHaveLength(0);
  await at.world.resume();
  const review = await at.asked();
  expect(review).toMatchObject({ parked: 1, evidence: { arguments: ask(1, LONG) } });
  expect(at.sent).toBe(0);
  await at.approve(review);
  expect((await waiting).status).toBe(200);
  expect(at.sent).toBe(1);
});

test("of a request too long to be shown whole, every byte is approved", async () => {
  await open({ parking: { hold_for: "0s" } });
  const long = (end: string) =>
    ask(1, { ...LONG, messages: [{ role: "user", content: `${"é".repeat(40_000)}${end}` }] });
  const [one, two] = [await refusal(post(long("1"))), await refusal(post(long("2")))];
  expect([one.code, two.code]).toEqual(["approval.pending", "approval.pending"]);
  const rows = await Promise.all((await at.approvals()).map(({ id }) => at.review(id)));
  for (const { evidence } of rows) {
    expect(evidence.arguments_bytes).toBeGreaterThan(80_000);
  }
  const first = rows.find(({ id }) => id === one.facts.review);
  expect(two.facts.review).not.toBe(first.id);
  await at.approve(first);
  expect(await refusal(post(long("2")))).toMatchObject({ code: "approval.pending" });
  expect(at.sent).toBe(0);
  expect((await post(long("1"))).status).toBe(200);
  expect(at.sent).toBe(1);
});

test("the same words with other headers that go to the provider are another call", async () => {
  await open({ parking: { hold_for: "0s" } });
  const post = (beta: string) =>
    at.world.post(MESSAGES, ask(1, LONG), { headers: { "anthropic-beta": beta } });
  await post("one");
  await at.approve(await at.asked());
  expect((await post("two")).status).toBe(429);
  expect(at.sent).toBe(0);
  expect((await post("one")).status).toBe(200);
  expect(at.sent).toBe(1);
});

test("beyond the limits of parking a call is refused, and nobody is asked about it", async () => {
  await open({ parking: { max_calls_per_agent: 1, hold_for: "0s" } });
  expect(await refusal(post(ask(1, LONG)))).toMatchObject({ code: "approval.pending" });
  const [first] = await at.approvals();
  for (const number of [2, 3, 2]) {
    const full = await refusal(post(ask(number, LONG)));
    expect(full).toMatchObject({ status: 429, code: "parking.full" });
  }
  expect(await at.approvals()).toMatchObject([{ id: first.id, parked: 1 }]);
  await at.decide("deny", first);
  expect(await refusal(post(ask(2, LONG)))).toMatchObject({ code: "approval.pending" });
});
