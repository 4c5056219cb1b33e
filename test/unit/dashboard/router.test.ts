import { expect, test } from "vitest";
import { agentPath, journalPath, pageOf, taskPath } from "../../../dashboard/shell/paths.ts";

test.each([
  ["/", { name: "overview" }],
  ["/budgets", { name: "budgets" }],
  ["/reviews/r-1", { name: "review", id: "r-1" }],
  ["/agents/support", { name: "agent", id: "support" }],
  ["/agents/support/tasks/a%2Fb", { name: "task", id: "support", task: "a/b" }],
  ["/agents/support/tasks", { name: "unknown" }],
  ["/toString/x", { name: "unknown" }],
  ["/%E0%A4%A", { name: "unknown" }],
])("%s is the page %j", (path, page) => {
  expect(pageOf(path)).toEqual(page);
});

test("what an agent calls its task comes back from the address as it was", () => {
  for (const task of ["a/b c?#%", "日本"]) {
    expect(pageOf(taskPath("support", task))).toEqual({ name: "task", id: "support", task });
  }
  expect(agentPath("a b")).toBe("/agents/a%20b");
  expect(journalPath({ agent: "a b", from: "1h" })).toBe("/journal?agent=a+b&from=1h");
  expect(journalPath()).toBe("/journal");
});
