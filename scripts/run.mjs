/**
 * `node scripts/run.mjs check|build|bench|… [arguments]`: sets up, then runs that script on our own
 * Node.
 */
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { runInstead } from "./child.mjs";
import { giveUp, ROOT, setUp } from "./setup.mjs";

const SCRIPTS = {
  check: "scripts/check.ts",
  build: "scripts/build.ts",
  bench: "bench/run.ts",
  prices: "scripts/prices.ts",
  "rego-conformance": "scripts/rego-conformance.ts",
  schemas: "scripts/schemas.ts",
};

const [name, ...rest] = process.argv.slice(2);
const script = SCRIPTS[name];
if (script === undefined) giveUp(`expected one of: ${Object.keys(SCRIPTS).join(", ")}.`);
if (!fs.existsSync(path.join(ROOT, script))) giveUp(`${script} is not in this version.`);

const { node, env } = setUp();
await runInstead(node, [path.join(ROOT, script), ...rest], { cwd: ROOT, env });
