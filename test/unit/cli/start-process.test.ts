import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { slipclutch } from "./harness.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const NODE = join(ROOT, "node_modules", ".bin", "node");
const folder = mkdtempSync(join(tmpdir(), "slipclutch-start-"));
const started: (() => void)[] = [];

afterAll(() => {
  for (const end of started) end();
  rmSync(folder, { recursive: true });
});

/** A gateway as a process of its own; resolves with its first line. */
async function start(...args: string[]) {
  const ports = ["--agent-port", "0", "--control-port", "0"];
  const child = spawn(NODE, [join(ROOT, "src", "main.ts"), "start", ...ports, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  });
  started.push(() => child.kill("SIGKILL"));
  let err = "";
  child.stderr.on("data", (data) => {
    err += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines = createInterface(child.stdout);
  const line = await new Promise<string>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
  });
  return { child, line, ended, err: () => err };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("It did not come to pass within five seconds");
}

test("a gateway starts, answers a first call, explains it, reloads, and ends with 0", async () => {
  expect((await slipclutch(["init", "rails"], { folder })).code).toBe(0);
  const { child, ended, err, line } = await start("--config", "rails", "--data", "data", "--json");
  const ready = JSON.parse(line);
  const fields = ["event", "agent_url", "control_url", "operator_token", "agent_key"];
  expect(Object.keys(ready), err()).toEqual(fields);
  expect(ready.event).toBe("ready");
  const data = join(folder, "data");
  expect(statSync(join(data, "control.json")).mode & 0o777).toBe(0o600);

  const response = await fetch(`${ready.agent_url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${ready.agent_key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "simulated-small",
      messages: [{ role: "user", content: "Hello" }],
    }),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  const decision = response.headers.get("x-slipclutch-decision") ?? "";
  const ask = (...args: string[]) => slipclutch([...args, "--data", data, "--json"]);
  const explained = JSON.parse((await ask("explain", decision)).out);
  expect(explained).toMatchObject({ decision, state: "settled", outcome: { status: 200 } });
  expect(JSON.parse((await ask("budgets")).out).length).toBeGreaterThan(0);
  expect((await ask("journal", "verify")).code).toBe(0);

  const before = JSON.parse((await ask("status")).out).configuration;
  writeFileSync(join(folder, "rails", "prices.yaml"), "# nothing to override\n");
  child.kill("SIGHUP");
  await until(async () => JSON.parse((await ask("status")).out).configuration !== before);

  child.kill("SIGTERM");
  expect(await ended, err()).toBe(0);
  expect(existsSync(join(data, "control.json"))).toBe(false);
  expect((await ask("status")).code).toBe(3);
  expect(err()).not.toContain(ready.agent_key);
  expect(err()).not.toContain(ready.operator_token);
});

test("a folder that is not valid is told line by line, and nothing is started", async () => {
  expect((await slipclutch(["init", "bad"], { folder })).code).toBe(0);
  writeFileSync(join(folder, "bad", "slipclutch.yaml"), "version: 1\nnonsense: 1\n");
  const { ended, err } = await start("--config", "bad", "--data", "data-bad");
  expect(await ended).toBe(1);
  expect(err()).toContain("The guardrails folder is not valid.");
  expect(err()).toContain("slipclutch.yaml:2 at nonsense");
});

test("a port that is taken, and a folder that is in use, are sentences and not stacks", async () => {
  const first = await start("--data", "data-used", "--json");
  const { agent_url } = JSON.parse(first.line);
  const used = await start("--data", "data-used");
  expect(await used.ended).toBe(1);
  expect(used.err()).toContain("data-used");
  expect(used.err()).not.toContain("    at ");
  const taken = await start("--data", "data-other", "--agent-port", new URL(agent_url).port);
  expect(await taken.ended).toBe(1);
  expect(taken.err()).toContain("EADDRINUSE");
  expect(taken.err()).toContain("--agent-port");
  expect(taken.err()).not.toContain("    at ");
});
