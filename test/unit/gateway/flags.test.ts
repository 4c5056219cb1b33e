import { describe, expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Flags } from "../../../src/gateway/flags.ts";
import { type ModelFlag, type Registry, StoreUnreachable } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

/** Flags on a store that can be lost, and that can be slow to say what it knows. */
function scene() {
  const clock = testClock();
  const { registry } = memoryStore({ clock });
  const warnings: string[] = [];
  const log = createLog({
    clock,
    write: (line) => warnings.push(line),
    level: "warn",
    form: "json",
  });
  const state = { lost: false, told: 0, answering: null as Promise<void> | null };
  const watched: Registry = {
    ...registry,
    flag: async (flag) => {
      state.told += 1;
      if (state.lost) throw new StoreUnreachable("away");
      return registry.flag(flag);
    },
    flags: async () => {
      if (state.lost) throw new StoreUnreachable("away");
      const answer = await registry.flags();
      await state.answering;
      return answer;
    },
  };
  return { clock, flags: new Flags(watched, clock, log), registry, state, warnings };
}

const other: ModelFlag = { provider: "p", model: "m", what: "input", since: 1, call: "before" };

/** Lets what was begun without waiting for it come to its end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a model's flag", () => {
  test("holds at once, is new once, and is in the store", async () => {
    const { clock, flags, registry } = scene();
    expect(flags.has("p", "m", "output")).toBe(false);
    expect(flags.raise("p", "m", "output", "d1")).toBe(true);
    expect(flags.has("p", "m", "output")).toBe(true);
    expect(flags.raise("p", "m", "output", "d2")).toBe(false);
    await settled();
    expect(await registry.flags()).toEqual([
      { provider: "p", model: "m", what: "output", since: clock.wall(), call: "d1" },
    ]);
  });

  test("is of one provider, one model and one bound", async () => {
    const { flags } = scene();
    flags.raise("p", "m", "output", "d1");
    expect(flags.has("p", "m", "input")).toBe(false);
    expect(flags.has("p", "n", "output")).toBe(false);
    expect(flags.has("q", "m", "output")).toBe(false);
    expect(flags.raise("p", "m", "input", "d2")).toBe(true);
    expect(flags.has("p", "m", "input")).toBe(true);
    expect(flags.has("p", "m", "output")).toBe(true);
    expect(flags.count).toBe(1);
  });

  test("that another process raised is known from the next reading on, until it is cleared", async () => {
    const { flags, registry } = scene();
    await registry.flag(other);
    expect(flags.has("p", "m", "input")).toBe(false);
    await flags.load();
    expect(flags.has("p", "m", "input")).toBe(true);
    await registry.clearFlag("p", "m");
    await flags.load();
    expect(flags.has("p", "m", "input")).toBe(false);
    expect(flags.count).toBe(0);
  });

  test("that was raised here is gone too once an operator has cleared it", async () => {
    const { flags, registry } = scene();
    flags.raise("p", "m", "output", "d1");
    await settled();
    await registry.clearFlag("p", "m");
    await flags.load();
    expect(flags.has("p", "m", "output")).toBe(false);
    expect(flags.raise("p", "m", "output", "d2")).toBe(true);
  });
});

describe("raised while all flags are read", () => {
  test("it is kept, though the answer is older and the store has it by now", async () => {
    const { flags, registry, state } = scene();
    await registry.flag(other);
    const { open, passed } = gate();
    state.answering = passed;
    const loading = flags.load();
    await settled();
    expect(flags.raise("p", "m", "output", "d1")).toBe(true);
    await settled();
    expect(state.told).toBe(1);
    open();
    await loading;
    expect(flags.has("p", "m", "output")).toBe(true);
    expect(flags.has("p", "m", "input")).toBe(true);
  });

  test("it is kept where the store did not take it either, and told with the next reading", async () => {
    const { flags, registry, state } = scene();
    const { open, passed } = gate();
    state.answering = passed;
    const loading = flags.load();
    await settled();
    state.lost = true;
    flags.raise("p", "m", "output", "d1");
    await settled();
    open();
    await loading;
    expect(flags.has("p", "m", "output")).toBe(true);
    expect(await registry.flags()).toEqual([]);
    state.lost = false;
    await flags.load();
    expect(await registry.flags()).toMatchObject([{ model: "m", what: "output" }]);
    expect(flags.has("p", "m", "output")).toBe(true);
  });
});

describe("while the store is away", () => {
  test("what was raised holds here and is told again until it is taken, then no more", async () => {
    const { flags, registry, state, warnings } = scene();
    state.lost = true;
    flags.raise("p", "m", "output", "d1");
    flags.raise("p", "n", "output", "d2");
    await flags.tell();
    expect(flags.has("p", "m", "output")).toBe(true);
    expect(warnings.length).toBeGreaterThan(0);
    state.lost = false;
    await flags.tell();
    expect(await registry.flags()).toHaveLength(2);
    const { told } = state;
    await flags.tell();
    expect(state.told).toBe(told);
  });

  test("a reading that fails takes nothing away", async () => {
    const { flags, registry, state } = scene();
    await registry.flag(other);
    await flags.load();
    state.lost = true;
    flags.raise("p", "m", "output", "d1");
    await expect(flags.load()).rejects.toThrow(StoreUnreachable);
    expect(flags.has("p", "m", "input")).toBe(true);
    expect(flags.has("p", "m", "output")).toBe(true);
  });
});
