import fs from "node:fs";
import path from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Counts for `scripts/test.mjs`, into the folder it names. A file that does not load is a failure.
 * Beside them: how many processes of tests were lost, and the files whose tests did not end.
 */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const folder = process.env.SLIPCLUTCH_TEST_REPORT;
    if (folder === undefined) return;
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    const unfinished: {
      readonly file: string;
      readonly passed: number;
      readonly pending: number;
    }[] = [];
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) counts[state === "pending" ? "skipped" : state] += 1;
      const pending = states.filter((state) => state === "pending").length;
      const passed = states.filter((state) => state === "passed").length;
      const isOver = !["queued", "pending"].includes(module.state()) && pending === 0;
      if (!isOver) unfinished.push({ file: module.moduleId, passed, pending });
      if (module.errors().length > 0) counts.failed += 1;
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) counts.failed += 1;
      }
    }
    const lost = errors.filter(isLostWorker).length;
    const report = { ...counts, lost, unfinished };
    fs.writeFileSync(path.join(folder, "counts.json"), JSON.stringify(report));
  }
}

/** The process in which tests ran is gone, and nobody asked it to go. */
function isLostWorker(error: unknown): boolean {
  return JSON.stringify(textsOf(error)).includes("Worker exited unexpectedly");
}

function textsOf(error: unknown): readonly unknown[] {
  if (typeof error !== "object" || error === null) return [error];
  const message = "message" in error ? error.message : null;
  return "cause" in error ? [message, ...textsOf(error.cause)] : [message];
}
