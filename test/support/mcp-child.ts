/** A server that is a child, with a script that a test may change, and what arrived at it. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import type { McpCommand } from "../../src/adapters/tool-server/mcp/mcp-settings.ts";
import { mcpChildServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { NODE } from "./gateway.ts";

const PROGRAM = join(import.meta.dirname, "mcp-child-program.mjs");

export interface ChildScript {
  readonly discover: "error" | "silent" | "exit" | "stateless" | "handshake";
  readonly initialize: "well" | "silent" | "exit" | "error" | "old";
  readonly call: string;
  readonly latencyMs: number;
  readonly hugeBytes: number;
  /** Lines that are written before each answer. */
  readonly before: readonly string[];
  /** Told of a call before its answer, if it was asked for. */
  readonly progress: readonly object[];
  readonly tools: readonly object[] | null;
  /** Written to its standard error when it starts. */
  readonly murmur: string;
  /** Before the first answer. */
  readonly slowMs: number;
  readonly exitAtStart: number | null;
  /** Does not end when its input does, nor at SIGTERM. */
  readonly stubborn: boolean;
  /** Starts a process of its own that holds its pipes. */
  readonly helper: boolean;
}

const SCRIPT: ChildScript = {
  discover: "error",
  initialize: "well",
  call: "well",
  latencyMs: 0,
  hugeBytes: 0,
  before: [],
  progress: [],
  tools: null,
  murmur: "",
  slowMs: 0,
  exitAtStart: null,
  stubborn: false,
  helper: false,
};

// Arrivals are data here: each test looks into them by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Arrival = any;

export interface ChildFixture {
  readonly folder: string;
  readonly command: readonly [string, ...string[]];
  set(script: Partial<ChildScript>): void;
  /** Everything it took down, over all its starts. */
  arrivals(): readonly Arrival[];
  /** Messages of one method. */
  said(method: string): readonly Arrival[];
  /** The process of each start. */
  pids(): readonly number[];
  ran(): number;
  forget(): void;
}

export function childFixture(script: Partial<ChildScript> = {}): ChildFixture {
  const folder = mkdtempSync(join(tmpdir(), "slipclutch-child-"));
  let current: ChildScript = { ...SCRIPT, ...script };
  const file = (name: string) => join(folder, name);
  const set = (changes: Partial<ChildScript>) => {
    current = { ...current, ...changes };
    // Whole or not at all: the child may be reading.
    writeFileSync(file("script.new"), JSON.stringify(current));
    renameSync(file("script.new"), file("script.json"));
  };
  set({});
  writeFileSync(file("arrivals.ndjson"), "");
  const arrivals = (): readonly Arrival[] => {
    const lines = readFileSync(file("arrivals.ndjson"), "utf8").split("\n");
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  };
  const said = (method: string) =>
    arrivals().flatMap(({ message }) => (message?.method === method ? [message] : []));
  return {
    folder,
    command: [NODE, PROGRAM, folder],
    set,
    arrivals,
    said,
    pids: () => arrivals().flatMap(({ started }) => (started === undefined ? [] : [started])),
    ran: () => said("tools/call").length,
    // A child that is being stopped may still be writing there.
    forget: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }),
  };
}

export interface Remark {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface OpenChild {
  readonly fixture: ChildFixture;
  readonly server: ToolServer;
  readonly remarks: readonly Remark[];
}

/** The adapter, and the server that it will start. */
export function openChild(
  script: Partial<ChildScript> = {},
  changes: Partial<McpCommand> = {},
  clock: Clock = systemClock,
): OpenChild {
  const fixture = childFixture(script);
  const remarks: Remark[] = [];
  const remark = (level: Remark["level"]) => (message: string, fields: Remark["fields"]) => {
    remarks.push({ level, message, fields });
  };
  const command: McpCommand = {
    name: "child",
    command: fixture.command,
    env: {},
    surroundings: {},
    folder: fixture.folder,
    callsMax: 64,
    ...changes,
  };
  const told = { info: remark("info"), warn: remark("warn") };
  return { fixture, server: mcpChildServer(command, clock, told), remarks };
}

/** Whether there is a process of this number. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // there is none
  }
}

/** A child takes a while to start on a busy machine. */
export async function soon(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 15_000, interval: 5 }).toBe(true);
}
