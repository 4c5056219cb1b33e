import { INPUTS_READ_MAX } from "../../../ports/inputs.ts";
import type { InputStore } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

/** Kept, the newest of all agents: a process without a disk must not grow for ever. */
const KEPT_MAX = 20_000;

/** Inputs on data in memory, by decision, in the order in which they came. */
export function memoryInputs({ inputs }: MemoryData): InputStore {
  let position = Math.max(0, ...[...inputs.values()].map((input) => input.position));
  return {
    write: async (written) => {
      for (const input of written) {
        if (inputs.has(input.decision)) continue;
        position = Math.max(position, [...inputs.values()].at(-1)?.position ?? 0) + 1;
        inputs.set(input.decision, { ...input, position });
      }
      for (const decision of [...inputs.keys()].slice(0, -KEPT_MAX)) inputs.delete(decision);
    },
    read: async ({ after, agent, from, limit }) => {
      const found = [...inputs.values()].filter((input) => {
        return input.agent === agent && input.at >= from && input.position > after;
      });
      return found.slice(0, Math.min(limit, INPUTS_READ_MAX));
    },
    prune: async (before) => {
      for (const { at, decision } of [...inputs.values()]) if (at < before) inputs.delete(decision);
    },
  };
}
