/** What a dead gateway had held, released by an operator. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ForfeitsView, ReleasedView } from "../../src/control/client.ts";
import { amountOf } from "../../src/guards/budget/unit.ts";
import { formatUsd } from "../../src/guards/money.ts";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import {
  billedNano,
  bodyOf,
  booksOf,
  chat,
  count,
  parseNano,
  rails,
  SHORT_TIMES,
  startLoad,
  until,
  upstreamFor,
  verifyJournal,
} from "./gateway-scene.ts";

const CALLERS = 8;
const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function scene(latencyMs: number, limitUsd: number, more = {}) {
  const upstream = await upstreamFor(latencyMs);
  upstreams.push(upstream);
  const config = rails(upstream, { limitUsd, more: { limits: { timeout: "3s" }, ...more } });
  return { upstream, config };
}

const forfeitsOf = async (gateway: TestGateway): Promise<ForfeitsView> =>
  bodyOf(await gateway.api("GET", "/api/v1/forfeits"));

/** Calls until nothing fits any more. */
async function exhaust(gateway: TestGateway, key: string): Promise<void> {
  const load = startLoad(() => gateway, key, CALLERS);
  await until(
    () => count(load.tally, "402 budget.exhausted"),
    (refused) => refused >= CALLERS,
    20_000,
  );
  await load.stop();
}

test("the forfeit of a killed gateway is spendable again, but for what was billed of it", async () => {
  const { config, upstream } = await scene(5, 0.15);
  const data = await mkdtemp(join(tmpdir(), "slipclutch-forfeits-"));
  folders.push(data);
  const first = await startGateway({ config, data });
  gateways.push(first);
  const key = first.agentKey;
  const load = startLoad(() => first, key, CALLERS);
  await until(
    () => count(load.tally, "200"),
    (done) => done >= 60,
  );
  await first.stop("SIGKILL");
  await load.stop();

  const second = await startGateway({ config, data });
  gateways.push(second);
  const { forfeits } = await forfeitsOf(second);
  const [forfeit] = forfeits;
  if (forfeit === undefined || forfeits.length > 1) throw new Error("one budget, one forfeit");
  const before = await booksOf(second);
  expect(parseNano(amountOf(forfeit, "forfeited"))).toBe(before.forfeited);
  expect(forfeit).toMatchObject({ budget: "all", evidence: null });
  expect(forfeit.missing).toMatch(/may still be worked on and billed: wait [123] s/);
  const billed = billedNano(upstream) - before.spent;
  expect(billed).toBeLessThan(before.forfeited);
  const body = { id: "one", holder: forfeit.holder, billed_usd: formatUsd(billed), reason: "bill" };
  const release = () => second.api("POST", "/api/v1/forfeits/release", body);
  const soon = await release();
  expect(soon.status).toBe(409);
  expect(await soon.json()).toMatchObject({ error: { code: "forfeit.unproven" } });

  await exhaust(second, key);
  await until(
    () => forfeitsOf(second),
    (all) => all.forfeits[0]?.evidence === "gone",
  );
  expect((await chat(second, key)).code).toBe("budget.exhausted");
  const done = await bodyOf<ReleasedView>(await release());
  const released = { budget: "all", billed_usd: formatUsd(billed), may_overspend_usd: "0" };
  expect(done).toMatchObject({ already: false, releases: [{ ...released, operator: "local" }] });
  // Whoever was refused a moment ago is let through now.
  expect((await chat(second, key)).status).toBe(200);
  expect(await (await release()).json()).toEqual({ ...done, already: true });
  expect((await booksOf(second)).forfeited).toBe(billed);

  await exhaust(second, key);
  const end = await booksOf(second);
  expect(end.spent + end.forfeited).toBeLessThanOrEqual(end.limit);
  expect(end.spent + end.forfeited).toBe(billedNano(upstream));
  const journal = await second.cli("journal", "--kind", "forfeit.released", "--json");
  expect(JSON.parse(journal.out).event).toMatchObject({
    holder: forfeit.holder,
    evidence: "gone",
    billed_usd: formatUsd(billed),
    releases: [{ budget: "all", amount_usd: formatUsd(before.forfeited - billed) }],
    by: "local",
  });
  expect(await verifyJournal(second)).toMatchObject({ ok: true });
}, 60_000);

describePostgres("on PostgreSQL", (cluster) => {
  test("a gateway that is only stopped is not released but by force, and settles late all the same", async () => {
    const { config, upstream } = await scene(600, 0.2, { store: SHORT_TIMES });
    await cluster().query("CREATE DATABASE forfeits");
    const store = cluster().url.replace("///postgres?", "///forfeits?");
    const first = await startGateway({ config, store });
    const second = await startGateway({ config, store });
    gateways.push(first, second);
    const inFlight = chat(first, first.agentKey);
    await until(
      () => upstream.received(),
      (received) => received === 1,
    );
    first.process.kill("SIGSTOP");
    const { forfeits } = await until(
      () => forfeitsOf(second),
      (all) => all.forfeits.length > 0,
    );
    const holder = forfeits[0]?.holder ?? "";
    const reason = ["--reason", "cannot wait"];
    const refused = await second.cli(
      "forfeits",
      "release",
      "--holder",
      holder,
      "--billed-usd",
      "0",
      ...reason,
    );
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("nothing here proves that its process is gone");
    const held = (await booksOf(second)).forfeited;
    const how = ["--holder", holder, "--without-evidence", ...reason];
    const forced = await second.cli("forfeits", "release", ...how);
    const usd = formatUsd(held);
    expect(forced.out).toBe(
      `all: $${usd} released, still charged: $0. It may be overspent by $${usd}.\n`,
    );
    expect((await booksOf(second)).forfeited).toBe(0n);
    expect(second.log()).toContain("forfeit.released");
    const metrics = await (await second.api("GET", "/metrics")).text();
    const name = "slipclutch_forfeits_released_usd_total";
    expect(metrics).toContain(`${name}{budget="all",evidence="none"} ${usd}\n`);

    first.process.kill("SIGCONT");
    expect((await inFlight).status).toBe(200);
    const books = await until(
      () => booksOf(second),
      ({ spent }) => spent > 0n,
    );
    expect(books.spent).toBe(billedNano(upstream));
    expect(books.forfeited).toBe(0n);
  }, 60_000);

  test("a process of this machine that is gone is evidence, for whichever gateway is asked", async () => {
    const { config } = await scene(0, 0.2, { store: SHORT_TIMES, limits: { timeout: "1s" } });
    await cluster().query("CREATE DATABASE forfeits_gone");
    const store = cluster().url.replace("///postgres?", "///forfeits_gone?");
    const first = await startGateway({ config, store });
    const second = await startGateway({ config, store });
    gateways.push(first, second);
    expect((await chat(first, first.agentKey)).status).toBe(200);
    await first.stop("SIGKILL");
    const { forfeits } = await until(
      () => forfeitsOf(second),
      (all) => all.forfeits[0]?.evidence === "gone",
      15_000,
    );
    const holder = forfeits[0]?.holder ?? "";
    const how = ["--holder", holder, "--billed-usd", "0.001", "--reason", "r", "--json"];
    const released = await second.cli("forfeits", "release", ...how);
    expect(JSON.parse(released.out)).toMatchObject({ releases: [{ evidence: "gone" }] });
    expect((await booksOf(second)).forfeited).toBe(1_000_000n);
  }, 60_000);
});
