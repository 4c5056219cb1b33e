/** What some suites need beside Node: programs of the system that a machine may lack. */
import fs from "node:fs";
import path from "node:path";
import { chromiumProgram } from "./browser.ts";
import { mcpInspector } from "./inspector.ts";
import { pythonClients } from "./python.ts";
import { regoCases } from "./rego-cases.ts";
import { SSHD } from "./sshd.ts";

export interface Part {
  readonly available: boolean;
  /** What is skipped without it, and how to get it: one sentence. */
  readonly sentence: string;
}

interface Probe {
  readonly sentence: string;
  present(): boolean;
}

const PARTS = {
  postgres: {
    sentence: "PostgreSQL suites need its server: apt-get install postgresql.",
    present: () => postgresFolder() !== null,
  },
  python: {
    sentence:
      "Python client suites need python3 with venv and, once, PyPI: apt-get install python3-venv.",
    present: () => pythonClients() !== null,
  },
  inspector: {
    sentence: "The suite with MCP Inspector needs npm and, once, its registry.",
    present: () => mcpInspector() !== null,
  },
  chromium: {
    sentence: "Suites of the dashboard need a browser: apt-get install chromium.",
    present: () => chromiumProgram() !== null,
  },
  nginx: {
    sentence: "Suites behind a reverse proxy need nginx: apt-get install nginx.",
    present: () => onPath("nginx"),
  },
  git: {
    sentence: "Suites that follow a Git remote need git: apt-get install git.",
    present: () => onPath("git"),
  },
  sshd: {
    sentence: "Suites that follow a Git remote over ssh need sshd: apt-get install openssh-server.",
    present: () => fs.existsSync(SSHD) && ["git", "ssh", "ssh-agent", "ssh-keygen"].every(onPath),
  },
  shellcheck: {
    sentence: "Scripts for CI are checked by ShellCheck: apt-get install shellcheck.",
    present: () => onPath("shellcheck"),
  },
  promtool: {
    sentence: "Alert rules and the dashboard are checked by promtool: apt-get install prometheus.",
    present: () => onPath("promtool"),
  },
  "rego-cases": {
    sentence: "OPA's cases of Rego are run from the folder that SLIPCLUTCH_REGO_CASES names.",
    present: () => regoCases() !== null,
  },
  opa: {
    sentence:
      "Suites with the real OPA need it on the PATH: " +
      "go install github.com/open-policy-agent/opa@v1.22.2.",
    present: () => onPath("opa"),
  },
  faketime: {
    sentence: "Suites that step a process's clock need libfaketime: apt-get install libfaketime.",
    present: () => faketimeLibrary() !== null,
  },
} satisfies Record<string, Probe>;

export type PartName = keyof typeof PARTS;

/**
 * Is this part here? For `describe.skipIf(!part("nginx").available)`. A missing one is noted for
 * the end of the run; with SLIPCLUTCH_TEST_ALL=1 it is an error, so that a skip cannot hide in CI.
 */
export function part(name: PartName): Part {
  const { sentence, present } = PARTS[name];
  if (present()) return { available: true, sentence };
  noteMissing(name, sentence);
  return { available: false, sentence };
}

/** For a suite that finds out by itself what it lacks. */
export function noteMissing(name: string, sentence: string): void {
  if (process.env.SLIPCLUTCH_TEST_ALL === "1") {
    throw new Error(`SLIPCLUTCH_TEST_ALL is set, and a part is missing. ${sentence}`);
  }
  const folder = process.env.SLIPCLUTCH_TEST_REPORT;
  if (folder !== undefined) fs.writeFileSync(path.join(folder, `missing-${name}`), sentence);
}

/** The newest PostgreSQL's own programs; Debian keeps them off the PATH. */
export function postgresFolder(): string | null {
  const versions = "/usr/lib/postgresql";
  if (!fs.existsSync(versions)) return null;
  const newest = fs
    .readdirSync(versions)
    .filter((name) => fs.existsSync(path.join(versions, name, "bin", "initdb")))
    .sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : path.join(versions, newest, "bin");
}

/** Loaded into a process it steps its clock; Debian has a folder for each architecture. */
export function faketimeLibrary(): string | null {
  const folders = fs.existsSync("/usr/lib") ? fs.readdirSync("/usr/lib") : [];
  const paths = folders.map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
  return paths.find((library) => fs.existsSync(library)) ?? null;
}

function onPath(program: string): boolean {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  // A user's PATH lacks the folder where Debian puts servers.
  return [...folders, "/usr/sbin"].some((folder) => fs.existsSync(path.join(folder, program)));
}
