/** What a gateway had held that died: a person releases it, with evidence or in spite of it. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { part } from "../support/parts.ts";
import { violations } from "./axe.ts";
import { Viewers, type World } from "./world.ts";

const chromium = part("chromium");
const CHAT = "/v1/chat/completions";
const MESSAGE = { model: "simulated-small", messages: [{ role: "user", content: "Hello" }] };

interface Forfeit {
  readonly budget: string;
  readonly forfeited_usd: string;
  readonly evidence: string | null;
}

interface Release {
  readonly evidence: string;
  readonly billed_usd: string;
  readonly reason: string;
  readonly operator: string;
}

/** Of a call, and of a `timeout` after which no provider works on it any more. */
function configOf(timeout: string): object {
  return {
    "agents/support.yaml": { version: 1, agent: "support", models: ["simulated-small"] },
    "slipclutch.yaml": {
      version: 1,
      providers: { simulated: { kind: "simulated" } },
      limits: { timeout },
      budgets: [{ name: "acme", limit_usd: 100, window: "month" }],
    },
  };
}

describe.skipIf(!chromium.available)(`a forfeit (${chromium.sentence})`, () => {
  let viewers: Viewers;
  const gateways: TestGateway[] = [];

  beforeAll(async () => {
    viewers = await Viewers.start();
  });

  afterAll(async () => {
    await viewers?.end();
    for (const gateway of gateways) {
      await gateway.stop("SIGKILL");
      await forget(gateway);
    }
  });

  /** A gateway on what another one left that was killed after a call. */
  async function afterDeath(timeout: string): Promise<TestGateway> {
    const config = { ...configOf(timeout) };
    const first = await startGateway({ config });
    expect((await first.call(CHAT, MESSAGE)).status).toBe(200);
    await first.stop("SIGKILL");
    const gateway = await startGateway({ config, data: first.dataFolder });
    gateways.push(gateway);
    return gateway;
  }

  async function forfeitsOf(gateway: TestGateway) {
    const answer = await gateway.api("GET", "/api/v1/forfeits");
    return (await answer.json()) as { forfeits: Forfeit[]; releases: Release[] };
  }

  async function opened(gateway: TestGateway, amount: string): Promise<Page> {
    // `as`: of a world only its gateway is looked at.
    const page = await viewers.page({ gateway } as World, "/budgets");
    await page.getByRole("button", { name: `Release ${amount}` }).click();
    return page;
  }

  test("with evidence is released but for what was billed, with a reason", async () => {
    const gateway = await afterDeath("1s");
    const [forfeit] = (
      await until(
        () => forfeitsOf(gateway),
        ({ forfeits }) => forfeits[0]?.evidence === "gone",
      )
    ).forfeits;
    const held = Number(forfeit?.forfeited_usd);
    expect(held).toBeGreaterThan(0.001);
    const page = await opened(gateway, "");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("its process is gone").waitFor();
    await dialog.getByText("nothing beyond a cap, if the bill is right").waitFor();
    expect(await violations(page)).toEqual([]);
    const press = dialog.getByRole("button", { name: /^Release \$/ });
    expect(await press.isDisabled()).toBe(true);
    await dialog.getByLabel("Billed").fill(String(held + 1));
    await dialog.getByLabel("Reason").fill("usage page of today");
    await dialog.getByText("has to be an amount below what is charged").waitFor();
    expect(await press.isDisabled()).toBe(true);
    await dialog.getByLabel("Billed").fill("0.0001");
    await press.click();
    await page.getByText("can be spent again, on 1 account.").waitFor();
    expect(await dialog.count()).toBe(0);
    const { releases } = await forfeitsOf(gateway);
    expect(releases).toMatchObject([
      { evidence: "gone", billed_usd: "0.0001", reason: "usage page of today" },
    ]);
    await page.context().close();
  }, 60_000);

  test("without evidence says what it can cost at most, and wants a second press", async () => {
    const gateway = await afterDeath("10m");
    const [forfeit] = (await forfeitsOf(gateway)).forfeits;
    expect(forfeit?.evidence).toBeNull();
    const page = await opened(gateway, "");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/^at most \$[\d.]+ beyond a cap$/).waitFor();
    await dialog.getByLabel("Billed").fill("0");
    await dialog.getByRole("button", { name: "Its container is gone" }).click();
    await dialog.getByRole("button", { name: /without evidence$/ }).click();
    const again = dialog.getByRole("button", { name: /without evidence, press again$/ });
    await again.waitFor();
    expect((await forfeitsOf(gateway)).releases).toEqual([]);
    // What is changed meanwhile is looked at once more.
    await dialog.getByLabel("Billed").fill("0.0");
    await dialog.getByRole("button", { name: /without evidence$/ }).click();
    await again.click();
    await page.getByText("can be spent again, on 1 account.").waitFor();
    const { forfeits, releases } = await forfeitsOf(gateway);
    expect(forfeits).toEqual([]);
    expect(releases).toMatchObject([{ evidence: "none", reason: "Its container is gone" }]);
    await page.context().close();
  }, 60_000);
});
