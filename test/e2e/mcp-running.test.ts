/** What can be said of an MCP call while it runs: how far it has come, and that nobody wants it. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pause } from "../../src/compose/clutches.ts";
import { decideReview } from "../../src/compose/deciding.ts";
import { type Station, type StationHeaders, station } from "../support/station.ts";
import {
  handshake,
  type MadeUp,
  madeUp,
  type Running,
  stateless,
  tool,
  WELL,
} from "./mcp-scene.ts";
import type { Json } from "./wiring-world.ts";

/** Long enough for anything that must not come to have come. */
const SILENCE_MS = 60;

let desk: MadeUp;
let gateway: Station;

beforeEach(async () => {
  desk = madeUp("desk", () => [tool("slow")], null);
  gateway = await station({
    toolServers: [desk],
    tools: { desk: ["slow"] },
    manifest: { allowed_tools: [{ tool_name: "slow", cost: { usd: 1 } }] },
    config: { parking: { hold_for: "150ms" } },
  });
});

afterEach(() => gateway.stop());

/** The call that was written last. */
async function written(count = 1): Promise<Running> {
  await expect.poll(() => desk.running.length, { interval: 2 }).toBe(count);
  return desk.running.at(-1) as Running;
}

interface Asked {
  readonly id?: string | number;
  readonly given?: Json;
  readonly meta?: Json;
  readonly more?: Json;
}

const paramsOf = ({ given = {}, meta, more }: Asked) => ({
  name: "slow",
  arguments: given,
  ...(meta === undefined ? {} : { _meta: meta }),
  ...more,
});

/** Calls the tool in each kind of version. */
const VERSIONS = {
  "2025-11-25": (asked: Asked, headers: StationHeaders = {}) => {
    const body = handshake({ id: asked.id ?? 1, method: "tools/call", params: paramsOf(asked) });
    return gateway.post("/mcp", body, headers);
  },
  "2026-07-28": (asked: Asked, headers: StationHeaders = {}) => {
    const message = stateless({ id: asked.id ?? 1, method: "tools/call", params: paramsOf(asked) });
    return gateway.post("/mcp", message.body, { ...message.headers, ...headers });
  },
};

/** The messages of a stream. */
function events(text: string): Json[] {
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => {
      expect(event).toMatch(/^data: [^\n]*$/);
      return JSON.parse(event.slice("data: ".length));
    });
}

describe.each(Object.entries(VERSIONS))("progress in %s", (_, call) => {
  test("comes as a stream that ends with the answer, from the first of it on", async () => {
    const answer = call({ meta: { progressToken: "mine" } });
    const { end, request } = await written();
    request.progress?.({ progress: 0, total: 3 });
    request.progress?.({ progress: 1.5, total: 3, message: "half" });
    end(WELL);
    const { headers, status, text } = await answer;
    expect([status, headers["content-type"]]).toEqual([200, "text/event-stream"]);
    expect(headers["x-slipclutch-decision"]).toMatch(/^d-/);
    const [first, second, last] = events(text);
    const told = { jsonrpc: "2.0", method: "notifications/progress" };
    expect(first).toEqual({ ...told, params: { progressToken: "mine", progress: 0, total: 3 } });
    expect(second.params).toEqual({
      ...{ progressToken: "mine", progress: 1.5, total: 3 },
      message: "half",
    });
    expect(last).toMatchObject({ id: 1, result: { isError: false } });
  });

  test("that does not grow is not told, nor what comes after the answer", async () => {
    const answer = call({ meta: { progressToken: 7 } });
    const { end, request } = await written();
    for (const progress of [2, 1, 2, Number.NaN, 3]) request.progress?.({ progress });
    end(WELL);
    const { text } = await answer;
    request.progress?.({ progress: 4 });
    const told = events(text)
      .slice(0, -1)
      .map(({ params }) => [params.progressToken, params.progress]);
    expect(told).toEqual([
      [7, 2],
      [7, 3],
    ]);
  });

  test("ends with a refusal as a result, where the tool's server fails after it", async () => {
    const answer = call({ meta: { progressToken: 1 } });
    const { end, request } = await written();
    request.progress?.({ progress: 1 });
    end({ kind: "fault", fault: { kind: "timeout", written: true, message: "late" } });
    expect(events((await answer).text).at(-1)).toMatchObject({
      result: { isError: true, _meta: { "slipclutch/code": "provider.timeout" } },
    });
  });

  test.each<[string, Json, StationHeaders]>([
    ["that did not ask", undefined, {}],
    ["whose token is none", { progressToken: {} }, {}],
    ["that takes no stream", { progressToken: 1 }, { accept: "application/json" }],
    ["that takes nothing", { progressToken: 1 }, { accept: null }],
  ])("is not told to a client %s", async (_what, meta, headers) => {
    const answer = call({ meta }, headers);
    const { end, request } = await written();
    expect(request.progress).toBe(null);
    end(WELL);
    expect((await answer).headers["content-type"]).toBe("application/json");
  });

  test("makes no stream where there is none of it", async () => {
    const answer = call({ meta: { progressToken: 1 } });
    (await written()).end(WELL);
    expect((await answer).headers["content-type"]).toBe("application/json");
  });
});

