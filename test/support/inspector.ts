/**
 * MCP Inspector, in a folder of its own that is made once: it brings 110 MB of a web application
 * with it, of which its command line is all that is wanted here.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Exact, so that a run today and one next month ask the same. */
const INSPECTOR = "@modelcontextprotocol/inspector@2.12.0";
const INSTALL_MS = 180_000;
const FOLDER = path.resolve(import.meta.dirname, "..", "..", ".cache", "mcp-inspector");
const PROGRAM = path.join(
  ...["node_modules", "@modelcontextprotocol", "inspector"],
  ...["clients", "launcher", "build", "index.js"],
);

/** Path of its program; null where it cannot be had (no npm, offline). */
export function mcpInspector(): string | null {
  const program = path.join(FOLDER, PROGRAM);
  const stamp = path.join(FOLDER, "version.txt");
  const isThere = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === INSPECTOR;
  if (isThere()) return program;

  // Made beside its place and moved there: two test files may be making it at the same time.
  const made = `${FOLDER}-${process.pid}`;
  fs.mkdirSync(made, { recursive: true });
  const install = ["install", "--prefix", made, "--ignore-scripts", "--no-audit", "--no-fund"];
  const options = { timeout: INSTALL_MS, stdio: "ignore" } as const;
  const ready = spawnSync("npm", [...install, INSPECTOR], options).status === 0;
  if (!ready || isThere()) {
    fs.rmSync(made, { recursive: true, force: true });
    return ready ? program : null;
  }
  fs.writeFileSync(path.join(made, "version.txt"), INSPECTOR);
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.renameSync(made, FOLDER);
  return program;
}
