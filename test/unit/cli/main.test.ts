import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFolder } from "../../support/gateway.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MAIN = join(ROOT, "src", "main.ts");
// The runner of the tests may itself be run by an older Node.
const NODE = join(ROOT, "node_modules", ".bin", "node");

function main(args: readonly string[], flags: readonly string[] = []) {
  const command = ["--disable-warning=ExperimentalWarning", ...flags, MAIN, ...args];
  return spawnSync(NODE, command, { encoding: "utf8", timeout: 15_000 });
}

/** Node takes itself for another version from before the first module on. */
function pretending(version: string): readonly string[] {
  const value = `{ value: { ...process.versions, node: "${version}" } }`;
  const code = `Object.defineProperty(process, "versions", ${value})`;
  return ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
}

test.each(["18.20.1", "20.19.0", "22.18.0"])("Node %s gets one clear line", (version) => {
  const { status, stdout, stderr } = main(["--help"], pretending(version));
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^slipclutch needs Node 22\.19 or newer; this is v[\d.]+\.\n$/);
});

test.each(["22.19.0", "24.0.0", "26.1.0"])("Node %s runs", (version) => {
  expect(main(["--version"], pretending(version)).status).toBe(0);
});

test("the executable hands over arguments, streams and the exit code", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(main(["--version"]).stdout).toBe(`${version}\n`);
  const wrong = main(["nonsense"]);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("unknown command");
  const nowhere = main(["status", "--data", "/nonexistent", "--json"]);
  expect(nowhere.status).toBe(3);
  expect(JSON.parse(nowhere.stderr).error.code).toBe("command.failed");
});

test("a reader that takes its time gets all of it, and the exit code is the same", async () => {
  const names = Array.from({ length: 3000 }, (_, index) => `${"tool-".repeat(8)}${index}`);
  const tools = (granted: readonly string[]) => ({
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { own: { kind: "agent" } },
      budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "day" }],
    },
    "agents/bot.yaml": {
      version: 1,
      agent: "bot",
      allowed_tools: granted.map((tool_name) => ({ tool_name, read_only: false })),
    },
  });
  const [before, after] = [await writeFolder(tools([])), await writeFolder(tools(names))];
  const diff = [NODE, MAIN, "manifest", "diff", before, after].map((word) => `'${word}'`);
  // More than any pipe holds, and nobody reads before the other side has filled it.
  const script = `set -o pipefail; ${diff.join(" ")} | { sleep 2; cat; }`;
  const { status, stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  await Promise.all([before, after].map((folder) => rm(folder, { recursive: true })));
  expect(status).toBe(3);
  expect(stdout.length).toBeGreaterThan(200_000);
  expect(stdout).toMatch(/3000 wider, 0 narrower\. A person should review it\.\n$/);
}, 30_000);
