/** The fields of the decision log: each entry is looked at where it arrives. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { fakeDecisionReceiver } from "../../src/testing/fake-decision-receiver.ts";
import { fakeLogCollector } from "../../src/testing/fake-log-collector.ts";
import { until } from "./clients-world.ts";
import type { WiringCase } from "./wiring-case.ts";
import type { Json, WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml decision_log.${name}`;

/** One decision of the policy, under these settings. */
async function decided(world: WiringWorld, log: Json): Promise<string> {
  const settings = world.base();
  settings.files = { "policies/t.rego": "package t\n\nyes := true\n" };
  settings.slipclutch.policies = [{ name: "one", query: "data.t.yes", on: "tool" }];
  settings.slipclutch.policy_engine = { timeout: "20s" };
  settings.slipclutch.decision_log = log;
  expect((await world.load(settings)).json.error).toBeUndefined();
  const { decision, status } = await world.tool("echo", { text: "x" });
  expect(status).toBe(200);
  return decision;
}

async function inFile(world: WiringWorld, log: Json): Promise<Json> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "slipclutch-decisions-"));
  const file = path.join(folder, "decisions.jsonl");
  const decision = await decided(world, { file, ...log });
  let entry: Json = null;
  await until(async () => {
    const text = await readFile(file, "utf8").catch(() => "");
    entry = text.split("\n").find((line) => line.includes(decision)) ?? null;
    return entry !== null;
  });
  await rm(folder, { recursive: true });
  return JSON.parse(entry);
}

const TOKEN = "logs-token-of-this-test";
const HEADERS = { "x-tenant": "care" };

interface End<Item> {
  readonly base: string;
  readonly received: readonly Item[];
  readonly arrived: readonly { readonly headers: Readonly<Record<string, unknown>> }[];
}

/** A decision arrives there, under these settings: the last extra header. */
async function arrives<Item>(world: WiringWorld, end: End<Item>, log: Json): Promise<unknown> {
  const before = end.received.length;
  await decided(world, log);
  await until(async () => end.received.length > before);
  return end.arrived.at(-1)?.headers["x-tenant"];
}

/** With an end that is there for one case. */
function at<Made extends End<unknown> & { close(): Promise<void> }>(
  fields: readonly string[],
  open: () => Promise<Made>,
  run: (world: WiringWorld, end: Made) => Promise<void>,
): WiringCase {
  return {
    fields,
    async run(world) {
      const end = await open();
      try {
        await run(world, end);
      } finally {
        // Nothing is to be sent to what is gone.
        await world.load(world.base());
        await end.close();
      }
    },
  };
}

const service = () => fakeDecisionReceiver(TOKEN);
const AWAY = "http://203.0.113.7/opa";

/** Plain http to another machine is refused unless it is said to be meant. */
function heldBack(kind: "http" | "otel"): WiringCase {
  return {
    fields: [field(`${kind}.allow_http`)],
    async run(world) {
      const seen = [];
      for (const more of [{}, { allow_http: true }]) {
        const settings = world.base();
        settings.slipclutch.decision_log = { [kind]: { url: AWAY, ...more } };
        seen.push((await world.load(settings)).json.error === undefined);
      }
      expect(seen).toEqual([false, true]);
      await world.load(world.base());
    },
  };
}

export const DECISION_LOG_CASES: readonly WiringCase[] = [
  {
    fields: [field("file")],
    async run(world) {
      expect(await inFile(world, {})).toMatchObject({
        path: "t/yes",
        result: true,
        requested_by: "worker",
        input: { agent_id: "worker", call: { tool: "echo" } },
      });
    },
  },
  {
    fields: [field("labels")],
    async run(world) {
      expect((await inFile(world, { labels: { site: "north" } })).labels.site).toBe("north");
    },
  },
  at([field("http.url"), field("http.token")], service, async (world, end) => {
    await decided(world, { http: { url: end.base } });
    await until(async () => end.arrived.length > 0);
    expect(end.received).toEqual([]);
    await arrives(world, end, { http: { url: end.base, token: TOKEN } });
  }),
  at([field("http.headers")], service, async (world, end) => {
    const http = { url: end.base, token: TOKEN, headers: HEADERS };
    expect(await arrives(world, end, { http })).toBe("care");
  }),
  at([field("otel.url"), field("otel.headers")], fakeLogCollector, async (world, end) => {
    const otel = { url: end.base, headers: HEADERS };
    expect(await arrives(world, end, { otel })).toBe("care");
  }),
  heldBack("http"),
  heldBack("otel"),
];
