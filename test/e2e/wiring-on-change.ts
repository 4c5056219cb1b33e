/** What running tasks keep of a manifest that was changed. */
import { expect } from "vitest";
import type { WiringCase } from "./wiring-case.ts";
import { MODEL, type WiringWorld } from "./wiring-world.ts";

const OTHER = "simulated-large";

/** What each of two models is answered, in a task that began before the change, and in a new one. */
async function afterChange(world: WiringWorld, onChange: string): Promise<string[]> {
  const task = world.name("running");
  const ask = async (model: string, name: string) => {
    const { code } = await world.ask({ model }, { headers: { "x-slipclutch-task": name } });
    return code ?? "ok";
  };
  const before = world.base();
  before.agents.worker.models = [MODEL];
  await world.load(before);
  expect(await ask(MODEL, task)).toBe("ok");
  const after = world.base();
  Object.assign(after.agents.worker, { models: [OTHER], on_change: onChange });
  await world.load(after);
  const fresh = world.name("fresh");
  return [await ask(MODEL, task), await ask(OTHER, task), await ask(OTHER, fresh)];
}

const NO = "model.not-granted";

function kept(onChange: string, answers: readonly string[]): WiringCase {
  return {
    fields: [`agents/*.yaml on_change = ${onChange}`],
    run: async (world) => expect(await afterChange(world, onChange)).toEqual(answers),
  };
}

export const ON_CHANGE_CASES: readonly WiringCase[] = [
  kept("finish", ["ok", NO, "ok"]),
  kept("apply", [NO, "ok", "ok"]),
  kept("strictest", [NO, NO, "ok"]),
];
