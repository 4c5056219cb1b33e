/** The demo of the optimizer, as a person or a script runs it. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { MAIN, NODE } from "../support/gateway.ts";

const WHOLE_MS = 90_000;
const place = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-demos-"));

afterAll(() => fs.rmSync(place, { recursive: true, force: true }));

function played(...args: readonly string[]) {
  const child = spawn(NODE, [MAIN, "demo", "optimizer", ...args], {
    env: { ...process.env, TMPDIR: place },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    said.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, said, ended };
}

test("500 services are begun without guardrails, and twenty with them", {
  timeout: WHOLE_MS,
}, async () => {
  const { ended, said } = played("--json");
  expect(await ended, said.err).toBe(0);
  expect(JSON.parse(said.out)).toEqual({
    unguarded: { created: 500, refused: 0, usd_per_day: 6000 },
    guarded: { created: 20, refused: 480, usd_per_day: 240, ended_one_freed_one: true },
  });
  expect(said.err).toMatch(/20 at \$10 an hour, \$240 a day/);
  expect(said.err).toMatch(/dollars a day +\$6,000 +\$240/);
  expect(fs.readdirSync(place)).toEqual([]);
});

test("it ends all that it started when it is told to end", { timeout: WHOLE_MS }, async () => {
  const { child, ended, said } = played();
  const begun = new Promise<void>((resolve) => {
    child.stdout.on("data", () => {
      if (said.out.includes("Both are told")) resolve();
    });
  });
  await begun;
  const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  const pids = children.trim().split(" ");
  expect(pids).toHaveLength(4);
  child.kill("SIGTERM");
  expect(await ended).toBe(1);
  expect(said.out).toContain("Its processes and files are gone.");
  expect(pids.filter((pid) => fs.existsSync(`/proc/${pid}`))).toEqual([]);
  expect(fs.readdirSync(place)).toEqual([]);
});
