/** Decisions of tools that agents run themselves, between the verdict and the outcome. */
import { expect, test } from "vitest";
import { OpenDecisions } from "../../../src/gateway/decisions/open.ts";
import type { Report } from "../../../src/gateway/decisions/report.ts";
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
  const begin = async (decision: string) => {
    const runner = decisions.runner(decision, "worker", "t", () => {
      allowed += 1;
    });
    runner.call(REQUEST, run);
    await Promise.resolve();
  };
  if (close) decisions.close();
  await begin("d-1");
  return { allowed: () => allowed, begin, clock, decisions, ends };
}

test("one that is decided while the gateway stops is not allowed, and costs nothing", async () => {
  const { allowed, decisions, ends } = await begun(true);
  expect(allowed()).toBe(0);
  expect(ends).toMatchObject([{ kind: "fault", fault: { written: false } }]);
  expect(decisions.size).toBe(0);
});

const END: ToolEnd = {
  kind: "result",
  result: { content: [], structuredContent: undefined, isError: false, bytes: 0 },
};
const REPORT: Report = { decision: "d-1", agent: "worker", task: null, digest: "one", end: END };

test("an outcome in the very moment of the time-out is one end", async () => {
  const { clock, decisions, ends } = await begun(false);
  expect(decisions.report({ ...REPORT, agent: "other" })).toBe("dropped");
  expect(decisions.report({ ...REPORT, task: "another" })).toBe("dropped");
  clock.advance(1_000);
  expect(decisions.report(REPORT)).toBe("dropped");
  expect(ends).toMatchObject([{ kind: "fault", fault: { kind: "timeout", written: true } }]);
  decisions.close();
  expect(ends).toHaveLength(1);
});

test("the same outcome again is taken again, another one and another's are not", async () => {
  const { clock, decisions, ends } = await begun(false);
  expect(decisions.isIdle).toBe(false);
  expect(decisions.report(REPORT)).toBe("settled");
  clock.advance(59_999);
  expect(decisions.report({ ...REPORT, task: "t" })).toBe("repeated");
  expect(decisions.report({ ...REPORT, task: "another" })).toBe("dropped");
  expect(decisions.report({ ...REPORT, agent: "other" })).toBe("dropped");
  expect(decisions.report({ ...REPORT, digest: "two" })).toBe("dropped");
  expect(ends).toEqual([END]);
});

test("what was taken is forgotten after a minute, once another is", async () => {
  const { begin, clock, decisions } = await begun(false);
  decisions.report(REPORT);
  clock.advance(60_000);
  await begin("d-2");
  expect(decisions.report({ ...REPORT, decision: "d-2" })).toBe("settled");
  expect(decisions.report(REPORT)).toBe("dropped");
});
