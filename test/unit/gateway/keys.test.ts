/** Keys that were made at another process, found by this one. */
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { hashToken, Keys } from "../../../src/gateway/keys.ts";
import type { KeyRecord } from "../../../src/ports/store.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const TOKEN = "sc-agent-a-token-that-another-process-made";
const KEY: KeyRecord = {
  id: "k-1",
  hash: hashToken(TOKEN),
  holder: { kind: "agent", agent: "example" },
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
};

describe("a key that this process has not read yet", () => {
  test("is known to every call that presents it, however many come at once", async () => {
    const clock = testClock();
    const { registry } = memoryStore({ clock });
    const keys = new Keys(registry, clock);
    await keys.load();
    await registry.createKey(KEY);

    const found = await Promise.all(Array.from({ length: 500 }, () => keys.find(TOKEN)));

    expect(found).toEqual(found.map(() => KEY));
  });

  test("is asked for again after a lookup that failed", async () => {
    const clock = testClock();
    const { registry } = memoryStore({ clock });
    let failures = 1;
    const flaky = {
      ...registry,
      keyByHash: async (hash: string) => {
        if (failures-- > 0) throw new Error("the store is away");
        return await registry.keyByHash(hash);
      },
    };
    const keys = new Keys(flaky, clock);
    await registry.createKey(KEY);

    await expect(keys.find(TOKEN)).rejects.toThrow("away");
    expect(await keys.find(TOKEN)).toEqual(KEY);
  });

  test("is none or busy, never none for want of asking, when strangers come in floods", async () => {
    const clock = testClock();
    const { registry } = memoryStore({ clock });
    const keys = new Keys(registry, clock);
    const strangers = Array.from({ length: 200 }, (_, no) => keys.find(`sck_stranger${no}`));
    await registry.createKey(KEY);

    expect(new Set(await Promise.all(strangers))).toEqual(new Set([null, "busy"]));
    expect(await keys.find(TOKEN)).toBe("busy");
    clock.advance(1_000);
    expect(await keys.find(TOKEN)).toEqual(KEY);
  });
});