async function cancel(requestId: unknown, headers: StationHeaders = {}): Promise<void> {
  const body = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } };
  const { status, text } = await gateway.post("/mcp", JSON.stringify(body), headers);
  expect([status, text]).toEqual([202, ""]);
}

/** What was settled, and what it cost; the journal leaves out what is usual. */
const spent = async () => {
  const { store, flusher, holding } = gateway.gateway;
  await flusher.flush(holding.tenure);
  const settled = await store.journal.read({ kind: "call.settled", take: "oldest", limit: 9 });
  const events = settled.map(({ body }) => JSON.parse(body));
  return events.map(({ charged, outcome = "ok" }) => [outcome, charged]);
};

describe.each(Object.entries(VERSIONS))("a cancellation in %s", (_, call) => {
  test("cuts the call that it names, which is charged as one that may have run", async () => {
    const answer = call({ id: "five" });
    const running = await written();
    await cancel("five");
    await expect.poll(() => running.isCut).toBe(true);
    expect(JSON.parse((await answer).text)).toMatchObject({
      id: "five",
      result: { isError: true, _meta: { "slipclutch/code": "provider.unreachable" } },
    });
    expect(await spent()).toEqual([["fault", 1_000_000_000]]);
  });

  test.each([
    ["another id", "6"],
    ["a number for a text", 5],
    ["nothing", undefined],
    ["a list", []],
  ])("of %s cuts nothing", async (_what, id) => {
    const answer = call({ id: "5" });
    const running = await written();
    await cancel(id);
    await sleep(SILENCE_MS);
    expect(running.isCut).toBe(false);
    running.end(WELL);
    expect(JSON.parse((await answer).text)).toMatchObject({ result: { isError: false } });
  });

  test("of another task cuts nothing, and where two have the id neither is cut", async () => {
    const mine = { "x-slipclutch-task": "mine" };
    const answers = [call({ id: 5 }, mine), call({ id: 5, given: { n: 1 } }, mine)];
    await written(2);
    await cancel(5);
    await cancel(5, mine);
    await sleep(SILENCE_MS);
    expect(desk.running.map(({ isCut }) => isCut)).toEqual([false, false]);
    desk.running[0]?.end(WELL);
    await answers[0];
    // Now it is clear which one is meant.
    await cancel(5, mine);
    await expect.poll(() => desk.running[1]?.isCut).toBe(true);
    await answers[1];
  });
});

/** Sends a call, and hangs up once it was written. */
async function hangUp(
  version: keyof typeof VERSIONS,
  before: () => Promise<void> = async () => {},
): Promise<Running> {
  const stop = new AbortController();
  const message = stateless({ method: "tools/call", params: { name: "slow" } });
  const isStateless = version === "2026-07-28";
  const body = isStateless
    ? message.body
    : handshake({ method: "tools/call", params: { name: "slow" } });
  const own = isStateless ? (message.headers as Record<string, string>) : {};
  const headers = { authorization: "Bearer sck_station", ...own };
  const asked = fetch(`${gateway.url}/mcp`, { method: "POST", body, headers, signal: stop.signal });
  await before();
  const running = await written();
  stop.abort();
  await asked.catch(() => {});
  return running;
}

