import type { AgentMessage, MessageStore } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

/** What agents are still to be told, on data in memory. */
export function memoryMessages(data: MemoryData): MessageStore {
  return {
    pending: async (limit) => [...data.messages.values()].slice(0, limit),
    told: async (messages) => {
      for (const message of messages) data.messages.delete(keyOf(message));
    },
  };
}

export function keyOf({ id, task }: Pick<AgentMessage, "id" | "task">): string {
  return JSON.stringify([id, task]);
}
