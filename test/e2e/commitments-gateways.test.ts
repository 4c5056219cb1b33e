/** 500 calls that each begin something, over several gateways on one PostgreSQL: none too many. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Cluster, describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";
import {
  type Answer,
  type Cloud,
  cloud,
  cloudFolder,
  create,
  destroy,
  listed,
} from "./commitments-world.ts";

const CALLS = 500;
const GATEWAYS = 3;
/** Each time the gateway itself has waited for a moment. */
const ASKED_MAX = 100;
/** Of a machine that does much else. */
const STORM_MS = 90_000;
/** About as short as a loaded machine keeps. */
const SHORT_TIMES = { grace: "2s", expiry: "3100ms" };

let server: Cloud;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await cloud();
});

afterAll(async () => {
  await server.close();
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  server.running.clear();
});

interface Scene {
  readonly gateways: readonly TestGateway[];
  readonly key: string;
}

async function scene(cluster: Cluster, told: Parameters<typeof cloudFolder>[1]): Promise<Scene> {
  await cluster.query("DROP SCHEMA IF EXISTS slipclutch_v1 CASCADE");
  const more = { encryption_key: "7a".repeat(32), store: SHORT_TIMES };
  const config = cloudFolder(server.url, { ...told, more });
  const gateways: TestGateway[] = [];
  for (let no = 0; no < GATEWAYS; no += 1) {
    const gateway = await startGateway({ config, store: cluster.url });
    ends.push(async () => {
      await gateway.stop("SIGKILL");
      await forget(gateway);
    });
    gateways.push(gateway);
  }
  return { gateways, key: gateways[0]?.agentKey ?? "" };
}

function at({ gateways }: Scene, no: number): TestGateway {
  const gateway = gateways[no % gateways.length];
  if (gateway === undefined) throw new Error("there are gateways");
  return gateway;
}

async function storm(of: Scene): Promise<ReadonlyMap<string, number>> {
  const answers = await Promise.all(
    Array.from({ length: CALLS }, (_, no) => settledAnswer(at(of, no), of.key)),
  );
  const codes = new Map<string, number>();
  for (const answer of answers) {
    const code = codeOf(answer);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  return codes;
}

/** Whoever is told that others hold the money for a moment asks again, as every client does. */
async function settledAnswer(gateway: TestGateway, key: string): Promise<Answer> {
  for (let asked = 1; ; asked += 1) {
    const answer = await create(gateway, key);
    if (codeOf(answer) !== "budget.contended" || asked === ASKED_MAX) return answer;
  }
}

function codeOf({ json, status }: Answer): string {
  return status === 200 ? "200" : String(json.code);
}

describePostgres("500 services through several gateways", (cluster) => {
  test(
    "are begun as often as there are places, whoever asks, and ending one frees one",
    async () => {
      const world = await scene(cluster(), { commitment: { max_active: 20 } });
      const codes = await storm(world);
      expect(Object.fromEntries(codes)).toEqual({ "200": 20, "commitment.full": CALLS - 20 });
      expect(server.running.size).toBe(20);
      const rows = await listed(at(world, 0));
      expect(new Set(rows.map(({ service }) => service))).toEqual(server.running);
      const [first = ""] = server.running;
      // Through another gateway than that which began it, whichever that was.
      for (const gateway of world.gateways) await destroy(gateway, first, world.key);
      const again = await Promise.all([0, 1, 2].map((no) => create(at(world, no), world.key)));
      expect(again.map(codeOf).sort()).toEqual(["200", "commitment.full", "commitment.full"]);
      expect(server.running.size).toBe(20);
    },
    STORM_MS,
  );

  test(
    "are begun as often as the budget has horizons, and none is wrongly refused",
    async () => {
      const budgets = [{ name: "some", limit_usd: 12.5, window: "lifetime" }];
      const world = await scene(cluster(), { budgets, commitment: { max_active: 400 } });
      const codes = await storm(world);
      expect(Object.fromEntries(codes)).toEqual({ "200": 12, "budget.exhausted": CALLS - 12 });
      expect(server.running.size).toBe(12);
      const [account] = await cluster().query<{ sum: string; limit_n: string }>(
        `SELECT (spent + leased + forfeited + committed)::text AS sum, limit_n::text
         FROM slipclutch_v1.account`,
      );
      expect(BigInt(account?.sum ?? "")).toBeLessThanOrEqual(BigInt(account?.limit_n ?? ""));
    },
    STORM_MS,
  );

  test(
    "outlive the gateway that began them: what was out is unknown, and the rest goes on",
    async () => {
      const world = await scene(cluster(), { commitment: { max_active: 6 } });
      const [one, two] = [at(world, 0), at(world, 1)];
      const { json } = await create(one, world.key);
      server.creating = "never";
      const out = [create(one, world.key), create(one, world.key)].map((call) => {
        return call.catch(() => null);
      });
      await until(async () => {
        const rows = await listed(two);
        return rows.filter(({ state }) => state === "opening").length === 2;
      });
      await one.stop("SIGKILL");
      await Promise.all(out);
      server.creating = "well";
      await until(async () => {
        const rows = await listed(two);
        return rows.filter(({ state }) => state === "unknown").length === 2;
      }, 20_000);
      const isTold = (gateway: TestGateway) => gateway.log().includes("commitment.unknown");
      await until(() => world.gateways.some(isTold));
      const id = json.result.structuredContent.service_id;
      expect((await destroy(two, id, world.key)).status).toBe(200);
      expect((await listed(two)).map(({ state }) => state)).toEqual(["unknown", "unknown"]);
      // Those two keep their places: four more, and no fifth.
      const more = [0, 1, 2, 3, 4].map(() => create(two, world.key));
      const statuses = (await Promise.all(more)).map(codeOf).sort();
      expect(statuses).toEqual(["200", "200", "200", "200", "commitment.full"]);
    },
    STORM_MS,
  );
});
