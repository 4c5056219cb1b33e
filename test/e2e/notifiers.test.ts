/** People are told: through real processes, to far ends that check what the real ones check. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FarAnswer } from "../../src/testing/far-end.ts";
import { SHORT_TIMES } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";
import { ECHO, type FarEnds, farEnds, folderWith, hookOf, slackOf } from "./notifiers-world.ts";

/** From the trip to the far end. */
const TOLD_MS = 2_000;

let ends: FarEnds;
const gateways: TestGateway[] = [];

beforeEach(async () => {
  ends = await farEnds();
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  await ends.close();
});

async function start(
  notifiers: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestGateway> {
  const gateway = await startGateway({ config: folderWith(ends, notifiers, more) });
  gateways.push(gateway);
  return gateway;
}

async function pause(gateway: TestGateway, agent = "worker"): Promise<void> {
  const body = { agents: [agent], reason: "a look at its <answers> & costs" };
  expect((await gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
}

test("a pause is told to both within two seconds, and so is its end", async () => {
  const gateway = await start({ chat: slackOf(ends), pager: hookOf(ends) });
  await pause(gateway);
  const pausedAt = performance.now();
  await until(() => ends.hook.received.length === 1 && ends.slack.received.length === 1);
  expect(performance.now() - pausedAt).toBeLessThan(TOLD_MS);
  const [event] = ends.hook.received;
  expect(event).toMatchObject({
    type: "dev.slipclutch.review.opened",
    data: { kind: "pause", agent: "worker", reason: "a look at its <answers> & costs" },
  });
  const [message] = ends.slack.received;
  expect(message?.shown).toContain("worker is paused. a look at its <answers> & costs");
  expect(message?.links).toEqual([expect.stringContaining(`/r/${event?.subject}?`)]);

  const resumed = await gateway.cli("agents", "resume", "worker", "--reason", "all is well");
  expect(resumed.code).toBe(0);
  await until(() => ends.hook.received.length === 2 && ends.slack.received.length === 2);
  expect(ends.hook.received[1]).toMatchObject({
    type: "dev.slipclutch.review.closed",
    subject: event?.subject,
    data: { decided: { decision: "resume", by: "local", reason: "all is well" } },
  });
  expect(ends.slack.received[1]?.shown).toContain("local decided resume. all is well");
  expect([...ends.hook.wrong, ...ends.slack.wrong]).toEqual([]);
});

/** Calls of the agent until one is not let through; the code that it is refused with. */
async function runAway(gateway: TestGateway): Promise<string | null> {
  for (let no = 0; no < 10; no += 1) {
    const answer = await gateway.call(ECHO, { arguments: {} });
    await answer.arrayBuffer();
    if (answer.status !== 200) return answer.headers.get("x-slipclutch-decision");
  }
  return null;
}

/** From the call that trips to the refusal of the next. */
async function trip(gateway: TestGateway): Promise<void> {
  expect(await runAway(gateway)).toContain("clutch.parked");
}

interface NotifierRow {
  readonly name: string;
  readonly sent: number;
  readonly pending: number;
  readonly given_up: number;
  readonly last_error: { readonly error: string } | null;
}

async function stateOf(gateway: TestGateway, name: string): Promise<NotifierRow> {
  const rows = (await (await gateway.api("GET", "/api/v1/notifiers")).json()) as NotifierRow[];
  const found = rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(`${name} is not listed`);
  return found;
}

test("a breaker that trips is told within two seconds, with its numbers and what waits", async () => {
  const gateway = await start({ chat: slackOf(ends), pager: hookOf(ends) });
  await trip(gateway);
  const trippedAt = performance.now();
  await until(() => ends.hook.received.length === 1 && ends.slack.received.length === 1);
  expect(performance.now() - trippedAt).toBeLessThan(TOLD_MS);
  const [review] = (await (await gateway.api("GET", "/api/v1/reviews")).json()) as { id: string }[];
  expect(ends.hook.received[0]).toMatchObject({
    type: "dev.slipclutch.review.opened",
    subject: review?.id,
    data: { kind: "trip", agent: "worker", review: review?.id, numbers: { rule: "stuck" } },
  });
  expect(ends.slack.received[0]?.shown).toMatch(/^The clutch of worker is disengaged\. /);
  expect(ends.slack.received[0]?.shown).toContain("rule stuck");
  expect([...ends.hook.wrong, ...ends.slack.wrong]).toEqual([]);
  await until(async () => (await stateOf(gateway, "pager")).sent === 1);
  const journal = await gateway.api("GET", "/api/v1/journal?kind=notice.sent");
  const { entries } = (await journal.json()) as { entries: readonly { event: object }[] };
  expect(entries.map(({ event }) => event)).toContainEqual({
    ...{ kind: "notice.sent", notifier: "pager", notice: `review.${review?.id}.opened` },
    ...{ about: "trip", agent: "worker", review: review?.id, attempts: 1, folded: false },
  });
  const text = await (await gateway.api("GET", "/metrics")).text();
  expect(text).toContain(
    'slipclutch_notices_total{notifier="pager",kind="trip",outcome="sent"} 1\n',
  );
  expect(text).toContain('slipclutch_notices_pending{notifier="pager"} 0\n');
});

test("a page says what waits when it goes out, what that costs at most and when agents see errors", async () => {
  const gateway = await start({ chat: slackOf(ends), pager: hookOf(ends) });
  const config = folderWith(ends, { chat: slackOf(ends), pager: hookOf(ends) });
  const allowed_tools = [{ tool_name: "echo", cost: { usd: 0.1 } }];
  const manifest = { version: 1, agent: "worker", allowed_tools };
  await writeFolder({ ...config, "agents/worker.yaml": manifest }, gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  ends.hook.answer({ status: 503 });
  ends.slack.answer({ status: 503 });
  await pause(gateway);
  await until(() => ends.hook.arrived.length > 0 && ends.slack.arrived.length > 0);
  // They come after it was written down: an official client asks twice again, the other one never.
  const official = { "x-stainless-retry-count": "0" };
  for (const headers of [official, {}]) {
    const parked = await gateway.call(ECHO, { arguments: headers }, headers);
    expect(parked.headers.get("x-slipclutch-decision")).toContain("clutch.parked");
  }
  const [row] = (await (await gateway.api("GET", "/api/v1/reviews")).json()) as { id: string }[];
  const shown = await (await gateway.api("GET", `/api/v1/reviews/${row?.id}`)).json();
  const { deadlines } = shown as { deadlines: { errors_from: string } };
  ends.hook.answer(null);
  ends.slack.answer(null);
  // By then they may be tried again only every half minute.
  const told = () => ends.hook.received.length === 1 && ends.slack.received.length === 1;
  await until(told, 60_000);
  expect(ends.hook.received[0]?.data).toMatchObject({
    waiting: {
      ...{ calls: 2, worst_case_usd: "0.2", unreckoned: 0, whole: true },
      errors_from: deadlines.errors_from,
    },
  });
  expect(Date.parse(deadlines.errors_from)).toBeGreaterThan(Date.now());
  const minute = deadlines.errors_from.slice(0, 19).replace("T", " ");
  expect(ends.slack.received[0]?.shown).toContain(
    `2 calls are parked.\nLetting them go costs at most $0.2.\nAgents see errors from ${minute} UTC.`,
  );
}, 120_000);

test("an approval is told with its deadline, and without what its call says", async () => {
  const gateway = await start({ pager: hookOf(ends), chat: slackOf(ends) });
  const grant = { tool_name: "echo", requires_approval: true };
  const manifest = { version: 1, agent: "worker", allowed_tools: [grant] };
  const config = folderWith(ends, { pager: hookOf(ends), chat: slackOf(ends) });
  await writeFolder({ ...config, "agents/worker.yaml": manifest }, gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  const asked = await gateway.call(ECHO, { arguments: { iban: "DE-not-for-slack" } });
  expect(asked.headers.get("x-slipclutch-decision")).toContain("approval.pending");
  await until(() => ends.hook.received.length === 1 && ends.slack.received.length === 1);
  const [event] = ends.hook.received;
  expect(event?.data).toMatchObject({
    ...{ kind: "approval", agent: "worker", reason: "A call of echo asks for an approval." },
    next: { what: "denied", at: expect.any(String) },
  });
  const next = event?.data.next as { at: string } | undefined;
  const leftMs = Date.parse(next?.at ?? "") - Date.now();
  expect(Math.abs(leftMs - 3_600_000)).toBeLessThan(30_000);
  expect(ends.slack.received[0]?.shown).toContain("It is denied by itself at ");
  const sent = [...ends.hook.arrived, ...ends.slack.arrived].map(({ body }) => body).join();
  expect(sent).not.toMatch(/not-for-slack|sealed|binding/);
});

test("a breaker that only alerts is told, and nobody stops for it", async () => {
  const breakers = [{ name: "stuck", above: { value: 3 }, action: "alert" }];
  const gateway = await start({ pager: hookOf(ends) }, { breakers });
  expect(await runAway(gateway)).toBe(null);
  await until(() => ends.hook.received.length === 1);
  expect(ends.hook.received[0]).toMatchObject({
    type: "dev.slipclutch.breaker.alerted",
    subject: "worker",
    data: { kind: "alert", review: null, link: null, numbers: { rule: "stuck", tool: "echo" } },
  });
});

test.each<readonly [string, FarAnswer]>([
  ["fails", { status: 500 }],
  ["hangs", "hang"],
  ["hangs up", "reset"],
  ["asks for a pause", { status: 429, headers: { "retry-after": "2" } }],
])(
  "a far end that %s holds up no trip, and is told when it is back",
  async (_, answer) => {
    const gateway = await start({ chat: slackOf(ends) });
    ends.slack.answer(answer);
    const begun = performance.now();
    await trip(gateway);
    const tookMs = performance.now() - begun;
    await until(() => ends.slack.arrived.length > 0);
    // While it is out nobody else waits for it either.
    const pausing = performance.now();
    await pause(gateway, "writer");
    expect(performance.now() - pausing).toBeLessThan(TOLD_MS);
    expect(tookMs).toBeLessThan(TOLD_MS);
    expect((await stateOf(gateway, "chat")).pending).toBeGreaterThan(0);
    ends.slack.answer(null);
    await until(() => ends.slack.received.length === 2);
    await until(async () => (await stateOf(gateway, "chat")).pending === 0);
    const told = ends.slack.received.map(({ shown }) => shown.slice(0, 20)).toSorted();
    expect(told).toEqual(["The clutch of worker", "writer is paused. a "]);
  },
  60_000,
);

test.each([
  ["at once", 0],
  ["while its far end is away", 1_500],
])("a gateway killed after a trip, %s, tells of it when it is back, once", async (_, waitMs) => {
  const config = folderWith(ends, { pager: hookOf(ends) });
  const gateway = await startGateway({ config });
  ends.hook.answer({ status: 503 });
  await pause(gateway);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  await gateway.stop("SIGKILL");
  ends.hook.answer(null);
  const again = await startGateway({ config, data: gateway.dataFolder });
  gateways.push(again);
  await until(() => ends.hook.received.length === 1);
  await until(async () => (await stateOf(again, "pager")).sent === 1);
  await pause(again, "writer");
  await until(() => ends.hook.received.length === 2);
  expect(ends.hook.received.map(({ data }) => data.agent)).toEqual(["worker", "writer"]);
  await forget({ ...gateway, dataFolder: gateway.configFolder });
});

test("a reload changes who is told of what happens from then on", async () => {
  const gateway = await start({ pager: hookOf(ends, { agents: ["writer"] }) });
  await pause(gateway);
  await pause(gateway, "writer");
  await until(() => ends.hook.received.length === 1);
  const notifiers = { chat: slackOf(ends, { on: ["pause"], labels: { team: "sales" } }) };
  await writeFolder(folderWith(ends, notifiers), gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  for (const agent of ["worker", "writer"]) {
    expect((await gateway.cli("agents", "resume", agent, "--reason", "fine")).code).toBe(0);
  }
  await until(() => ends.slack.received.length === 1);
  expect(ends.slack.received[0]?.shown).toContain("writer: the review of its pause is closed");
  expect(ends.hook.received.map(({ data }) => data.agent)).toEqual(["writer"]);
});

test("a link opens its review for a week, and nothing else does", async () => {
  const gateway = await start({ pager: hookOf(ends) });
  await pause(gateway);
  await until(() => ends.hook.received.length === 1);
  const [event] = ends.hook.received;
  const { subject } = event ?? {};
  const link = new URL(String(event?.data.link));
  expect(Date.parse(String(event?.data.link_expires_at)) - Date.now()).toBeGreaterThan(
    6 * 86_400_000,
  );
  // Nobody is signed in: whoever has the link is led there, and no further.
  const answer = await fetch(link, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([302, `../reviews/${subject}`]);
  expect(new URL(`../reviews/${subject}`, link).pathname).toBe(`/reviews/${subject}`);

  const changed = (change: (url: URL) => void) => {
    const url = new URL(link);
    change(url);
    return fetch(url, { redirect: "manual" });
  };
  for (const change of [
    (url: URL) => url.searchParams.set("expires", "99999999999"),
    (url: URL) => url.searchParams.delete("signature"),
    (url: URL) => url.searchParams.set("signature", "AAAA"),
    (url: URL) => {
      url.pathname = "/r/r-0000000000000000";
    },
  ]) {
    const refused = await changed(change);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: "link.invalid" } });
  }
});

test("the command line lists notifiers and tests them", async () => {
  const gateway = await start({ chat: slackOf(ends), pager: hookOf(ends, { on: ["trip"] }) });
  const good = await gateway.cli("notifiers", "test", "chat");
  expect(good).toMatchObject({ code: 0, out: "chat took it: status 200: ok\n" });
  expect(ends.slack.received[0]?.shown).toContain("A test: local asked whether");
  ends.hook.expect("a-secret-of-somebody-else");
  const bad = await gateway.cli("notifiers", "test", "pager", "--json");
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.out)).toEqual({
    ...{ name: "pager", delivered: false, said: "status 401: no signature by our secret" },
  });
  const none = await gateway.cli("notifiers", "test", "nobody");
  expect(none.code).toBe(1);
  expect(none.err).toContain("There is no notifier nobody.");
  const listed = await gateway.cli("notifiers");
  expect(listed.code).toBe(0);
  expect(listed.out).toMatch(/^notifier +kind +tells of +sent +pending +given up +last error\n/);
  expect(listed.out).toMatch(/\npager +webhook +trip +0 +0 +0 +–\n/);
  expect(listed.out).not.toMatch(/not-a-secret|whsec/);
});

describePostgres("notices over two gateways", (cluster) => {
  test("each is told once, also when the one that tells is killed", async () => {
    const more = { encryption_key: "7a".repeat(32), store: { url: cluster().url, ...SHORT_TIMES } };
    const config = folderWith(ends, { pager: hookOf(ends), chat: slackOf(ends) }, more);
    const both = [await startGateway({ config }), await startGateway({ config })] as const;
    gateways.push(...both);
    const [one, two] = both;
    await pause(one);
    await pause(two, "writer");
    await until(() => ends.hook.received.length === 2 && ends.slack.received.length === 2);
    // Until the store knows that it was sent, it is sent again by whoever comes after.
    for (const name of ["pager", "chat"]) {
      await until(async () => (await stateOf(two, name)).sent === 2);
    }
    // Each alone has a notifier; who that is, is over with its process.
    await one.stop("SIGKILL");
    expect((await two.cli("agents", "resume", "worker", "--reason", "fine")).code).toBe(0);
    await until(() => ends.hook.received.length === 3 && ends.slack.received.length === 3);
    await until(async () => (await stateOf(two, "chat")).pending === 0);
    expect(ends.hook.received.filter(({ isCopy }) => isCopy)).toEqual([]);
    expect(ends.slack.received).toHaveLength(3);
    // Whichever signed it: the key is the store's.
    const link = String(ends.hook.received[0]?.data.link);
    const { pathname, search } = new URL(link);
    const opened = await fetch(two.controlUrl + pathname + search, { redirect: "manual" });
    expect(opened.status).toBe(302);
  }, 60_000);
});
