/** `npm start`: sets up, builds what is stale, and runs a gateway on ./guardrails and ./data. */
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run, runInstead } from "./child.mjs";
import { ROOT, say, setUp } from "./setup.mjs";

const asked = process.argv.slice(2);
const { node, env } = setUp();
const built = await run(node, [path.join(ROOT, "scripts", "build.ts"), "--if-stale"], {
  cwd: ROOT,
  env,
  stdio: ["ignore", process.stderr, process.stderr],
});
if (built.code !== 0) process.exit(1);

const program = path.join(ROOT, "dist", "slipclutch.mjs");
const parameters = ["start", ...asked];
if (!given("--data")) parameters.push("--data", path.join(ROOT, "data"));
if (!given("--config")) parameters.push("--config", await startersFolder());
await runInstead(node, [program, ...parameters], { env });

function given(flag) {
  return asked.some((each) => each === flag || each.startsWith(`${flag}=`));
}

/** A first start needs a configuration: the starter one, whose provider is simulated. */
async function startersFolder() {
  const folder = path.join(ROOT, "guardrails");
  if (fs.existsSync(folder)) return folder;
  say("No ./guardrails yet: writing the starter configuration there.");
  const stdio = ["ignore", process.stderr, process.stderr];
  const { code } = await run(node, [program, "init", folder], { env, stdio });
  if (code !== 0) process.exit(1);
  return folder;
}
