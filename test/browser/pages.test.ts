/** What must hold of every page: its numbers are the API's, it asks nobody else, all can use it. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { part } from "../support/parts.ts";
import { violations } from "./axe.ts";
import { AGENT, busy, type Look, PHONE, Viewers, visit, type World, world } from "./world.ts";

const chromium = part("chromium");

const LOOKS: Readonly<Record<string, Look>> = {
  "in the light": {},
  "in the dark": { scheme: "dark" },
  "on a phone": { size: PHONE },
  "on a phone in the dark": { size: PHONE, scheme: "dark" },
};

interface Budget {
  readonly name: string;
  readonly scope: string;
  readonly spent_usd?: string;
  readonly remaining_usd?: string;
  readonly forecast: { readonly spent_usd?: string } | null;
  readonly passes_at: string | null;
}

interface OverviewAgent {
  readonly agent: string;
  readonly calls_hour: number;
  readonly spent_today_usd: string;
  readonly closest_breaker: { rule: string; value: number; line: number } | null;
}

describe.skipIf(!chromium.available)(`every page (${chromium.sentence})`, () => {
  let at: World;
  let viewers: Viewers;
  let paths: readonly string[];

  beforeAll(async () => {
    at = await world(8);
    viewers = await Viewers.start();
    paths = await busy(at);
  }, 120_000);

  afterAll(async () => {
    await viewers?.end();
    await at?.end();
  });

  test.each(Object.entries(LOOKS))("is found accessible by axe %s", async (_, look) => {
    const page = await viewers.page(at, "/", look);
    const found: string[] = [];
    for (const path of paths) {
      if (path === "/no-such-page") continue;
      await visit(page, path, at);
      found.push(...(await violations(page)).map((what) => `${path}: ${what}`));
    }
    expect(found).toEqual([]);
    await page.context().close();
  });

  test("asks nothing of another origin, breaks no policy, and throws nothing", async () => {
    const context = await viewers.context();
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && origin !== at.gateway.controlUrl) wrong.push(request.url());
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    await page.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { policyBroken: seen });
      addEventListener("securitypolicyviolation", (event) => {
        seen.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(at.gateway.controlUrl);
    await page.getByLabel("Operator token").fill(at.gateway.operatorToken);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator(".live", { hasText: "Live" }).waitFor();
    for (const path of paths.filter((one) => one !== "/no-such-page")) {
      await visit(page, path, at);
      const broken = await page.evaluate(() => Reflect.get(globalThis, "policyBroken"));
      wrong.push(...(broken as string[]).map((what) => `${path}: ${what}`));
    }
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("has a policy that a script of elsewhere would break", async () => {
    const page = await viewers.page(at, "/");
    const broken = await page.evaluate(() => {
      return new Promise<string>((resolve) => {
        addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
        const script = document.createElement("script");
        script.textContent = "globalThis.ran = true;";
        document.head.append(script);
      });
    });
    expect(broken).toContain("script-src");
    expect(await page.evaluate(() => Reflect.get(globalThis, "ran"))).toBeUndefined();
    await page.context().close();
  });

  test("of budgets shows what the API says, spent never less and left never more", async () => {
    const page = await viewers.page(at, "/budgets");
    const budgets = await at.json<readonly Budget[]>("/api/v1/budgets");
    expect(budgets.length).toBeGreaterThan(3);
    for (const { name, remaining_usd: left, scope, spent_usd: spent } of budgets) {
      if (spent === undefined || left === undefined) continue;
      const row = page
        .locator("tbody tr")
        .filter({ has: page.getByText(name, { exact: true }) })
        .filter({ hasText: scope });
      await row.first().waitFor();
      const cells = await row.first().locator("td").allInnerTexts();
      expect(moneyOf(cells[2] ?? ""), `${name} spent`).toBeGreaterThanOrEqual(Number(spent));
      expect(moneyOf(cells[2] ?? "") - Number(spent), `${name} spent`).toBeLessThan(0.01);
      expect(moneyOf(cells[6] ?? ""), `${name} left`).toBeLessThanOrEqual(Number(left));
      expect(Number(left) - moneyOf(cells[6] ?? ""), `${name} left`).toBeLessThan(0.01);
    }
    await page.context().close();
  });

  test("of budgets shows what a person has raised, by whom and why", async () => {
    const raise = { budget: "acme", limit: "9000", reason: "refunds of ticket 4711" };
    expect((await at.gateway.api("POST", "/api/v1/overrides", raise)).status).toBe(200);
    const page = await viewers.page(at, "/budgets");
    const panel = page.locator(".panel", { hasText: "Raised by a person" });
    await panel.getByText("“refunds of ticket 4711”").waitFor();
    const text = await panel.innerText();
    expect(text).toContain("$9,000");
    expect(text).toContain("$8,000 is configured");
    const withdraw = { budget: "acme", limit: null, reason: "test" };
    expect((await at.gateway.api("POST", "/api/v1/overrides", withdraw)).status).toBe(200);
    await panel.waitFor({ state: "detached" });
    await page.context().close();
  });

  test("of budgets shows the forecast of the API, and when it is over", async () => {
    const page = await viewers.page(at, "/budgets");
    const budgets = await at.json<readonly Budget[]>("/api/v1/budgets");
    for (const { forecast, name, passes_at: passes, scope } of budgets) {
      const row = page
        .locator("tbody tr")
        .filter({ has: page.getByText(name, { exact: true }) })
        .filter({ hasText: scope });
      const text = await row.first().locator(".m-cell").innerText();
      const isOut = text.includes("used up");
      expect(text.includes("over "), name).toBe(passes !== null && !isOut);
      if (forecast?.spent_usd === undefined || passes !== null || isOut) continue;
      const shown = moneyOf(/forecast (\S+)/.exec(text)?.[1] ?? "");
      expect(shown, name).toBeGreaterThanOrEqual(Number(forecast.spent_usd));
      // From $20 on an estimate has no cents.
      const places = shown < 20 ? 0.01 : 1;
      expect(shown - Number(forecast.spent_usd), name).toBeLessThan(places);
    }
    const passers = budgets.filter(({ passes_at: passes }) => passes !== null).length;
    const said = await page.getByText(/before (it resets|they reset)/).count();
    expect(said).toBe(passers > 0 ? 1 : 0);
    await page.context().close();
  });

  test("of budgets shows what the picked one has spent when", async () => {
    const page = await viewers.page(at, "/budgets");
    await page.getByRole("row", { name: /acme/ }).getByRole("link").click();
    const panel = page.getByRole("region", { name: "acme" });
    await panel.getByRole("img", { name: /spent of \$8,000/ }).waitFor();
    await panel.getByText("Show as table").click();
    const { bars } = await at.json<{ bars: readonly { spent_usd: string }[] }>(
      "/api/v1/budgets/acme/history",
    );
    expect(bars.length).toBeGreaterThan(0);
    const cells = await panel.locator("tbody td:nth-child(2)").allInnerTexts();
    expect(cells.map(moneyOf)).toEqual(
      bars.map(({ spent_usd: spent }) => expect.closeTo(Number(spent), 2)),
    );
    expect(new URL(page.url()).search).toBe("?budget=acme&scope=");
    await page.context().close();
  });

  test("the overview counts as the API does", async () => {
    const page = await viewers.page(at, "/");
    await page.locator(".t-over tbody tr").first().waitFor();
    const agents = await at.json<readonly { clutch: string; agent: string }[]>("/api/v1/agents");
    const reviews = await at.json<{ parked: number }[]>("/api/v1/reviews?state=open");
    const overview = await at.json<{ agents: readonly OverviewAgent[] }>("/api/v1/overview");
    const figures = await page.locator(".figs > div dd:nth-of-type(1)").allInnerTexts();
    const engaged = agents.filter(({ clutch }) => clutch === "engaged").length;
    expect(figures[0]).toBe(`${engaged} of ${agents.length}`);
    expect(figures[1]).toBe(`${parkedOf(reviews)} call`);
    expect(await page.locator(".rail .n").innerText()).toContain(String(reviews.length));
    for (const { agent, clutch } of agents) {
      const row = page.locator(".t-over tbody tr").filter({ hasText: agent });
      expect(await row.locator(".badge").innerText()).toBe(capital(clutch));
    }
    for (const { agent, closest_breaker: closest, spent_today_usd: spent } of overview.agents) {
      const row = page.locator(".t-over tbody tr").filter({ hasText: agent });
      const cells = await row.locator("td").allInnerTexts();
      expect(moneyOf(cells[2] ?? ""), `${agent} today`).toBeCloseTo(Number(spent), 2);
      const { line, rule, value } = closest ?? { rule: "idle", value: null, line: null };
      const says = closest === null ? rule : `${rule}, ${value} of ${line}`;
      expect(cells[8], `${agent} breaker`).toBe(says);
    }
    const today = overview.agents.reduce((all, one) => all + Number(one.spent_today_usd), 0);
    expect(moneyOf(figures[2] ?? ""), "spent today").toBeCloseTo(today, 2);
    expect(today).toBeGreaterThan(3);
    const hour = overview.agents.find(({ agent }) => agent === AGENT)?.calls_hour;
    // A call that is held until its client is told to come again is counted too.
    expect(hour).toBeGreaterThanOrEqual(10);
    await page.getByRole("link", { name: `${hour} calls in the last hour` }).waitFor();
    await page.context().close();
  });

  test("a decision is explained from the journal, whose chain is verified", async () => {
    const page = await viewers.page(at, `/journal?agent=${AGENT}&kind=call.settled`);
    await page.getByRole("button", { name: "transcribe_audio" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Why this was decided" });
    await drawer.getByText("Allowed, and settled").waitFor();
    await drawer.getByText("each-agent").waitFor();
    await drawer.getByRole("button", { name: "Close" }).click();
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText(/entries of 1 writer hold together/).waitFor();
    await page.context().close();
  });

  test("an incident is exported as the case that the API has of it", async () => {
    const [incident] = await at.json<readonly { id: string }[]>("/api/v1/incidents");
    const path = `/incidents/${incident?.id}`;
    const page = await viewers.page(at, path);
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export the case" }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe(`${incident?.id}.json`);
    const file = JSON.parse(readFileSync(await download.path(), "utf8"));
    expect(file).toEqual(await at.json(`/api/v1${path}/export`));
    await page.getByText("Exported.").waitFor();
    await page.context().close();
  });

  test("an agent is paused from its page, with a reason", async () => {
    const page = await viewers.page(at, "/agents/lead-enricher");
    await page.getByRole("button", { name: "Pause lead-enricher" }).click();
    const dialog = page.getByRole("dialog", { name: "Pause lead-enricher" });
    const press = dialog.getByRole("button", { name: "Pause lead-enricher" });
    expect(await press.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("before a change");
    await press.click();
    await page.getByRole("link", { name: "Open the review" }).waitFor();
    await page.locator(".head .badge", { hasText: "Disengaged" }).waitFor();
    await page.context().close();
  });

  test("says that it is not live when the gateway is gone, and keeps its numbers", async () => {
    const own = await world(2);
    const page = await viewers.page(own, "/");
    await page.locator(".t-over tbody tr").first().waitFor();
    await own.end();
    await page.getByText(/Not live since \d\d:\d\d:\d\d UTC/).waitFor();
    expect(await page.locator(".t-over tbody tr").count()).toBe(2);
    await page.context().close();
  });
});

function parkedOf(reviews: readonly { readonly parked: number }[]): number {
  return reviews.reduce((all, { parked }) => all + parked, 0);
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function moneyOf(text: string): number {
  return Number(text.replace(/[^\d.]/g, ""));
}
