import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAILURES_MAX } from "../../src/control/access.ts";
import { part } from "../support/parts.ts";
import { signIn, Viewers, type World, world } from "./world.ts";

const chromium = part("chromium");

describe.skipIf(!chromium.available)(`signing in (${chromium.sentence})`, () => {
  let at: World;
  let viewers: Viewers;

  beforeAll(async () => {
    at = await world(1);
    viewers = await Viewers.start();
  });

  afterAll(async () => {
    await viewers?.end();
    await at?.end();
  });

  async function door(): Promise<Page> {
    const page = await (await viewers.context()).newPage();
    await page.goto(`${at.gateway.controlUrl}/budgets`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    return page;
  }

  async function offer(page: Page, token: string): Promise<void> {
    await page.getByLabel("Operator token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  test("the right token leads to the page that was asked for, and no script can read it", async () => {
    const page = await door();
    await signIn(page, at.gateway.operatorToken);
    await page.getByRole("heading", { name: "Budgets" }).waitFor();
    const kept = await page.evaluate(() => {
      return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]);
    });
    expect(kept).not.toContain(at.gateway.operatorToken);
    expect(await page.evaluate(() => document.cookie)).toBe("");
    await page.context().close();
  });

  test("a page that is loaded again is still signed in, and one that signs out is not", async () => {
    const page = await door();
    await signIn(page, at.gateway.operatorToken);
    await page.reload();
    await page.getByRole("heading", { name: "Budgets" }).waitFor();
    await page.getByRole("button", { name: "lo, signed in as local, admin" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.context().close();
  });

  test("a wrong token says so; a tenth one is told how long to wait", async () => {
    const page = await door();
    await offer(page, "sco_wrong");
    await page.getByText("The token is unknown, expired or revoked.").waitFor();
    await offer(page, "sck_an-agent");
    await page.getByText("This is an agent key, and this is the control plane.").waitFor();
    for (let more = 2; more < FAILURES_MAX; more += 1) {
      const answer = page.waitForResponse((response) => response.url().endsWith("/session"));
      await offer(page, `sco_wrong_${more}`);
      expect((await answer).status()).toBe(401);
    }
    await offer(page, "sco_one-too-many");
    await page.getByText(`${FAILURES_MAX} attempts from this address failed.`).waitFor();
    await page.getByRole("button", { name: /Try again in \d+ seconds?/ }).waitFor();
    expect(await page.getByRole("button").isDisabled()).toBe(true);
    await page.context().close();
  });
});
