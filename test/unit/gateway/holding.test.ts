import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { CannotRegister, Holding } from "../../../src/gateway/holding.ts";
import type { Tenure } from "../../../src/gateway/tenure.ts";
import { type HolderInfo, type HolderStore, StoreUnreachable } from "../../../src/ports/store.ts";
import { Journal } from "../../../src/telemetry/journal.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { type TestClock, testClock } from "../../../src/testing/test-clock.ts";

const GRACE_MS = 8_000;
const EXPIRY_MS = 12_000;
const OTHERS: Omit<HolderInfo, "id"> = {
  host: "there",
  pid: 2,
  pidStart: "2",
  configuration: "dir:1",
  keyId: "key",
};

/** A holding on a store that can be lost, replaced, or made to wait before it answers. */
function scene(storeClock?: TestClock) {
  const clock = testClock();
  const first = memoryData();
  const state = {
    data: first,
    lost: false,
    /** Registering alone fails. */
    full: false,
    configuration: "dir:1",
    /** Called before a heartbeat is answered. */
    beforeAnswer: async () => {},
    beatsAtOnce: 0,
    beatsAtOnceMax: 0,
    beats: 0,
    /** What changed cannot be read. */
    unread: false,
  };
  const said: string[] = [];
  const port = () => memoryStore({ clock: storeClock ?? clock, data: state.data }).holders;
  const reach = async <Answer>(ask: (port: HolderStore) => Promise<Answer>): Promise<Answer> => {
    if (state.lost) throw new StoreUnreachable("away");
    return ask(port());
  };
  const holders: HolderStore = {
    register: async (info) => {
      if (state.full) throw new StoreUnreachable("away");
      return reach((store) => store.register(info));
    },
    beat: async (id) => {
      state.beats += 1;
      state.beatsAtOnce += 1;
      state.beatsAtOnceMax = Math.max(state.beatsAtOnceMax, state.beatsAtOnce);
      try {
        await state.beforeAnswer();
        return await reach((store) => store.beat(id));
      } finally {
        state.beatsAtOnce -= 1;
      }
    },
    fence: (id, seen) => reach((store) => store.fence(id, seen)),
    close: (id) => reach((store) => store.close(id)),
    list: () => reach((store) => store.list()),
    configure: (id, from, to) => reach((store) => store.configure(id, from, to)),
    watch: (changed) => port().watch(changed),
  };
  let ids = 0;
  const holding = new Holding({
    holders,
    clock,
    chance: {
      hex: (bytes) => {
        ids += 1;
        return ids.toString(16).padStart(2 * bytes, "0");
      },
    },
    log: createLog({ clock, write: () => {}, level: "error", form: "json" }),
    graceMs: GRACE_MS,
    expiryMs: EXPIRY_MS,
    describe: () => ({
      host: "here",
      pid: 1,
      pidStart: "1",
      configuration: state.configuration,
      keyId: "key",
    }),
    journalFor: async (writer) =>
      new Journal({ writer, key: new Uint8Array(32), clock, others: new Map() }),
    onBeat: ({ changeSeq }) => {
      if (!state.unread) holding.hasRead(changeSeq);
    },
    onLost: (message) => said.push(`lost: ${message}`),
    onFound: (afterMs) => said.push(`found after ${afterMs}`),
    onFenced: (former) => said.push(`fenced: ${Number(`0x${former.id}`)}`),
    onOtherConfiguration: async (digest) => {
      said.push(`other configuration: ${digest}`);
    },
    fenceOther: async (id, seen) => {
      await holders.fence(id, seen);
      said.push(`fenced another: ${id}`);
    },
  });
  return {
    clock,
    holding,
    holders,
    said,
    state,
    /** Second by second, so that each heartbeat is answered before the next is due. */
    pass: async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1_000);
        await settled();
      }
    },
    codeOf: (tenure: Tenure = holding.tenure) => holding.refusal(tenure)?.code ?? "stands",
    fenceIt: async () => {
      const { id } = holding.tenure;
      await port().fence(id, state.data.holders.get(id)?.beatNo ?? null);
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a process that registered", () => {
  test("beats once a second, and stops when it is told to", async () => {
    const { clock, holding, pass, state } = scene();
    await holding.start();
    await pass(3);
    expect(state.beats).toBe(3);
    expect(state.data.holders.get(holding.tenure.id)).toMatchObject({ state: "live", beatNo: 3 });
    await holding.stop();
    expect(clock.waiting).toBe(0);
    await holding.beat();
    expect(state.beats).toBe(3);
  });

  test("knows the store's time, whatever its own clock says", async () => {
    const storeClock = testClock(1_900_000_000_000);
    const { clock, holding, pass } = scene(storeClock);
    await holding.start();
    expect(holding.storeNow()).toBe(1_900_000_000_000);
    clock.step(-86_400_000);
    expect(holding.storeNow()).toBe(1_900_000_000_000);
    storeClock.advance(1_000);
    await pass(1);
    expect(holding.storeNow()).toBe(1_900_000_001_000);
  });

  test("cannot do so with another key than the store was written with", async () => {
    const { holding, state } = scene();
    await memoryStore({ clock: testClock(), data: state.data }).holders.register({
      ...OTHERS,
      id: "other",
      keyId: "another",
    });
    await expect(holding.start()).rejects.toThrow(CannotRegister);
    expect(() => holding.tenure).toThrow("before registration");
  });

  test("cannot do so while others run another configuration, which only a started one follows", async () => {
    const { holding, holders, said, state } = scene();
    await holders.register({ ...OTHERS, id: "other" });
    state.configuration = "dir:2";
    await expect(holding.start()).rejects.toThrow(/there:2.*dir:1/);
    expect(said).toEqual([]);
  });
});

