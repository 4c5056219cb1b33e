/**
 * `npm test [-- arguments of vitest]`: sets up, builds, runs the tests and ends with one line,
 * `N passed, N failed, N skipped`, after a sentence for each part that this machine lacks.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { run } from "./child.mjs";
import { ROOT, say, setUp } from "./setup.mjs";

const { node, env } = setUp();
const build = path.join(ROOT, "scripts", "build.ts");
const built = await run(node, [build, "--if-stale"], { cwd: ROOT, env });
if (built.code !== 0) {
  say("The build failed: nothing was tested.");
  finish({ passed: 0, failed: 1, skipped: 0 });
}

const report = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-test-"));
const vitest = path.join(ROOT, "node_modules", "vitest", "vitest.mjs");
const reporters = ["--reporter=default", "--reporter=./test/support/reporter.ts"];
let { ended, counts } = await runTests(process.argv.slice(2));
if (counts.unfinished.length > 0 && counts.failed === counts.lost && counts.lost > 0) {
  // Node itself died, not a test: which files it took with it is told, and they are run once more.
  const files = counts.unfinished.map(({ file }) => path.relative(ROOT, file));
  say(`A process of the tests died while it ran ${files.join(", ")}: once more.`);
  const before = counts;
  ({ ended, counts } = await runTests(files));
  const again = before.unfinished.reduce((sum, { passed }) => sum + passed, 0);
  const open = before.unfinished.reduce((sum, { pending }) => sum + pending, 0);
  counts.passed += before.passed - again;
  counts.skipped += before.skipped - open;
}
const { code, signal } = ended;
const missing = fs.readdirSync(report).filter((name) => name.startsWith("missing-"));
for (const name of missing.sort()) {
  process.stdout.write(`skipped: ${fs.readFileSync(path.join(report, name), "utf8")}\n`);
}
fs.rmSync(report, { recursive: true });

// Where everything is to run, what did not run is not known to work.
const all = process.env.SLIPCLUTCH_TEST_ALL === "1" && process.argv.length === 2;
if (all && counts.skipped > 0) {
  say(`${counts.skipped} tests were skipped, and SLIPCLUTCH_TEST_ALL is set.`);
  counts.failed += 1;
}

const good = code === 0 && signal === null && counts.failed === 0 && counts.passed > 0;
// A run that ended badly without a failed test (a crash, an unhandled error) is still a failure.
if (!good && counts.failed === 0) counts.failed = 1;
finish(counts);

/** How a run of these files (none: of all) ended, and what was counted. */
async function runTests(files) {
  const ended = await run(node, [vitest, "run", ...reporters, ...files], {
    cwd: ROOT,
    env: { ...env, SLIPCLUTCH_TEST_REPORT: report },
  });
  return { ended, counts: countsOf(path.join(report, "counts.json")) };
}

/** The last line, alone, and the exit code that goes with it. */
function finish({ passed, failed, skipped }) {
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exit(failed === 0 ? 0 : 1);
}

/** Written by `test/support/reporter.ts` when the run ends; not there if it never did. */
function countsOf(file) {
  if (!fs.existsSync(file)) return { passed: 0, failed: 0, skipped: 0, lost: 0, unfinished: [] };
  const counts = JSON.parse(fs.readFileSync(file, "utf8"));
  fs.rmSync(file);
  return counts;
}
