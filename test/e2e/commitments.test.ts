/** What a tool call begins and goes on costing, through a real gateway: from its opening to its end. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseUsd } from "../../src/guards/money.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import {
  books,
  type Cloud,
  cloud,
  cloudFolder,
  create,
  destroy,
  listed,
} from "./commitments-world.ts";

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
  server.creating = "well";
  server.deleting = "well";
});

async function started(
  told: Parameters<typeof cloudFolder>[1] = {},
  data?: string,
): Promise<TestGateway> {
  const config = cloudFolder(server.url, told);
  const gateway = await startGateway({ config, ...(data === undefined ? {} : { data }) });
  ends.push(async () => {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  });
  return gateway;
}

/** What is set aside and what was spent, which time moves from the one to the other. */
async function paid(gateway: TestGateway): Promise<bigint> {
  const { committed_usd = "", spent_usd = "" } = await books(gateway);
  return (parseUsd(committed_usd) ?? 0n) + (parseUsd(spent_usd) ?? 0n);
}

const DOLLAR = 1_000_000_000n;

describe("a tool that goes on costing", () => {
  test("is let through as often as there are places, and ending one frees one", async () => {
    const gateway = await started();
    const answers = [];
    for (let no = 0; no < 8; no += 1) answers.push(await create(gateway));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 403, 403, 403]);
    const ids = answers.slice(0, 5).map(({ json }) => json.result.structuredContent.service_id);
    expect(new Set(ids)).toEqual(server.running);
    expect(answers.at(-1)?.json.error.details).toEqual({
      error_code: "commitment.full",
      facts: {
        ...{ tool: "create_service", active: 5, max_active: 5 },
        ...{ usd_per_hour: "1", horizon_seconds: 3600 },
      },
    });
    expect(await paid(gateway)).toBe(5n * DOLLAR);
    const left = answers[4]?.headers.get("x-slipclutch-budget-remaining-usd");
    expect(parseUsd(left ?? "")).toBeLessThanOrEqual(95n * DOLLAR);

    expect((await destroy(gateway, ids[1])).status).toBe(200);
    // Ending it twice, or what nobody began, frees nothing more.
    await destroy(gateway, ids[1]);
    await destroy(gateway, "svc-nobody-knows");
    expect((await create(gateway)).status).toBe(200);
    expect((await create(gateway)).json.code).toBe("commitment.full");
    expect(await listed(gateway)).toHaveLength(5);
  });

  test("whoever finds no place at the last moment leaves its place among those at once", async () => {
    const tool = { max_concurrent: 2 };
    const gateway = await started({ tool, commitment: { max_active: 1 } });
    for (let round = 0; round < 4; round += 1) {
      const both = await Promise.all([create(gateway), create(gateway)]);
      const codes = both.map(({ json, status }) => (status === 200 ? "200" : json.code));
      expect(codes.sort()).toEqual(["200", "commitment.full"]);
      const made = both.find(({ status }) => status === 200);
      await destroy(gateway, made?.json.result.structuredContent.service_id);
    }
  });

  test("is refused by money with what it goes on costing", async () => {
    const budgets = [{ name: "small", limit_usd: 2.5, window: "lifetime" }];
    const gateway = await started({ budgets });
    expect((await create(gateway)).status).toBe(200);
    expect((await create(gateway)).status).toBe(200);
    const refused = await create(gateway);
    expect(refused.status).toBe(402);
    expect(refused.json.error.details.facts).toMatchObject({
      ...{ budget: "small", limit_usd: "2.5", needed_usd: "1" },
      ...{ usd_per_hour: "1", max_active: 5, horizon_seconds: 3600 },
    });
    expect(await paid(gateway)).toBe(2n * DOLLAR);
    const headers = { authorization: `Bearer ${gateway.agentKey}` };
    const seen = await fetch(`${gateway.agentUrl}/guard/v1/budgets`, { headers });
    const { budgets: told } = (await seen.json()) as { budgets: Record<string, string>[] };
    expect(parseUsd(told[0]?.committed_usd ?? "")).toBeLessThanOrEqual(2n * DOLLAR);
    expect(parseUsd(told[0]?.remaining_usd ?? "")).toBe(DOLLAR / 2n);
  });

  test("is nothing where the tool says that it failed", async () => {
    const gateway = await started();
    server.creating = "fails";
    const failed = await create(gateway);
    expect(failed.json.result.isError).toBe(true);
    expect(await listed(gateway)).toEqual([]);
    expect(await paid(gateway)).toBe(0n);
    const [ended] = await listed(gateway, "?all=true");
    expect(ended).toMatchObject({ state: "ended", reason: "the tool says that it failed" });
  });

  test.each([
    ["that answers without an id", "no-id", 200],
    ["whose answer is cut off", "reset", 502],
  ] as const)("%s is charged until a person ends it", async (_name, creating, status) => {
    const gateway = await started();
    server.creating = creating;
    const answer = await create(gateway);
    expect(answer.status).toBe(status);
    await until(() => gateway.log().includes("commitment.unknown"));
    const [row] = await listed(gateway);
    expect(row).toMatchObject({ id: answer.decision, state: "unknown", service: null });
    const shown = await gateway.cli("commitments");
    expect(shown.out).toMatch(/cloud__create_service .* unknown .* 1 .* 24/);
    expect(shown.out).toContain("1 at $1 an hour, $24 a day");
    const metrics = await (await gateway.api("GET", "/metrics")).text();
    expect(metrics).toContain('slipclutch_commitments{agent="optimizer",state="unknown"} 1');
    expect(metrics).toContain('slipclutch_events_total{event="commitment.unknown"} 1');
    const ending = ["commitments", "end", answer.decision, "--reason", "not in the console"];
    expect(await gateway.cli(...ending)).toMatchObject({ code: 0 });
    expect(await listed(gateway)).toEqual([]);
    expect((await books(gateway)).committed_usd).toBe("0");
    const explained = await gateway.cli("explain", answer.decision);
    expect(explained.out).toMatch(
      /guards .*\n(.*\n)* +commitment +allow +\(active 0, max_active 5/,
    );
    expect(explained.out).toContain("set aside: $1 of all");
    expect(explained.out).toContain("(local: not in the console)");
  });

  test("is held through a kill and a restart, and unknown where its call was out", async () => {
    const before = await started();
    const { json } = await create(before);
    server.creating = "never";
    const out = create(before).catch(() => null);
    await until(async () => (await listed(before)).some(({ state }) => state === "opening"));
    await before.stop("SIGKILL");
    await out;
    server.creating = "well";
    const after = await started({}, before.dataFolder);
    const rows = await listed(after);
    expect(rows.map(({ state }) => state)).toEqual(["unknown", "active"]);
    expect(await paid(after)).toBe(2n * DOLLAR);
    const made = await after.api("POST", "/api/v1/keys", { agent: "optimizer" });
    const { key } = (await made.json()) as { key: string };
    const id = json.result.structuredContent.service_id;
    expect((await destroy(after, id, key)).status).toBe(200);
    expect((await listed(after)).map(({ state }) => state)).toEqual(["unknown"]);
  });
});
