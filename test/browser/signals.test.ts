/** The chart of a tool's calls against its trip line, with the numbers of the night in the mocks. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { part } from "../support/parts.ts";
import { AGENT, Viewers, type World, world } from "./world.ts";

const chromium = part("chromium");
const FROM = Date.parse("2026-11-17T02:11:00Z");
/** About four a minute until 03:06, then 11, and 38 at the trip. */
const BUCKETS = Array.from({ length: 56 }, (_, no) => ({
  at: new Date(FROM + no * 60_000).toISOString(),
  value: no === 55 ? 11 : 3 + (no % 3),
}));
const LEVEL = {
  ...{ rule: "tool-surge", server: "speech", tool: "transcribe_audio", value: 38, line: 21 },
  ...{ usual: 4.2, phase: "alarmed", since: "2026-11-17T03:07:42.000Z", bucket_seconds: 60 },
  buckets: BUCKETS,
};
const SIGNALS = {
  breakers: [
    { name: "tool-surge", signal: "calls_per_tool", action: "trip" },
    { name: "stuck", signal: "identical_calls", action: "trip" },
    { name: "errors", signal: "tool_error_rate", action: "alert" },
  ],
  levels: [LEVEL],
  repeats: [{ rule: "stuck", task: "rec-88413", tool: "transcribe_audio", calls: 7, limit: 8 }],
  tasks: [],
};

describe.skipIf(!chromium.available)(`a chart of a signal (${chromium.sentence})`, () => {
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

  async function shown(answer: unknown, scheme: "light" | "dark" = "light") {
    const page = await viewers.page(at, "/", { scheme });
    await page.route("**/api/v1/agents/*/signals", (route) => route.fulfill({ json: answer }));
    await page.goto(`${at.gateway.controlUrl}/agents/${AGENT}`);
    await page.getByRole("heading", { name: "Budgets" }).waitFor();
    return page;
  }

  test.each(["light", "dark"] as const)(
    "draws its trip line in red in the %s, and says it in words",
    async (scheme) => {
      const page = await shown(SIGNALS, scheme);
      const chart = page.getByRole("img", { name: /trips at 21/ });
      await chart.waitFor();
      expect(await chart.getAttribute("aria-label")).toBe(
        "38 now, at most 11 before; usual are 4.2; trips at 21; alarmed since 03:07:42 UTC.",
      );
      const canvas = chart.locator("canvas");
      await canvas.waitFor();
      // The line of 21 is at half of 38 × 1.12, of what the axis leaves of the height.
      await expect
        .poll(() => canvas.evaluate(redRows))
        .toMatchObject({ longest: expect.any(Number) });
      const { height, longest, row } = await canvas.evaluate(redRows);
      expect(longest).toBeGreaterThan(300);
      expect(row / height).toBeGreaterThan(0.4);
      expect(row / height).toBeLessThan(0.75);
      await page.getByText("Show as table").click();
      await page.getByRole("cell", { name: "11", exact: true }).waitFor();
      await page.context().close();
    },
  );

  test("stands beside how close each breaker is, as far as that is known", async () => {
    const page = await shown(SIGNALS);
    const panel = page.getByRole("region", { name: "Breakers" });
    await panel.getByText("38 of 21").waitFor();
    await panel.getByText("7 of 8").waitFor();
    await panel.getByText("nothing is measured yet").waitFor();
    await page.context().close();
  });

  test("is no chart where nothing has been measured, and the breakers are there all the same", async () => {
    const page = await viewers.page(at, `/agents/${AGENT}`);
    const panel = page.getByRole("region", { name: "Breakers" });
    await panel.getByText("tool-surge").waitFor();
    expect(await panel.getByText("nothing is measured yet").count()).toBeGreaterThan(0);
    expect(await page.getByText("Show as table").count()).toBe(0);
    await page.context().close();
  });
});

/** The row with most pixels of the colour of the trip line. */
function redRows(node: Element): { row: number; longest: number; height: number } {
  if (!(node instanceof HTMLCanvasElement)) throw new Error("it is no canvas");
  const { height, width } = node;
  const data = node.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
  const hot = getComputedStyle(document.documentElement).getPropertyValue("--stop-fill").trim();
  const wanted = [1, 3, 5].map((at) => Number.parseInt(hot.slice(at, at + 2), 16));
  let [row, longest] = [0, 0];
  for (let y = 0; y < height; y += 1) {
    let count = 0;
    for (let x = 0; x < width; x += 1) {
      const at = 4 * (y * width + x);
      if (wanted.every((value, part) => Math.abs((data[at + part] ?? 0) - value) < 24)) count += 1;
    }
    if (count > longest) [row, longest] = [y, count];
  }
  return { row, longest, height };
}