describe("a client that hangs up", () => {
  test("has cancelled its call in 2026-07-28", async () => {
    const running = await hangUp("2026-07-28");
    await expect.poll(() => running.isCut).toBe(true);
    await expect.poll(spent).toEqual([["fault", 1_000_000_000]]);
  });

  test("has not, where its call was parked and goes on: the answer is for whoever comes again", async () => {
    const { store } = gateway.gateway;
    Object.assign(gateway.gateway.rules.configuration.parking, { holdMs: 10_000 });
    await pause(["worker"], "test", "ada", gateway.gateway);
    const running = await hangUp("2026-07-28", async () => {
      await expect.poll(async () => (await store.parking.list({ limit: 9 })).length).toBe(1);
      const [review] = await store.clutch.reviews({ state: "open", limit: 1 });
      if (review === undefined) throw new Error("a pause has a review");
      const { id, version } = review;
      const about = {
        reason: "fine",
        task: null,
        call: null,
        message: null,
        limit: null,
        arguments: null,
      };
      const asked = { review: id, version, decision: "resume", ...about } as const;
      await decideReview(asked, "ada", gateway.gateway);
    });
    await sleep(SILENCE_MS);
    expect(running.isCut).toBe(false);
    running.end(WELL);
    await expect.poll(spent).toEqual([["ok", 1_000_000_000]]);
  });

  test("has not, in the versions before: its call goes on to its end", async () => {
    const running = await hangUp("2025-11-25");
    await sleep(SILENCE_MS);
    expect(running.isCut).toBe(false);
    running.end(WELL);
    await expect.poll(spent).toEqual([["ok", 1_000_000_000]]);
  });
});

describe("what a client of 2026-07-28 is told to say when it comes again", () => {
  const call = VERSIONS["2026-07-28"];
  const held = async (asked: Asked, headers: StationHeaders = {}) => {
    const { status, text } = await call(asked, headers);
    return { status, ...JSON.parse(text) };
  };

  beforeEach(() => pause(["worker"], "test", "ada", gateway.gateway));

  test("is sealed for its call: another call, and a state that was made up, are refused", async () => {
    const { result } = await held({ given: { n: 1 } });
    expect(result).toMatchObject({
      resultType: "input_required",
      requestState: expect.stringMatching(/^[\w-]+$/),
      _meta: { "slipclutch/code": "clutch.parked" },
    });
    expect(Object.keys(result)).not.toContain("inputRequests");
    const { requestState: state } = result;
    const bytes = Buffer.from(state, "base64url");
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    const flipped = bytes.toString("base64url");
    for (const requestState of [flipped, "", "e30", state.slice(4), 1, {}, []]) {
      expect(await held({ given: { n: 1 }, more: { requestState } })).toMatchObject({
        status: 400,
        error: { code: -32_602 },
      });
    }
    expect(await held({ given: { n: 2 }, more: { requestState: state } })).toMatchObject({
      error: { code: -32_602 },
    });
    // In another task it is another call, which is parked for itself.
    const other = { "x-slipclutch-task": "other" };
    expect(await held({ given: { n: 1 }, more: { requestState: state } }, other)).toMatchObject({
      result: { resultType: "input_required" },
    });
    expect((await gateway.gateway.store.parking.list({ limit: 9 })).length).toBe(2);
    expect(desk.running).toEqual([]);
  });

  test("said once more it counts no further, and wins nothing", async () => {
    const first = await held({});
    const more = { requestState: first.result.requestState };
    for (const _ of [1, 2, 3]) {
      expect((await held({ more })).result.resultType).toBe("input_required");
    }
    expect((await gateway.gateway.store.parking.list({ limit: 9 })).length).toBe(1);
  });

  test("is said of a call that waits for an approval too", async () => {
    const allowed = [{ tool_name: "slow", requires_approval: true }];
    const asking = await station({
      toolServers: [desk],
      tools: { desk: ["slow"] },
      manifest: { allowed_tools: allowed },
      config: { parking: { hold_for: "150ms" } },
    });
    const { body, headers } = stateless({ method: "tools/call", params: { name: "slow" } });
    const { text } = await asking.post("/mcp", body, headers);
    expect(JSON.parse(text).result).toMatchObject({
      resultType: "input_required",
      _meta: { "slipclutch/code": "approval.pending" },
    });
    await asking.stop();
  });

  test("is not said to one that was sent away at once, or that nobody holds", async () => {
    gateway.gateway.lot.release();
    expect((await held({})).result).toMatchObject({ resultType: "complete", isError: true });
  });
});
