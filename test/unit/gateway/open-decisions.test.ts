/** Decisions of tools that agents run themselves, between the verdict and the outcome. */
import { expect, test } from "vitest";
import { OpenDecisions } from "../../../src/gateway/decisions/open.ts";
import type { ToolEnd, ToolRequest, ToolRun } from "../../../src/ports/tool-server.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const REQUEST: ToolRequest = {
  ...{ tool: "save", arguments: {}, timeoutMs: 1_000, resultBytesMax: 100 },
  ...{ meta: {}, progress: null },
};

async function begun(close: boolean) {
  const clock = testClock();
  const decisions = new OpenDecisions(clock);
  const ends: ToolEnd[] = [];
  let allowed = 0;
  const run: ToolRun = { mayWrite: () => true, end: (end) => void ends.push(end) };
  const runner = decisions.runner("d-1", "worker", "t", () => {
    allowed += 1;
  });
  if (close) decisions.close();
  runner.call(REQUEST, run);
  await Promise.resolve();
  return { allowed: () => allowed, clock, decisions, ends };
}

test("one that is decided while the gateway stops is not allowed, and costs nothing", async () => {
  const { allowed, decisions, ends } = await begun(true);
  expect(allowed()).toBe(0);
  expect(ends).toMatchObject([{ kind: "fault", fault: { written: false } }]);
  expect(decisions.size).toBe(0);
});

test("an outcome in the very moment of the time-out is one end", async () => {
  const { clock, decisions, ends } = await begun(false);
  const by = { agent: "worker", task: null };
  const end: ToolEnd = {
    kind: "result",
    result: { content: [], structuredContent: undefined, isError: false, bytes: 0 },
  };
  expect(decisions.report("d-1", { ...by, agent: "other" }, end)).toBe(false);
  expect(decisions.report("d-1", { ...by, task: "another" }, end)).toBe(false);
  clock.advance(1_000);
  expect(decisions.report("d-1", by, end)).toBe(false);
  expect(ends).toMatchObject([{ kind: "fault", fault: { kind: "timeout", written: true } }]);
  decisions.close();
  expect(ends).toHaveLength(1);
});
