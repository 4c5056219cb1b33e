/** From the trip to the answer: what a person sees, and what their decision does. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { part } from "../support/parts.ts";
import { violations } from "./axe.ts";
import { AGENT, APPROVED_TOOL, PHONE, Viewers, type World, world } from "./world.ts";

const chromium = part("chromium");
/** From the last call before the trip to the page that shows it. */
const SEEN_MS = 2_000;

interface ReviewRow {
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly parked: number;
}

describe.skipIf(!chromium.available)(`a review (${chromium.sentence})`, () => {
  let at: World;
  let viewers: Viewers;

  beforeAll(async () => {
    viewers = await Viewers.start();
  });
  afterAll(() => viewers?.end());
  beforeEach(async () => {
    at = await world(3);
  });
  afterEach(() => at?.end());

  async function onlyReview(): Promise<ReviewRow> {
    const [row] = await at.json<readonly ReviewRow[]>("/api/v1/reviews");
    if (row === undefined) throw new Error("no review was opened");
    return row;
  }

  /** Once there is one. */
  async function onlyOpen(): Promise<ReviewRow> {
    const open = () => at.json<readonly ReviewRow[]>("/api/v1/reviews?state=open");
    await expect.poll(async () => (await open()).length).toBe(1);
    const [row] = await open();
    if (row === undefined) throw new Error("no review is open");
    return row;
  }

  /** Calls of this task are parked, each with its client on the line. */
  async function held(...tasks: readonly string[]): Promise<Promise<Response | null>[]> {
    // Those that nobody lets go lose their connection at the end of their test.
    const calls = tasks.map((task) =>
      at.call(task, { file: `${task}-again.wav` }).catch(() => null),
    );
    await expect.poll(async () => (await onlyReview()).parked).toBe(tasks.length);
    return calls;
  }

  async function open(page: Page): Promise<void> {
    await page
      .getByRole("link", { name: /^Review:/ })
      .first()
      .click();
    await page.getByRole("heading", { name: "Decide" }).waitFor();
  }

  test("is on the overview and in the queue within two seconds of the trip", async () => {
    const overview = await viewers.page(at, "/");
    const queue = await viewers.page(at, "/reviews");
    await overview.getByText("Nothing waits for a person.").waitFor();
    await at.trip();
    const since = performance.now();
    await Promise.all(
      [overview, queue].map((page) => {
        return page.getByRole("link", { name: `${AGENT} was stopped`, exact: true }).waitFor();
      }),
    );
    const seenMs = performance.now() - since;
    expect(seenMs).toBeLessThan(SEEN_MS);
    await expect.poll(() => overview.locator(".rail .n").innerText()).toContain("1");
    await overview.context().close();
    await queue.context().close();
  });

  test("resumed by keyboard alone, and the call that was held is answered 200", async () => {
    await at.trip();
    const [call] = await held("rec-88413");
    const page = await viewers.page(at, "/reviews");
    await page.getByRole("link", { name: /^Review:/ }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Decide" }).waitFor();
    await page.keyboard.press("r");
    expect(await page.getByLabel("Resume all").isChecked()).toBe(true);
    await expect.poll(() => focusedName(page)).toBe("reason");
    expect(await page.getByRole("textbox", { name: /Reason/ }).inputValue()).toBe("");
    await page.keyboard.type("provider is well again");
    await page.keyboard.press("Control+Enter");
    await page.getByText(`${AGENT} goes on.`).waitFor();
    expect((await call)?.status).toBe(200);
    await page.getByRole("heading", { name: "Decided", exact: true }).waitFor();
    await page.getByText("“provider is well again”").waitFor();
    expect((await onlyReview()).state).toBe("closed");
    await page.context().close();
  });

  test("is not decided without a reason, and a letter decides nothing", async () => {
    await at.trip();
    await held("rec-88413");
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("r");
    await page.keyboard.press("Control+Enter");
    expect(await page.locator("button[type=submit]").isDisabled()).toBe(true);
    expect(await onlyReview()).toMatchObject({ state: "open", version: 0 });
    await page.context().close();
  });

  test("asks a second time before a task is ended", async () => {
    await at.trip();
    const [call] = await held("rec-88413");
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("e");
    await page.getByRole("textbox", { name: /Reason/ }).fill("it will not stop");
    const press = page.locator("button[type=submit]");
    await press.click();
    await page.getByRole("button", { name: /press again/ }).waitFor();
    expect((await onlyReview()).version).toBe(0);
    await press.click();
    await page.getByText("rec-88413 has ended.").waitFor();
    expect((await call)?.status).toBe(403);
    await page.context().close();
  });

  test("that somebody else decides meanwhile is shown as theirs, and nothing is sent", async () => {
    await at.trip();
    await held("rec-88413");
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("r");
    await page.getByRole("textbox", { name: /Reason/ }).fill("all well");
    const { id, version } = await onlyReview();
    const theirs = { version, decision: "probe", task: "rec-88413", reason: "one at a time" };
    expect((await at.gateway.api("POST", `/api/v1/reviews/${id}/decision`, theirs)).status).toBe(
      200,
    );
    await page.getByText("This review has changed since you began.").waitFor();
    await page.keyboard.press("Control+Enter");
    await page.getByText("one at a time").waitFor();
    expect((await onlyReview()).version).toBe(version + 1);
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("button", { name: /^Resume all/ }).waitFor();
    await page.context().close();
  });

  test("of an approval shows the exact arguments, and lets the call go once", async () => {
    const words = { customer: 88_213, amount: "1240.00" };
    const call = at.call("refund-1", words, APPROVED_TOOL);
    const page = await viewers.page(at, "/");
    await page.getByRole("link", { name: `${AGENT} asks for an approval`, exact: true }).waitFor();
    await open(page);
    expect(JSON.parse(await page.locator("pre").innerText())).toEqual(words);
    expect(await page.locator("button[type=submit]").isDisabled()).toBe(true);
    await page.keyboard.press("a");
    await expect.poll(() => focusedName(page)).toBe("reason");
    await page.keyboard.type("asked its owner");
    await page.keyboard.press("Control+Enter");
    await page.getByText("The call goes out, once.").waitFor();
    expect((await call).status).toBe(200);
    await page.context().close();
  });

  test("of a model's call shows why, the request, and no way to edit it", async () => {
    const request = {
      max_tokens: 3_000,
      messages: [
        { role: "system", content: "You write minutes of calls." },
        { role: "user", content: "Write all of it down,\nword by word." },
      ],
      tools: [{ type: "function", function: { name: "transcribe_audio" } }],
    };
    const call = at.ask("minutes-7", request);
    const page = await viewers.page(at, "/");
    await open(page);
    const why = page.getByRole("region", { name: "Why a person is asked" });
    expect(await why.getByRole("listitem").allInnerTexts()).toEqual([
      "An answer of up to 3000 tokens costs more than usual for this agent.",
      "Long answers are approved by the team lead.",
    ]);
    const asked = page.getByRole("region", { name: "It asks a model" });
    const facts = (await asked.locator("dl").innerText()).split("\n");
    for (const text of ["simulated-small", "3,000 tokens", "2", "transcribe_audio", "minutes-7"]) {
      expect(facts).toContain(text);
    }
    const last = asked.getByRole("region", { name: "The last message" });
    expect(await last.innerText()).toBe("Write all of it down,\nword by word.");
    const whole = asked.getByRole("region", { name: "The request to simulated-small" });
    expect(JSON.parse(await whole.innerText())).toEqual({ model: "simulated-small", ...request });
    await page.getByText("Of no earlier approval of this model anything is known.").waitFor();
    expect(await page.getByRole("radio").count()).toBe(2);
    expect(await page.locator("body").innerText()).not.toContain("undefined");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("c");
    expect(await page.getByRole("radio", { checked: true }).count()).toBe(0);
    await page.keyboard.press("a");
    await expect.poll(() => focusedName(page)).toBe("reason");
    await page.keyboard.type("it is for the record");
    await page.keyboard.press("Control+Enter");
    await page.getByText("The call goes out, once.").waitFor();
    expect((await call).status).toBe(200);
    await page.context().close();
  });

  test("of an approval shows what is different to the last one that was approved", async () => {
    const first = at.call("refund-1", { customer: 88_213, amount: "12.00" }, APPROVED_TOOL);
    const { id, version } = await onlyOpen();
    const decision = { version, decision: "approve", reason: "a small one" };
    await at.gateway.api("POST", `/api/v1/reviews/${id}/decision`, decision);
    expect((await first).status).toBe(200);
    const words = { customer: 88_213, amount: "1240.00", urgent: true };
    const second = at.call("refund-2", words, APPROVED_TOOL).catch(() => null);
    const page = await viewers.page(at, `/reviews/${(await onlyOpen()).id}`);
    const panel = page.getByRole("region", { name: "Since the last approval" });
    await panel.waitFor();
    expect(await panel.getByText("2 differences").count()).toBe(1);
    const shown = panel.getByRole("region", { name: "Differences to the last approval" });
    expect((await shown.innerText()).split("\n")).toEqual([
      '- /amount: "12.00"',
      '+ /amount: "1240.00"',
      "+ /urgent: true",
    ]);
    await panel.getByRole("link", { name: "review" }).click();
    await page.getByText("Of no earlier approval of this tool anything is known.").waitFor();
    await page.context().close();
    await at.gateway.stop("SIGKILL");
    await second;
  });

  test("of an approval goes out with the arguments that a person writes", async () => {
    const call = at.call("refund-2", { customer: 7, amount: "900" }, APPROVED_TOOL);
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("c");
    const edited = page.getByLabel("Arguments, as JSON");
    expect(JSON.parse(await edited.inputValue())).toEqual({ customer: 7, amount: "900" });
    await page.getByRole("textbox", { name: /Reason/ }).fill("less is right");
    await page.getByText("Change something first, or write a message.").waitFor();
    await edited.fill('{"customer": 7, "amount": ');
    await page.getByText("The arguments are no JSON object.").waitFor();
    await edited.fill('{"customer": 7, "amount": "90"}');
    await page.getByRole("button", { name: /^Approve with a change/ }).click();
    await page.getByText("goes on, with your change.").waitFor();
    await page.getByText("A person has changed them. Its agent asked:").waitFor();
    const answer = await call;
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain("90");
    await page.context().close();
  });

  test("of a trip goes on with a call that a person has edited", async () => {
    await at.trip();
    const [call] = await held("rec-88413");
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("c");
    await page.getByLabel("Call to edit").selectOption({ index: 1 });
    const edited = page.getByLabel("Arguments, as JSON");
    await expect.poll(() => edited.inputValue()).toContain("rec-88413-again.wav");
    await edited.fill('{"file": "other.wav"}');
    await page.getByLabel("Message to the agent").fill("Take the other file.");
    await page.getByRole("textbox", { name: /Reason/ }).fill("it was the file");
    await page.keyboard.press("Control+Enter");
    await page.getByText("goes on, with your change.").waitFor();
    expect(JSON.stringify(await (await call)?.json())).toContain("other.wav");
    await page.context().close();
  });

  test("that takes two waits for another person, who agrees word for word", async () => {
    const { configFolder, operatorToken } = at.gateway;
    await appendFile(join(configFolder, "slipclutch.yaml"), "reviews: { two_people: [resume] }\n");
    expect((await at.gateway.api("POST", "/api/v1/reload", {})).status).toBe(200);
    const body = { operator: "grace", role: "operator" };
    const made = await at.gateway.api("POST", "/api/v1/keys", body);
    const { key } = (await made.json()) as { key: string };
    await at.trip();
    const [call] = await held("rec-88413");
    const page = await viewers.page(at, "/");
    await open(page);
    await page.keyboard.press("r");
    await page.getByText("two people decide this").waitFor();
    await page.getByRole("textbox", { name: /Reason/ }).fill("the provider is well");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Another person has to agree.").waitFor();
    await page.getByText("You have proposed it: another person has to agree.").waitFor();
    expect(await onlyReview()).toMatchObject({ state: "open", version: 1 });
    const other = await viewers.page(
      { ...at, gateway: { ...at.gateway, operatorToken: key } },
      `/reviews/${(await onlyReview()).id}`,
    );
    await other.getByText("local proposes:").waitFor();
    await other.keyboard.press("s");
    await other.getByRole("textbox", { name: /Reason/ }).fill("seen it too");
    await other.keyboard.press("Control+Enter");
    expect((await call)?.status).toBe(200);
    await expect.poll(async () => (await onlyReview()).state).toBe("closed");
    expect(operatorToken).not.toBe(key);
    await page.context().close();
    await other.context().close();
  });

  test("is decided in a sheet on a phone, which keeps the focus and gives it back", async () => {
    await at.trip();
    const [call] = await held("rec-88413");
    const page = await viewers.page(at, "/", { size: PHONE });
    await page
      .getByRole("link", { name: /^Review:/ })
      .first()
      .click();
    const opener = page.getByRole("button", { name: "Decide" });
    await opener.click();
    const sheet = page.getByRole("dialog", { name: "Decide" });
    await sheet.waitFor();
    await expect.poll(() => page.locator(".evidence").getAttribute("inert")).toBe("");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    await expect.poll(() => opener.evaluate((node) => node === document.activeElement)).toBe(true);
    await opener.click();
    await sheet.getByLabel("Resume all").check();
    await sheet.getByRole("button", { name: "False alarm" }).click();
    await sheet.getByRole("button", { name: /^Resume all/ }).click();
    expect((await call)?.status).toBe(200);
    await page.context().close();
  });

  test("cannot be decided by a viewer, who is told why", async () => {
    await at.trip();
    const body = { operator: "watcher", role: "viewer" };
    const made = await at.gateway.api("POST", "/api/v1/keys", body);
    const { key } = (await made.json()) as { key: string };
    const page = await viewers.page({ ...at, gateway: { ...at.gateway, operatorToken: key } }, "/");
    await open(page);
    await page.getByText("You are a viewer: an operator decides.").waitFor();
    expect(await page.locator("button[type=submit]").isDisabled()).toBe(true);
    await page.context().close();
  });
});

function focusedName(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute("name") ?? null);
}
