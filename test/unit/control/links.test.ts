/** Links in notices: what was made here, for a week, and nothing else. */
import { expect, test } from "vitest";
import { LINK_MS, ReviewLinks } from "../../../src/control/links.ts";
import { controlApp } from "../../../src/control/server.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { MemoryOperations } from "./operations.ts";

const KEY = "7a".repeat(32);
const BASE = "https://guard.example/slip";
const ODD = "unknown.0123.an agent/with <odd> name?&#";

function world() {
  const clock = testClock();
  const links = new ReviewLinks(KEY, clock);
  const log = { error: () => {} };
  const app = controlApp({ operations: new MemoryOperations(), clock, log, links });
  const open = (url: string) => app.request(url.replace(BASE, ""));
  return { clock, links, open };
}

test.each(["r-0123456789abcdef", ODD])("a link leads to the page of %s, for a week", async (id) => {
  const { clock, links, open } = world();
  const { expiresAt, url } = links.to(id, BASE);
  expect(url.startsWith(`${BASE}/r/`)).toBe(true);
  expect(expiresAt).toBe(Math.floor((clock.wall() + LINK_MS) / 1_000) * 1_000);
  const opened = await open(url);
  expect(opened.status).toBe(302);
  const page = new URL(opened.headers.get("location") ?? "", url);
  expect(page.pathname).toBe(`/slip/reviews/${encodeURIComponent(id)}`);
  clock.advance(LINK_MS - 1_000);
  expect((await open(url)).status).toBe(302);
  clock.advance(1_000);
  const expired = await open(url);
  expect([expired.status, await expired.json()]).toEqual([
    403,
    { error: expect.objectContaining({ code: "link.invalid", message: "The link has expired." }) },
  ]);
});

test("what another key signed, or for another review, is refused", async () => {
  const { clock, links, open } = world();
  const foreign = new ReviewLinks("8b".repeat(32), clock).to("r-1", BASE).url;
  const own = links.to("r-1", BASE).url;
  for (const url of [
    foreign,
    own.replace("/r/r-1?", "/r/r-2?"),
    own.replace(/expires=\d/, "expires=9"),
    own.replace(/signature=./, "signature=-"),
    own.replace(/&signature=.*/, ""),
    `${BASE}/r/r-1`,
  ]) {
    expect((await open(url)).status).toBe(403);
  }
  expect((await open(own)).status).toBe(302);
});

test("nothing is served there by a control plane that makes no links", async () => {
  const clock = testClock();
  const app = controlApp({ operations: new MemoryOperations(), clock, log: { error: () => {} } });
  expect((await app.request("/r/r-1")).status).toBe(404);
});
