import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

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
