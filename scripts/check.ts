/**
 * `npm run check`: format and lint, types of every zone, and the architecture test, one after
 * another.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";

const ROOT = path.dirname(import.meta.dirname);
const MODULES = path.join(ROOT, "node_modules");
const TSC = path.join(MODULES, "typescript", "bin", "tsc");

/** The pure zones are compiled again without Node's types: there I/O is a type error. */
const CHECKS: readonly (readonly [string, string, ...string[]])[] = [
  ["format and lint", path.join(MODULES, "@biomejs", "biome", "bin", "biome"), "check"],
  ["types", TSC, "-p", "."],
  ["types of the dashboard", TSC, "-p", "dashboard"],
  ["types of src/guards", TSC, "-p", "src/guards"],
  ["types of src/rego", TSC, "-p", "src/rego"],
  ["types of src/wire", TSC, "-p", "src/wire"],
  ["types of src/ports", TSC, "-p", "src/ports"],
  [
    "architecture",
    path.join(MODULES, "vitest", "vitest.mjs"),
    "run",
    "--reporter=dot",
    "test/architecture.test.ts",
  ],
];

// All of them, even after a failure: whoever mends wants the whole list.
const failed = CHECKS.filter(([name, program, ...parameters]) => {
  process.stdout.write(`── ${name}\n`);
  const { status } = spawnSync(process.execPath, [program, ...parameters], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return status !== 0;
}).map(([name]) => name);

process.stdout.write(failed.length === 0 ? "check: good\n" : `check: bad: ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
