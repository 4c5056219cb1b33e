/** What is kept of calls, where the store does not take it at once. */
import { expect, test } from "vitest";
import { memoryData, memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Inputs } from "../../../src/gateway/inputs.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";
import type { Identified } from "../../../src/gateway/tools/read.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const LARGE = 60 * 1024;
/** More than may wait for the store. */
const MANY = 400;
const KEPT = { of: "all", keepMs: 600_000 } as const;

function scene() {
  const clock = testClock();
  const store = memoryStore({ clock, data: memoryData() });
  const seal = new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) });
  const lines: string[] = [];
  const log = createLog({ clock, write: (line) => lines.push(line), level: "warn", form: "json" });
  let decisions = 0;
  let asked: () => void = () => {};
  let answer: Promise<void> | null = null;
  const slow = {
    ...store.inputs,
    write: async (...written: Parameters<typeof store.inputs.write>) => {
      asked();
      await answer;
      await store.inputs.write(...written);
    },
  };
  const inputs = new Inputs(slow, seal, clock, log);
  const note = (no: number, chars = 1) => {
    decisions += 1;
    const call = {
      ask: {
        bytes: chars,
        digest: `d${no}`,
        server: "desk",
        tool: "find",
        arguments: { no, text: "x".repeat(chars) },
      },
      asked: { by: "mcp" },
      incoming: {
        ...{ decision: `c${decisions}`, manifest: { agent: "a" } },
        rules: { configuration: { inputs: KEPT } },
      },
    };
    // `as`: what is read of a call.
    inputs.note(call as unknown as Identified, [], clock.wall());
  };
  const kept = async () => {
    const rows = await store.inputs.read({ agent: "a", from: 0, after: 0, limit: 1000 });
    return rows.map((row) => JSON.parse(inputs.open(row)));
  };
  /** The store takes its time until this is called. */
  const slowly = () => {
    let go = () => {};
    answer = new Promise((resolve) => {
      go = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    return { begun, go };
  };
  return { clock, inputs, kept, lines, note, slowly };
}

test("Arguments that found no room are kept when they come again", async () => {
  const { clock, inputs, kept, lines, note } = scene();
  for (let no = 0; no < MANY; no += 1) note(no, LARGE);
  await inputs.tick(KEPT, clock.wall());
  const before = (await kept()).length;
  expect(before).toBeLessThan(MANY);
  expect(lines.join()).toContain("were not kept");
  note(MANY - 1, LARGE);
  await inputs.write();
  const all = await kept();
  expect(all).toHaveLength(before + 1);
  expect(all.at(-1)).toMatchObject({ arguments: { no: MANY - 1 } });
});

test("Equal arguments are kept once", async () => {
  const { inputs, kept, note } = scene();
  for (const no of [1, 1, 2]) note(no);
  await inputs.write();
  expect((await kept()).map(({ arguments: given }) => given?.no)).toEqual([1, undefined, 2]);
});

test("Arguments are known as long as calls that had them, also where they are not kept for long", async () => {
  const { clock, inputs, kept, note } = scene();
  const minute = 60_000;
  for (let no = 0; no < 15; no += 1) {
    note(1);
    await inputs.tick(KEPT, clock.wall());
    clock.advance(minute);
  }
  const all = await kept();
  expect(all.length).toBeLessThan(15);
  expect(all.some(({ arguments: given }) => given?.no === 1)).toBe(true);
});

test("Whoever asks for all that is pending gets also what came while the store was at work", async () => {
  const { inputs, kept, note, slowly } = scene();
  const { begun, go } = slowly();
  note(1);
  const first = inputs.write();
  await begun;
  note(2);
  const second = inputs.write();
  go();
  await Promise.all([first, second]);
  expect(await kept()).toHaveLength(2);
});
