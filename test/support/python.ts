/** The official Python clients, unmodified, in a virtual environment that is made once. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Exact, so that a run today and one next month speak to the same clients. */
const CLIENTS = [
  ...["openai==3.54.0", "anthropic==2.12.0", "mcp==2.3.0"],
  "opentelemetry-proto==1.45.2",
];

/** Making the environment downloads some 20 MB, once. */
const INSTALL_MS = 180_000;

const FOLDER = path.resolve(import.meta.dirname, "..", "..", ".cache", "python");

/**
 * Path of a Python that can import them all; null where none can be made (no venv, offline).
 */
export function pythonClients(): string | null {
  const wanted = CLIENTS.join(" ");
  const python = path.join(FOLDER, "bin", "python");
  const stamp = path.join(FOLDER, "clients.txt");
  const isThere = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted;
  if (isThere()) return python;

  // Made beside its place and moved there: two test files may be making it at the same time.
  const made = `${FOLDER}-${process.pid}`;
  fs.mkdirSync(path.dirname(made), { recursive: true });
  const ready =
    succeeds("python3", ["-m", "venv", made]) &&
    succeeds(path.join(made, "bin", "python"), ["-m", "pip", "install", "--quiet", ...CLIENTS]);
  if (!ready || isThere()) {
    fs.rmSync(made, { recursive: true, force: true });
    return ready ? python : null;
  }
  fs.writeFileSync(path.join(made, "clients.txt"), wanted);
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.renameSync(made, FOLDER);
  return python;
}

function succeeds(command: string, parameters: readonly string[]): boolean {
  return spawnSync(command, parameters, { timeout: INSTALL_MS, stdio: "ignore" }).status === 0;
}
