/** What a task said is read by a person who asks for it, and by nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { part } from "../support/parts.ts";
import { AGENT, PHONE, signIn, Viewers, type World, world } from "./world.ts";

const chromium = part("chromium");
const TASK = "rec-88413";
/** Nothing of it is to turn the page around or to be taken for a part of it. */
const EVIL = "<img src=x onerror=alert(1)>\u202egnp.exe\u001b[2J";

interface Page {
  readonly entries: readonly { readonly kind: string }[];
}

describe.skipIf(!chromium.available)(`a transcript (${chromium.sentence})`, () => {
  let at: World;
  let viewers: Viewers;

  beforeAll(async () => {
    at = await world(1);
    viewers = await Viewers.start();
    await at.call("evil", { file: EVIL });
    await at.trip(TASK);
  }, 120_000);

  afterAll(async () => {
    await viewers?.end();
    await at?.end();
  });

  const readings = async () => {
    const page = await at.json<Page>("/api/v1/journal?kind=transcript.read&limit=100");
    return page.entries.length;
  };

  test("is read on the page of its task when it is asked for, and not before", async () => {
    const before = await readings();
    const page = await viewers.page(at, `/agents/${AGENT}/tasks/${TASK}`);
    const panel = page.locator("section", { hasText: "Transcript" }).last();
    await panel.getByRole("button", { name: "Read it" }).waitFor();
    expect(await readings()).toBe(before);
    await panel.getByRole("button", { name: "Read it" }).click();
    await panel.getByText('{"file":"rec-88413.wav"}').first().waitFor();
    await panel.getByText("speech.transcribe_audio, allowed").first().waitFor();
    expect(await readings()).toBe(before + 1);
    await page.context().close();
  });

  test("is read on the review of the task that tripped", async () => {
    const [review] = await at.json<readonly { id: string }[]>("/api/v1/reviews");
    const page = await viewers.page(at, `/reviews/${review?.id}`, { size: PHONE });
    await page.getByRole("button", { name: "Read it" }).click();
    await page.locator(".said li").first().waitFor();
    const { clientWidth, scrollWidth } = await page.evaluate(() => document.documentElement);
    expect(scrollWidth).toBe(clientWidth);
    await page.context().close();
  });

  test("shows what means no good as text in its place", async () => {
    const page = await viewers.page(at, `/agents/${AGENT}/tasks/evil`);
    await page.getByRole("button", { name: "Read it" }).click();
    const text = await page.locator(".said").innerText();
    expect(text).toContain("<img src=x onerror=alert(1)>");
    expect(text).not.toMatch(/\u202e/);
    expect(await page.locator(".said img").count()).toBe(0);
    await page.context().close();
  });

  test("is not for a viewer, who is told so", async () => {
    const made = await at.gateway.api("POST", "/api/v1/keys", { operator: "vi", role: "viewer" });
    const { key } = (await made.json()) as { key: string };
    const context = await viewers.context();
    const page = await context.newPage();
    await page.goto(`${at.gateway.controlUrl}/agents/${AGENT}/tasks/${TASK}`);
    await signIn(page, key);
    const button = page.getByRole("button", { name: "Read it" });
    await button.waitFor();
    expect(await button.isDisabled()).toBe(true);
    await page.getByText("operators read what was said").waitFor();
    await context.close();
  });
});
