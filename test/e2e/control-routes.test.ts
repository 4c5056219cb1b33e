/**
 * Every route of the control plane at a real gateway: it answers what the document says, and each
 * that changes something leaves exactly one entry with who did it, and why where that is asked for.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { ROUTES } from "../../src/control/routes/index.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { checkAnswer } from "../support/api-document.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { type Cloud, cloud, cloudFolder, create } from "./commitments-world.ts";

const MODEL = "simulated-small";
const CHAT = "/v1/chat/completions";
const ALICE = "alice";
const WHY = "because of the test";

let server: Cloud;
let upstream: SimulatedUpstream;
let gateway: TestGateway;
let token: string;
/** What was there before: names for the parameters of paths. */
const ids: Record<string, string> = {};

function folder(limit: number) {
  const provider = { api_key: "not-a-key", prices_of: "simulated", models: [MODEL] };
  const gpt = { kind: "openai", base_url: `${upstream.url}/v1`, ...provider };
  const budgets = [{ name: "all", limit_usd: limit, window: "lifetime" }];
  const parking = { hold_for: "0s" };
  const breakers = [{ name: "tool-surge", enabled: false }];
  const files = cloudFolder(server.url, {
    budgets,
    more: { providers: { gpt }, parking, breakers },
  });
  const agent = files["agents/optimizer.yaml"];
  return { ...files, "agents/optimizer.yaml": { ...agent, models: [MODEL] } };
}

const chat = () => {
  const messages = [{ role: "user", content: "Hello" }];
  return gateway.call(CHAT, { model: MODEL, max_tokens: 9, messages });
};

beforeAll(async () => {
  server = await cloud();
  upstream = await simulatedUpstream({ clock: systemClock });
  const data = await mkdtemp(join(tmpdir(), "slipclutch-routes-"));
  const config = folder(100);
  const first = await startGateway({ config, data });
  gateway = first;
  expect((await chat()).status).toBe(200);
  await first.stop("SIGKILL");
  const second = await startGateway({ config, data });
  const { agentKey } = first;
  gateway = {
    ...second,
    // There were keys before: none is told again.
    call: (path, body, headers) =>
      second.call(path, body, { authorization: `Bearer ${agentKey}`, ...headers }),
  };
  const made = await gateway.api("POST", "/api/v1/keys", { operator: ALICE, role: "admin" });
  token = ((await made.json()) as { key: string }).key;
  await scene();
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await upstream.close();
  await server.close();
});

async function read<Answer>(path: string): Promise<Answer> {
  return (await (await gateway.api("GET", path)).json()) as Answer;
}

/** One of everything that a route can be about. */
async function scene(): Promise<void> {
  ids.decision = (await create(gateway)).decision;
  upstream.control(() => ({ kind: "script", overbill: 50 }));
  await chat();
  upstream.control(null);
  const [forfeit] = (await read<{ forfeits: { holder: string }[] }>("/api/v1/forfeits")).forfeits;
  ids.holder = forfeit?.holder ?? "";
  const opened = await gateway.call("/guard/v1/tasks", { name: "t-1" });
  ids.task = ((await opened.json()) as { task: string }).task;
  const key = await gateway.api("POST", "/api/v1/keys", { agent: "optimizer" });
  ids.key = ((await key.json()) as { id: string }).id;
  // The same call again and again, with the same result, is a trip.
  for (let call = 0; call < 12; call += 1) {
    const path = "/guard/v1/tools/delete_service/call";
    await gateway.call(path, { arguments: { service_id: "none" } });
  }
  const [review] = await read<{ id: string }[]>("/api/v1/reviews?state=open");
  ids.review = review?.id ?? "";
  const { calls } = await read<{ calls: { call: string }[] }>(`/api/v1/reviews/${ids.review}`);
  ids.call = calls[0]?.call ?? "";
  ids.incident = ids.review.replace("r-", "i-");
}

/** As a named operator; the answer is held to the document. */
async function asAlice(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(gateway.controlUrl + path, { method, headers, ...sent });
  await checkAnswer(method, path, answer);
  return answer;
}

interface Change {
  readonly path: () => string;
  readonly body?: (() => Promise<object> | object) | null;
  readonly kind: string;
  /** False: what says enough by itself is not asked why. */
  readonly why: boolean;
  readonly before?: () => Promise<unknown>;
}

const versionOf = async () =>
  (await read<{ version: number }>(`/api/v1/reviews/${ids.review}`)).version;

