import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  StoreDamaged,
  StoreLocked,
  StoreTooNew,
  sqliteStore,
} from "../../src/adapters/store/sqlite/index.ts";
import type { Store } from "../../src/ports/store.ts";
import { testClock } from "../../src/testing/test-clock.ts";

let folder: string;
let file: string;
const clock = testClock();

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "slipclutch-folder-")), "data");
  file = join(folder, "store.db");
});

afterEach(async () => {
  await rm(join(folder, ".."), { recursive: true });
});

const open = (): Promise<Store> => sqliteStore({ folder, clock });

/** A store in which something was spent, closed properly. */
async function makeStore(): Promise<void> {
  const store = await open();
  for (let n = 0; n < 40; n += 1) {
    await store.ledger.open([
      {
        budget: `budget-${n}`,
        scope: "s".repeat(400),
        unit: "usd",
        window: "lifetime",
        starts: 0,
        ends: null,
        limit: 5n,
      },
    ]);
  }
  await store.close();
}

async function expectRefused(kind: new (message: string) => Error, words: RegExp): Promise<void> {
  const before = await readFile(file);
  // Twice: the refusal itself leaves no lock behind and changes nothing.
  for (let n = 0; n < 2; n += 1) {
    const error: unknown = await open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).toMatch(words);
    expect(String(error)).toContain(folder);
  }
  expect(await readFile(file)).toEqual(before);
}

describe("the folder", () => {
  test("is made for its owner alone", async () => {
    await makeStore();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test("is one store's at a time, also within one process", async () => {
    const store = await open();
    await expect(open()).rejects.toBeInstanceOf(StoreLocked);
    await expect(open()).rejects.toThrow(/Stop that one/);
    // The refused attempts did not loosen the lock.
    await expect(open()).rejects.toBeInstanceOf(StoreLocked);
    await store.close();
    await (await open()).close();
  });

  test("keeps everything, its generation and configuration too, from one opening to the next", async () => {
    const info = { host: "h", pid: 1, pidStart: "p", configuration: "c", keyId: "k" };
    const first = await open();
    const before = await first.holders.register({ id: "a", ...info });
    await first.holders.close("a");
    await first.close();
    const second = await open();
    const after = await second.holders.register({ id: "b", ...info });
    const other = await second.holders.register({ id: "c", ...info, keyId: "other" });
    await second.close();
    if (before.kind !== "ok" || after.kind !== "ok") throw new Error("both may register");
    expect(after.generation).toBe(before.generation);
    expect(after.changeSeq).toBe(before.changeSeq);
    expect(other).toEqual({ kind: "other-key", keyId: "k" });
  });

  test("made anew has another generation", async () => {
    const info = { host: "h", pid: 1, pidStart: "p", configuration: "c", keyId: "k" };
    const generations: unknown[] = [];
    for (const id of ["a", "b"]) {
      const store = await open();
      const beat = await store.holders.register({ id, ...info });
      if (beat.kind === "ok") generations.push(beat.generation);
      await store.close();
      await rm(folder, { recursive: true });
    }
    expect(new Set(generations).size).toBe(2);
  });
});

describe("a file that is no whole store of this version is refused and left as it is", () => {
  test("of a newer version", async () => {
    await makeStore();
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expectRefused(StoreTooNew, /newer Slipclutch .*schema is 99/);
  });

  test("of another program", async () => {
    await makeStore();
    const database = new DatabaseSync(file);
    database.exec("PRAGMA application_id = 7");
    database.close();
    await expectRefused(StoreDamaged, /another program's/);
  });

  test("garbage", async () => {
    await makeStore();
    await writeFile(file, "This is not a database. ".repeat(500));
    await expectRefused(StoreDamaged, /not a usable store/);
  });

  test("cut off in the middle", async () => {
    await makeStore();
    await truncate(file, Math.floor((await stat(file)).size / 2 / 4096) * 4096);
    await expectRefused(StoreDamaged, /not a usable store/);
  });

  test("cut off to nothing, which SQLite alone would take for a new store", async () => {
    await makeStore();
    await truncate(file, 0);
    await expectRefused(StoreDamaged, /it is empty/);
  });

  test("without its first row", async () => {
    await makeStore();
    const database = new DatabaseSync(file);
    database.exec("DELETE FROM store");
    database.close();
    await expectRefused(StoreDamaged, /first row is missing/);
  });

  test("gone, with its write-ahead log left behind", async () => {
    await makeStore();
    await rm(file);
    await writeFile(`${file}-wal`, "what was written last");
    await expect(open()).rejects.toThrow(/write-ahead log/);
    await expect(stat(file)).rejects.toThrow(/ENOENT/);
  });
});

test("a store that was being made when its process died is made again", async () => {
  await makeStore();
  await rm(file);
  await writeFile(`${file}.new`, "half a store");
  await makeStore();
  const store = await open();
  expect(await store.ledger.accounts({ limit: 100 })).toHaveLength(40);
  await store.close();
});