describe("without an answered heartbeat", () => {
  test("it stands for the grace, and not a millisecond longer", async () => {
    const { clock, codeOf, holding, state } = scene();
    await holding.start();
    state.lost = true;
    clock.advance(GRACE_MS - 1);
    expect(codeOf()).toBe("stands");
    clock.advance(1);
    expect(codeOf()).toBe("store.unreachable");
    expect(holding.refusal(holding.tenure)?.retryAfterMs).toBe(1_000);
  });

  test("the grace runs on the wall clock too, as over the sleep of a machine", async () => {
    const { clock, codeOf, holding } = scene();
    await holding.start();
    clock.step(GRACE_MS - 1);
    expect(codeOf()).toBe("stands");
    clock.step(1);
    expect(codeOf()).toBe("store.unreachable");
    await holding.beat();
    expect(codeOf()).toBe("stands");
  });

  test("nor does one that hears of changes and cannot read them: a trip may be among them", async () => {
    const { clock, codeOf, holding, state } = scene();
    await holding.start();
    state.unread = true;
    for (let second = 0; second < GRACE_MS / 1_000; second += 1) {
      expect(codeOf()).toBe("stands");
      clock.advance(1_000);
      await holding.beat();
    }
    expect(codeOf()).toBe("store.unreachable");
    // What it has read by now is older than what it was told of last.
    holding.hasRead(-1);
    expect(codeOf()).toBe("store.unreachable");
    state.unread = false;
    await holding.beat();
    expect(codeOf()).toBe("stands");
  });

  test("a wall clock that is set back gives nothing", async () => {
    const { clock, codeOf, holding, state } = scene();
    await holding.start();
    state.lost = true;
    clock.step(-3_600_000);
    expect(codeOf()).toBe("stands");
    clock.advance(GRACE_MS - 1);
    expect(codeOf()).toBe("stands");
    clock.advance(1);
    expect(codeOf()).toBe("store.unreachable");
  });

  test("the grace begins when the heartbeat was sent, however late its answer", async () => {
    const { clock, codeOf, holding, state } = scene();
    await holding.start();
    state.beforeAnswer = async () => {
      state.beforeAnswer = async () => {};
      clock.advance(5_000);
    };
    await holding.beat();
    expect(holding.beatAgeMs).toBe(5_000);
    state.lost = true;
    clock.advance(2_999);
    expect(codeOf()).toBe("stands");
    clock.advance(1);
    expect(codeOf()).toBe("store.unreachable");
  });

  test("that it lost the store, and found it, is told once each", async () => {
    const { codeOf, holding, pass, said, state } = scene();
    await holding.start();
    state.lost = true;
    await pass(10);
    expect(said).toEqual(["lost: away"]);
    expect(codeOf()).toBe("store.unreachable");
    state.lost = false;
    await pass(3);
    expect(said).toEqual(["lost: away", "found after 10000"]);
    expect(codeOf()).toBe("stands");
    expect(holding.former.size).toBe(0);
  });
});

describe("heartbeats", () => {
  test("never overlap, and one that is asked for meanwhile is the one under way", async () => {
    const { clock, holding, pass, state } = scene();
    await holding.start();
    let answer = () => {};
    state.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const asked = holding.beat();
    for (let second = 0; second < 10; second += 1) {
      clock.advance(1_000);
      void holding.beat();
      await settled();
    }
    expect(state.beats).toBe(1);
    state.beforeAnswer = async () => {};
    answer();
    await asked;
    await pass(2);
    expect(state.beats).toBeGreaterThan(1);
    expect(state.beatsAtOnceMax).toBe(1);
  });

  test("a stop waits for the one under way, and for what follows from it", async () => {
    const { clock, fenceIt, holding, said, state } = scene();
    await holding.start();
    await fenceIt();
    let answer = () => {};
    state.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const beating = holding.beat();
    let stopped = false;
    const stopping = holding.stop().then(() => {
      stopped = true;
    });
    await settled();
    expect(stopped).toBe(false);
    answer();
    await Promise.all([stopping, beating]);
    expect(said).toEqual(["fenced: 1"]);
    expect(clock.waiting).toBe(0);
  });
});

