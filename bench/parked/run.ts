/**
 * `npm run bench -- parked`: what a parked call costs whose client waits, beside a bare server that
 * holds as many; and what becomes of all of them after a `kill -9`.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ask,
  type Gateway,
  keyFor,
  programToRun,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import { memoryOf, startProgram, stopProgram } from "../processes.ts";
import { Report } from "../speed/report.ts";
import { askAll } from "./clients.ts";

export interface ParkedOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
}

const CALLS = 10_000;
const QUICK_CALLS = 100;
const BAR_BYTES = 8 * 1024;
const AGENT = "waiting";
const TOOL_PATH = "/guard/v1/tools/work/call";
/** Of the garbage of arriving, most goes by itself meanwhile. */
const SETTLE_MS = 10_000;
const QUICK_SETTLE_MS = 1_000;
const WARM_CALLS = 200;
const LOOK_MS = 500;
/** Calls are let go one every 50 ms. */
const PACE_MS = 50;
const SLACK_MS = 120_000;
const HERE = path.dirname(import.meta.dirname);

interface ReviewView {
  readonly id: string;
  readonly version: number;
  readonly parked: number;
}

export async function parked({ json, quick, source }: ParkedOptions): Promise<number> {
  const report = new Report(json);
  const count = quick ? QUICK_CALLS : CALLS;
  const settleMs = quick ? QUICK_SETTLE_MS : SETTLE_MS;
  report.number("calls", count, "");
  const bare = await bareBytes(count, settleMs);
  report.number("bare_bytes_a_call", bare, "B");
  const tools = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "tool-server.ts")],
  });
  const where = {
    main: programToRun(source),
    configFolder: writeFolder(configOf(tools.ready.url)),
    dataFolder: temporaryFolder(),
    store: null,
  };
  let gateway = await startGateway(where);
  try {
    const key = await keyFor(gateway, AGENT);
    await warm(gateway, key);
    await fetch(`${tools.ready.url}/reset`, { method: "POST" });
    const bytes = await heldBytes(gateway, key, { count, settleMs });
    report.number("gateway_bytes_a_call", bytes, "B");
    report.barred("over_bare_bytes_a_call", bytes - bare, BAR_BYTES, "B");
    await stopGateway(gateway, "SIGKILL");
    gateway = await startGateway(where);
    const review = await openReview(gateway);
    report.number("parked_after_kill", review.parked, "");
    await resume(gateway, review);
    const ran = await allRan(tools.ready.url, count, settleMs);
    report.number("ran_after_resume", ran.distinct, "");
    report.number("ran_twice", ran.calls - ran.distinct, "");
    report.end();
    return review.parked === count && ran.distinct === count && ran.calls === count ? 0 : 1;
  } finally {
    await stopGateway(gateway);
    await stopProgram(tools);
  }
}

async function bareBytes(count: number, settleMs: number): Promise<number> {
  const bare = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "parked", "bare-holder.ts")],
  });
  try {
    const before = memoryOf(bare.pid).now;
    const clients = await askAll(count, { url: bare.ready.url, headers: {} });
    await until(async () => {
      const { held } = (await (await fetch(bare.ready.url)).json()) as { held: number }; // ours
      return held === count;
    }, settleMs + SLACK_MS);
    await sleep(settleMs);
    const bytes = (memoryOf(bare.pid).now - before) / count;
    clients.leave();
    return bytes;
  } finally {
    await stopProgram(bare);
  }
}

/** Its first calls cost more than any that follow. */
async function warm(gateway: Gateway, key: string): Promise<void> {
  for (let no = 0; no < WARM_CALLS; no += 1) {
    const answer = await fetch(gateway.agentUrl + TOOL_PATH, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ arguments: { warm: no } }),
    });
    if (!answer.ok) throw new Error(`a warm call was answered ${answer.status}`);
    await answer.arrayBuffer();
  }
}

async function heldBytes(
  gateway: Gateway,
  key: string,
  { count, settleMs }: { readonly count: number; readonly settleMs: number },
): Promise<number> {
  await ask(gateway, "POST", "/api/v1/agents/pause", { agents: [AGENT], reason: "benchmark" });
  // The first list of the store starts a thread that reads: it is there with no call as with all.
  await openReview(gateway);
  await sleep(settleMs);
  const before = memoryOf(gateway.program.pid).now;
  const headers = { authorization: `Bearer ${key}` };
  const clients = askAll(count, { url: gateway.agentUrl + TOOL_PATH, headers });
  await until(async () => (await openReview(gateway)).parked === count, count + SLACK_MS);
  await clients;
  await sleep(settleMs);
  // They stay until the gateway is killed.
  return (memoryOf(gateway.program.pid).now - before) / count;
}

async function openReview(gateway: Gateway): Promise<ReviewView> {
  const [review] = await ask<readonly ReviewView[]>(
    gateway,
    "GET",
    "/api/v1/reviews?state=open&limit=1",
  );
  if (review === undefined) throw new Error("no review is open");
  return review;
}

async function resume(gateway: Gateway, { id, version }: ReviewView): Promise<void> {
  const body = { version, decision: "resume", reason: "benchmark" };
  await ask(gateway, "POST", `/api/v1/reviews/${id}/decision`, body);
}

/** Nobody waits for them any more: tool calls run by themselves. */
async function allRan(
  url: string,
  count: number,
  settleMs: number,
): Promise<{ readonly calls: number; readonly distinct: number }> {
  let ran = { calls: 0, distinct: 0 };
  await until(
    async () => {
      ran = (await (await fetch(`${url}/counts`)).json()) as typeof ran; // ours
      return ran.distinct >= count;
    },
    count * PACE_MS + SLACK_MS,
  ).catch(() => undefined);
  // Whatever would come twice has time to come.
  await sleep(settleMs);
  return (await (await fetch(`${url}/counts`)).json()) as typeof ran; // ours
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("it did not come to that in time");
    await sleep(LOOK_MS);
  }
}

function configOf(tools: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: { simulated: { kind: "simulated" } },
      tool_servers: {
        desk: { kind: "mcp", url: `${tools}/mcp`, tools: { work: { effect: "read" } } },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 1_000_000, window: "month" }],
      breakers: [
        { name: "tool-surge", enabled: false },
        { name: "stuck", enabled: false },
      ],
      // A quarter of what it takes may be those of one agent.
      limits: { calls_in_flight_max: 4 * CALLS + 1_000 },
      parking: { hold_for: "9m", max_calls_per_task: CALLS },
    },
    [`agents/${AGENT}.yaml`]: {
      ...{ version: 1, agent: AGENT, uncapped: true },
      allowed_tools: [{ tool_name: "work" }],
    },
  };
}