/** Every route that changes something, in an order in which each can. */
const CHANGES: Readonly<Record<string, Change>> = {
  "POST /api/v1/incidents/:id/notes": {
    path: () => `/api/v1/incidents/${ids.incident}/notes`,
    ...{ body: () => ({ text: WHY }), kind: "incident.noted", why: false },
  },
  "POST /api/v1/reviews/:id/decision": {
    path: () => `/api/v1/reviews/${ids.review}/decision`,
    body: async () => ({ version: await versionOf(), decision: "resume", reason: WHY }),
    ...{ kind: "review.decided", why: true },
  },
  "POST /api/v1/agents/pause": {
    path: () => "/api/v1/agents/pause",
    body: () => ({ agents: ["optimizer"], reason: WHY }),
    ...{ kind: "clutch.disengaged", why: true },
  },
  "POST /api/v1/tasks/:agent/:id/end": {
    path: () => `/api/v1/tasks/optimizer/${ids.task}/end`,
    ...{ kind: "task.ended", why: false },
  },
  "POST /api/v1/commitments/:id/end": {
    path: () => `/api/v1/commitments/${ids.decision}/end`,
    ...{ body: () => ({ reason: WHY }), kind: "commitment.ended", why: true },
  },
  "POST /api/v1/overrides": {
    path: () => "/api/v1/overrides",
    body: () => ({ budget: "all", limit: "1000000", reason: WHY }),
    ...{ kind: "budget.raised", why: true },
  },
  "POST /api/v1/forfeits/release": {
    path: () => "/api/v1/forfeits/release",
    body: () => ({ id: "rel-1", holder: ids.holder, without_evidence: true, reason: WHY }),
    ...{ kind: "forfeit.released", why: true },
  },
  "DELETE /api/v1/model-flags/:provider/:model": {
    path: () => `/api/v1/model-flags/gpt/${MODEL}`,
    ...{ body: () => ({ reason: WHY }), kind: "model.cleared", why: true },
  },
  "DELETE /api/v1/tasks/:agent/:id/transcript": {
    path: () => `/api/v1/tasks/optimizer/${ids.task}/transcript`,
    ...{ body: () => ({ reason: WHY }), kind: "transcript.erased", why: true },
  },
  "POST /api/v1/keys": {
    path: () => "/api/v1/keys",
    ...{ body: () => ({ agent: "optimizer" }), kind: "key.created", why: false },
  },
  "DELETE /api/v1/keys/:id": {
    path: () => `/api/v1/keys/${ids.key}`,
    ...{ kind: "key.revoked", why: false },
  },
  "POST /api/v1/reload": {
    path: () => "/api/v1/reload",
    before: () => writeFolder(folder(50), gateway.configFolder),
    ...{ kind: "configuration.changed", why: false },
  },
};

/** They change nothing here: a browser that is signed in, and what somebody else is told. */
const CHANGE_NOTHING = [
  "POST /api/v1/session",
  "DELETE /api/v1/session",
  "POST /api/v1/notifiers/:name/test",
];

/** What stands in paths; what is not named has no parameter. */
const SHOWN: Readonly<Record<string, () => string>> = {
  "/api/v1/decisions/:id": () => `/api/v1/decisions/${ids.decision}`,
  "/api/v1/reviews/:id": () => `/api/v1/reviews/${ids.review}`,
  "/api/v1/reviews/:id/calls/:call": () => `/api/v1/reviews/${ids.review}/calls/${ids.call}`,
  "/api/v1/incidents/:id": () => `/api/v1/incidents/${ids.incident}`,
  "/api/v1/budgets/:budget/history": () => "/api/v1/budgets/all/history",
  "/api/v1/incidents/:id/export": () => `/api/v1/incidents/${ids.incident}/export`,
  "/api/v1/agents/:agent/signals": () => "/api/v1/agents/optimizer/signals",
  "/api/v1/agents/:agent/manifest": () => "/api/v1/agents/optimizer/manifest",
  "/api/v1/inputs": () => "/api/v1/inputs?agent=optimizer",
  "/api/v1/tasks/:agent/:id/transcript": () => `/api/v1/tasks/optimizer/${ids.task}/transcript`,
};

describe("what is read", () => {
  const reading = ROUTES.filter(({ method }) => method === "GET").map(({ path }) => path);

  test.each(reading)("GET %s answers what the document says", async (path) => {
    const asked = SHOWN[path]?.() ?? path;
    // Live events have no end.
    const method = path === "/api/v1/events" ? "HEAD" : "GET";
    expect((await asAlice(method, asked)).status).toBe(200);
  });

  test("and there is something of each kind", async () => {
    for (const [path, name] of [
      ["/api/v1/forfeits", "forfeits"],
      ["/api/v1/model-flags", null],
      ["/api/v1/commitments", null],
      ["/api/v1/incidents", null],
      ["/api/v1/tasks", null],
    ] as const) {
      const answer = await read<Record<string, unknown[]> & unknown[]>(path);
      expect([path, (name === null ? answer : answer[name])?.length]).not.toEqual([path, 0]);
    }
  });
});

describe("what is changed", () => {
  test("is in the table", () => {
    const changing = ROUTES.filter(({ method }) => method !== "GET");
    const names = changing.map(({ method, path }) => `${method} ${path}`);
    expect(names.sort()).toEqual([...Object.keys(CHANGES), ...CHANGE_NOTHING].sort());
  });

  test.each(Object.entries(CHANGES))(
    "%s leaves one entry with who and why",
    async (name, change) => {
      await change.before?.();
      const page = await read<{ next: number | null }>("/api/v1/journal?limit=1");
      const body = await change.body?.();
      const answer = await asAlice(name.split(" ")[0] ?? "", change.path(), body);
      expect([answer.status, await answer.text()]).toEqual([
        name === "POST /api/v1/keys" ? 201 : 200,
        expect.any(String),
      ]);
      const { entries } = await read<{
        entries: { kind: string; event: Record<string, unknown> }[];
      }>(`/api/v1/journal?after=${page.next}&limit=1000`);
      const left = entries.filter(({ event }) => event.by === ALICE);
      expect(left.map(({ kind }) => kind)).toEqual([change.kind]);
      if (change.why) expect(left[0]?.event.reason).toBe(WHY);
      if (change.kind === "incident.noted") expect(left[0]?.event.text).toBe(WHY);
    },
  );
});