describe("a fenced process", () => {
  test("refuses under the tenure that was fenced, and stands under a new one that has caught up", async () => {
    const { codeOf, fenceIt, holding, pass, said, state } = scene();
    await holding.start();
    const former = holding.tenure;
    await fenceIt();
    await pass(1);
    expect(holding.tenure.id).not.toBe(former.id);
    expect([codeOf(former), codeOf()]).toEqual(["gateway.fenced", "gateway.fenced"]);
    holding.tenure.caughtUp = 0;
    expect([codeOf(former), codeOf()]).toEqual(["gateway.fenced", "stands"]);
    expect(holding.former).toEqual(new Set([former]));
    expect(said).toEqual(["fenced: 1"]);
    expect(state.data.holders.get(former.id)?.state).toBe("fenced");
    expect(state.data.holders.get(holding.tenure.id)?.state).toBe("live");
    await pass(20);
    expect(said).toEqual(["fenced: 1"]);
  });

  test("has no new tenure while the others run another configuration, and asks for it each second", async () => {
    const { codeOf, fenceIt, holders, holding, pass, said, state } = scene();
    await holding.start();
    await fenceIt();
    await holders.register({ ...OTHERS, id: "other", configuration: "dir:2" });
    await pass(2);
    expect(codeOf()).toBe("gateway.fenced");
    const refused = said.filter((line) => line.startsWith("other"));
    expect(refused).toEqual(["other configuration: dir:2", "other configuration: dir:2"]);
    expect(said.filter((line) => line.startsWith("lost"))).toHaveLength(1);
    state.configuration = "dir:2";
    await pass(1);
    holding.tenure.caughtUp = 0;
    expect(codeOf()).toBe("stands");
    expect(said.at(-2)).toBe("fenced: 1");
    expect(said.at(-1)).toMatch(/^found after/);
  });

  test("that loses the store before it could register tries until it can", async () => {
    const { codeOf, fenceIt, holding, pass, said, state } = scene();
    await holding.start();
    await fenceIt();
    state.full = true;
    await pass(3);
    expect(codeOf()).toBe("gateway.fenced");
    expect(said).toEqual(["lost: away"]);
    // It is still the one that refusals are written down under: a former one would be closed.
    expect(holding.former.size).toBe(0);
    state.full = false;
    await pass(1);
    holding.tenure.caughtUp = 0;
    expect(codeOf()).toBe("stands");
    expect(said).toEqual(["lost: away", "fenced: 1", "found after 3000"]);
    expect(holding.former.size).toBe(1);
  });
});

describe("a store that lost what it had acknowledged is refused for good", () => {
  test("when it says that it has done less than it said before", async () => {
    const { codeOf, holding, pass, state } = scene();
    await holding.start();
    const holder = state.data.holders.get(holding.tenure.id);
    if (holder === undefined) throw new Error("it has registered");
    holder.doneNo = 7;
    await pass(1);
    expect(codeOf()).toBe("stands");
    holder.doneNo = 6;
    await pass(1);
    expect(codeOf()).toBe("gateway.unsure");
    holder.doneNo = 8;
    await pass(60);
    expect(codeOf()).toBe("gateway.unsure");
  });

  test("at once, when the answer to a request says so: under every tenure from the next beat", async () => {
    const { codeOf, fenceIt, holding, pass } = scene();
    await holding.start();
    const { tenure } = holding;
    // Two requests at once: each is above what was known when it was sent, in any order.
    tenure.hear(2, 0, 1);
    tenure.hear(1, 0, 1);
    tenure.hear(2, 2, 0);
    expect(codeOf()).toBe("stands");
    tenure.hear(2, 2, 1);
    expect(codeOf()).toBe("gateway.unsure");
    await fenceIt();
    await pass(2);
    expect(holding.tenure).not.toBe(tenure);
    expect(codeOf()).toBe("gateway.unsure");
  });

  test("when it is another store than before", async () => {
    const { codeOf, holding, pass, state } = scene();
    await holding.start();
    // A copy with all that was in it, as a restored backup is.
    state.data = { ...state.data, generation: "another" };
    await pass(1);
    expect(codeOf()).toBe("gateway.unsure");
  });

  test("when it never heard of this process", async () => {
    const { codeOf, holding, pass, state } = scene();
    await holding.start();
    state.data = { ...memoryData(), generation: state.data.generation };
    await pass(1);
    expect(codeOf()).toBe("gateway.unsure");
    await pass(60);
    expect(codeOf()).toBe("gateway.unsure");
  });

  test("but not when it knows of more: the answer to a batch may have been lost", async () => {
    const { codeOf, holding, pass, state } = scene();
    await holding.start();
    const holder = state.data.holders.get(holding.tenure.id);
    if (holder !== undefined) holder.doneNo = 5;
    await pass(1);
    expect(codeOf()).toBe("stands");
  });
});

test("a neighbour that went silent is fenced, and that is told", async () => {
  const { holders, holding, pass, said, state } = scene();
  await holding.start();
  await holders.register({ ...OTHERS, id: "other" });
  await pass(12);
  expect(said).toEqual([]);
  await pass(1);
  expect(said).toEqual(["fenced another: other"]);
  expect(state.data.holders.get("other")?.state).toBe("fenced");
});
