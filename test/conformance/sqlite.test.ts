import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import { storeConformance } from "../../src/testing/store-conformance/index.ts";
import { testClock } from "../../src/testing/test-clock.ts";

storeConformance("sqlite", async () => {
  const clock = testClock();
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-store-"));
  // One process has the folder, so every handle is the same one.
  const store = await sqliteStore({ folder, clock });
  return {
    store: async () => store,
    advance: (ms) => clock.advance(ms),
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});
