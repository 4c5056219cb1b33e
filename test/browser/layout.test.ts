/** Nothing runs out of the page, and nothing lies over something else. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { part } from "../support/parts.ts";
import { busy, PHONE, Viewers, visit, WIDE, type World, world } from "./world.ts";

const chromium = part("chromium");

describe.skipIf(!chromium.available)(`the layout of every page (${chromium.sentence})`, () => {
  let at: World;
  let viewers: Viewers;
  let paths: readonly string[];

  beforeAll(async () => {
    at = await world(8);
    viewers = await Viewers.start();
    const all = await busy(at);
    paths = all.filter((one) => one !== "/no-such-page");
  }, 120_000);

  afterAll(async () => {
    await viewers?.end();
    await at?.end();
  });

  test("fits 320 pixels without sideways scrolling", async () => {
    const page = await viewers.page(at, "/", { size: { width: 320, height: 640 } });
    const wide: string[] = [];
    for (const path of paths) {
      await visit(page, path, at);
      const over = await page.evaluate(() => {
        const { clientWidth, scrollWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      if (over > 0) wide.push(`${path}: ${over} px`);
    }
    expect(wide).toEqual([]);
    await page.context().close();
  });

  test.each([
    ["on a wide screen", WIDE],
    ["on a phone", PHONE],
    ["on a very narrow one", { width: 320, height: 640 }],
  ])("no text of a table lies over that of another cell %s", async (_, size) => {
    const page = await viewers.page(at, "/", { size });
    const over: string[] = [];
    for (const path of paths) {
      await visit(page, path, at);
      over.push(...(await overlaps(page)).map((what) => `${path}: ${what}`));
    }
    expect(over).toEqual([]);
    await page.context().close();
  });
});

/** Where texts of two cells of a row are drawn over one another. */
function overlaps(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const linesOf = (cell: Element) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      const shown = [...range.getClientRects()].filter(({ width, height }) => width * height > 0);
      return getComputedStyle(cell).overflow === "visible" ? shown : [];
    };
    const isOver = (a: DOMRect, b: DOMRect) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
    const found: string[] = [];
    for (const row of document.querySelectorAll("table.rows tr")) {
      const cells = [...row.children].map((cell) => ({ cell, lines: linesOf(cell) }));
      for (const [at, one] of cells.entries()) {
        for (const other of cells.slice(at + 1)) {
          if (!one.lines.some((a) => other.lines.some((b) => isOver(a, b)))) continue;
          found.push(`"${one.cell.textContent}" and "${other.cell.textContent}"`);
        }
      }
    }
    return found;
  });
}
