import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import type { AccountState, Store } from "../../src/ports/store.ts";

const WRITER = join(import.meta.dirname, "sqlite-writer.ts");
const HOLDER = "00000000000000000000000000000001";
const LEASED = 1_000_000_000n;
const CHARGE = 7n;
/** File size in KiB at which the writer's disk is full. */
const FULL_KIB = 900;

type Said = Record<string, string | number>;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipclutch-crash-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

interface Writer {
  readonly child: ChildProcess;
  readonly said: Said[];
  readonly ended: Promise<number | null>;
  /** Waits until it has said so many lines. */
  lines(count: number): Promise<void>;
}

interface Start {
  /** File size at which its disk is full. */
  readonly fileKib?: number;
  /** Killed at the instant in which this many lines have come. */
  readonly killAfter?: number;
}

function start(mode: string, { fileKib, killAfter = Infinity }: Start = {}): Writer {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", WRITER, folder, mode];
  // Node ignores SIGXFSZ, so a file at its limit is a write that fails, as on a full disk.
  const limit = fileKib === undefined ? "" : `ulimit -f ${fileKib}; `;
  const command = ["-c", `${limit}exec "$@"`, "bash", ...node];
  const child = spawn("bash", command, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const said: Said[] = [];
  let rest = "";
  child.stdout.on("data", (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    said.push(...parts.map((line) => JSON.parse(line)));
    if (said.length > killAfter) child.kill("SIGKILL");
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    child,
    said,
    ended,
    lines: (count) =>
      expect.poll(() => said.length, { timeout: 15_000, interval: 2 }).toBeGreaterThan(count),
  };
}

async function entriesOf(store: Store): Promise<Set<string>> {
  const found = new Set<string>();
  for (let after = 0; ; ) {
    const page = await store.journal.read({ after, take: "oldest", limit: 5000 });
    for (const entry of page) found.add(`${entry.writer}-${entry.no}`);
    if (page.length === 0) return found;
    after = page.at(-1)?.position ?? 0;
  }
}

function acknowledged(said: readonly Said[]): string[] {
  const flushed = said.filter((words) => "lane" in words && !("rejected" in words));
  return flushed.map((words) => `lane-${words.lane}-${words.no}`);
}

async function accountOf(store: Store): Promise<AccountState> {
  const [account] = await store.ledger.accounts({ budget: "b", limit: 1 });
  if (!account) throw new Error("the account was acknowledged");
  return account;
}

describe("kill -9 in the middle of group commits", () => {
  // Lines after which it dies: within the first commits, and once many have been checkpointed.
  test.each([3, 40, 400, 3000, 9000])("after %i lines: nothing said is lost", async (count) => {
    const writer = start("storm", { killAfter: count });
    await writer.ended;

    const store = await sqliteStore({ folder, clock: systemClock });
    try {
      const entries = await entriesOf(store);
      expect(acknowledged(writer.said).filter((name) => !entries.has(name))).toEqual([]);
      const keys = new Set((await store.registry.keys(true)).map((key) => key.id));
      const made = writer.said.filter((words) => "key" in words);
      expect(made.filter((words) => !keys.has(`key-${words.key}`))).toEqual([]);

      // Money and its entry are one transaction, whatever was in flight.
      const account = await accountOf(store);
      expect(account.spent).toBe(BigInt(entries.size) * CHARGE);
      expect(account.leased).toBe(LEASED - account.spent);
      const forfeits = await store.holders.fence(HOLDER, null);
      expect(forfeits.map((forfeit) => forfeit.amount)).toEqual([account.leased]);
    } finally {
      await store.close();
    }
  });
});

test("a full disk refuses the whole batch, keeps what was said, and heals", async () => {
  const writer = start("full", { fileKib: FULL_KIB });
  expect(await writer.ended).toBe(0);
  const rejected = writer.said.filter((words) => "rejected" in words);
  expect(rejected.length).toBeGreaterThan(0);
  expect(new Set(rejected.map((words) => words.rejected))).toEqual(new Set(["StoreUnreachable"]));
  const spent = BigInt(acknowledged(writer.said).length) * CHARGE;
  expect(writer.said.at(-1)).toEqual({ spent: Number(spent), leased: Number(LEASED - spent) });

  const store = await sqliteStore({ folder, clock: systemClock });
  try {
    expect((await accountOf(store)).spent).toBe(spent);
    expect([...(await entriesOf(store))].sort()).toEqual(acknowledged(writer.said).sort());
    await store.holders.fence(HOLDER, null);
    expect((await accountOf(store)).forfeited).toBe(LEASED - spent);
  } finally {
    await store.close();
  }
});

test("a process that has nothing more to do ends, though it never closed its store", async () => {
  const writer = start("touch");
  expect(await writer.ended).toBe(0);
  const store = await sqliteStore({ folder, clock: systemClock });
  expect((await accountOf(store)).spent).toBe(CHARGE);
  await store.close();
});

test("a second process on one folder is refused, until the first one is gone", async () => {
  const first = start("storm");
  await first.lines(1);
  const second = start("storm");
  expect(await second.ended).toBe(1);
  expect(second.said).toEqual([
    { failed: "StoreLocked", message: expect.stringContaining(folder) },
  ]);
  first.child.kill("SIGKILL");
  await first.ended;
  const third = start("touch");
  expect(await third.ended).toBe(0);
});
