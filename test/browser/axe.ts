/** What axe finds wrong with a page as it is now. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function violations(page: Page): Promise<readonly string[]> {
  // Through the debugger, which is no part of the page and its policy.
  await page.evaluate(AXE);
  return page.evaluate(async (rules) => {
    // `as`: axe is in the page only.
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<unknown> } };
    const runOnly = { type: "tag", values: rules };
    const found = (await axe.run({ runOnly, resultTypes: ["violations"] })) as {
      violations: { id: string; help: string; nodes: { html: string }[] }[];
    };
    return found.violations.map(({ help, id, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
  }, RULES);
}
