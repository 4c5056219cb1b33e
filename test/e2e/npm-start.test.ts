/** `npm start` as a person uses it, up to the signal that ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { runInit } from "../../src/cli/init.ts";

const ROOT = path.resolve(import.meta.dirname, "..", "..");
const started: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  // The whole group: npm, the script and the gateway.
  for (const { pid, exitCode } of started.splice(0)) {
    if (pid !== undefined && exitCode === null) process.kill(-pid, "SIGKILL");
  }
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** Resolves with the line of `--json` once the gateway accepts. */
async function start(): Promise<{ npm: ChildProcess; ready: { control_url: string } }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-start-"));
  folders.push(folder);
  const config = path.join(folder, "guardrails");
  const silent = () => undefined;
  await runInit({ folder: config, out: silent, err: silent });
  const ours = [
    "--json",
    "--data",
    path.join(folder, "data"),
    "--agent-port",
    "0",
    "--control-port",
    "0",
  ];
  const npm = spawn("npm", ["start", "--silent", "--", ...ours, "--config", config], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(npm);
  return new Promise((resolve, reject) => {
    let out = "";
    let log = "";
    npm.stderr?.on("data", (chunk) => {
      log += chunk;
    });
    npm.stdout?.on("data", (chunk) => {
      out += chunk;
      const end = out.indexOf("\n");
      if (end >= 0) resolve({ npm, ready: JSON.parse(out.slice(0, end)) });
    });
    npm.once("exit", (code) => reject(new Error(`npm ended with ${code}\n${log}`)));
  });
}

const answers = (url: string) =>
  fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test.each(["SIGTERM", "SIGINT"] as const)("%s to npm ends the gateway with 0", async (signal) => {
  const { npm, ready } = await start();
  expect(await answers(ready.control_url)).toBe(true);
  const ended = new Promise((resolve) => npm.once("exit", (...how) => resolve(how)));
  npm.kill(signal);
  expect(await ended).toEqual([0, null]);
  expect(await answers(ready.control_url)).toBe(false);
});

test("a gateway does not outlive an npm that was killed", async () => {
  const { npm, ready } = await start();
  npm.kill("SIGKILL");
  await until(async () => !(await answers(ready.control_url)));
});
