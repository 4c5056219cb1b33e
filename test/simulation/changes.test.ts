/** What others change in the store, while this gateway reads what they changed before. */
import { expect, test } from "vitest";
import { memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Core } from "../../src/compose/core.ts";
import { hashToken } from "../../src/gateway/keys.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import type { KeyRecord, Store } from "../../src/ports/store.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import { configurationOf } from "./folder.ts";
import { World } from "./world.ts";

const TOKEN = "sck_of_a_key_that_is_revoked_at_once";
const KEY: KeyRecord = {
  id: "key_1",
  hash: hashToken(TOKEN),
  holder: { kind: "agent", agent: "a" },
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
};
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A store whose answers about keys wait on their way, as they were when the keys were read. */
class SlowKeys {
  readonly store: Store;
  #held = Promise.resolve();

  constructor(real: Store) {
    const keys: Store["registry"]["keys"] = async (all) => {
      const answer = await real.registry.keys(all);
      await this.#held;
      return answer;
    };
    this.store = { ...real, registry: { ...real.registry, keys } };
  }

  /** From now on, until the answer is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }
}

test("a key that is revoked while keys are being read is not valid afterwards", async () => {
  const clock = testClock();
  const slow = new SlowKeys(memoryStore({ clock }));
  const { store } = slow;
  const configuration = configurationOf({ all: 1e9, daily: 1e9, task: 1e9 });
  const core = new Core({
    store,
    clock,
    chance: new World(1).chance(),
    log: QUIET,
    rules: new Ruleset(configuration, []),
    journalKey: new Uint8Array(32),
    seal: new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) }),
    describe: { host: "h", pid: 1, pidStart: "1", keyId: "k" },
    version: "0.0.0",
  });
  await core.start(async () => {});
  const letGo = slow.hold();
  await store.registry.createKey(KEY);
  await store.registry.revokeKey(KEY.id, clock.wall());
  letGo();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await core.gateway.keys.find(TOKEN)).toBeNull();
  await core.gateway.holding.stop();
});
