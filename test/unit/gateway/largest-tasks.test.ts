import { expect, test } from "vitest";
import { Elsewhere } from "../../../src/gateway/signals/elsewhere.ts";
import { TaskTotals } from "../../../src/gateway/signals/task-totals.ts";
import type { TaskTokensRule } from "../../../src/guards/breaker/rules.ts";

const RULE: TaskTokensRule = {
  ...{ signal: "tokens_per_task", name: "token-spike", atLeast: 0, action: "alert" },
  above: { kind: "value", value: 100 },
};

test("of each agent the task with most tokens is found in one pass, with how it stands", () => {
  const totals = new TaskTotals(new Elsewhere());
  for (const [agent, task, tokens] of [
    ["support", "t-1", 10],
    ["support", "t-2", 90],
    ["support", "t-3", 20],
    ["billing", "t-1", 5],
  ] as const) {
    totals.add({ agent, task, tokens }, [RULE], 0);
  }
  const largest = totals.largest();
  expect([...largest.keys()]).toEqual(["support", "billing"]);
  const found = largest.get("support");
  if (found === undefined) throw new Error("it has tasks");
  expect(totals.standingOf(found, [RULE], 0)).toEqual([
    { rule: "token-spike", task: "t-2", tokens: 90, line: 100, usual: null },
  ]);
  expect(totals.most("support", [RULE], { max: 1, now: 0 })).toMatchObject([{ task: "t-2" }]);
});
