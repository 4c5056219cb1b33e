import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { storeConformance } from "../../src/testing/store-conformance/index.ts";
import { testClock } from "../../src/testing/test-clock.ts";

storeConformance("memory", async () => {
  const clock = testClock();
  const data = memoryData();
  return {
    store: async () => memoryStore({ clock, data }),
    advance: (ms) => clock.advance(ms),
    dispose: async () => {},
  };
});
