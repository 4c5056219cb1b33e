import type { KeyRecord, ModelFlag, Registry } from "../../../ports/store.ts";
import { type MemoryData, raiseChange } from "./data.ts";

/** Keys and flags on data in memory. */
export function memoryRegistry(data: MemoryData): Registry {
  return {
    createKey: async (key) => {
      if (data.keys.has(key.id)) return;
      data.keys.set(key.id, { ...key });
      raiseChange(data);
    },
    revokeKey: async (id, at) => {
      const key = data.keys.get(id);
      if (!key || key.revokedAt !== null) return false;
      data.keys.set(id, { ...key, revokedAt: at });
      raiseChange(data);
      return true;
    },
    keys: async (all): Promise<KeyRecord[]> =>
      [...data.keys.values()].filter((key) => all || key.revokedAt === null),
    keyByHash: async (hash): Promise<KeyRecord | null> =>
      [...data.keys.values()].find((key) => key.hash === hash) ?? null,
    flag: async (flag) => {
      const key = JSON.stringify([flag.provider, flag.model, flag.what]);
      if (data.flags.has(key)) return;
      data.flags.set(key, { ...flag });
      raiseChange(data);
    },
    clearFlag: async (provider, model) => {
      const before = data.flags.size;
      for (const [key, flag] of data.flags) {
        if (flag.provider === provider && flag.model === model) data.flags.delete(key);
      }
      if (data.flags.size === before) return false;
      raiseChange(data);
      return true;
    },
    flags: async (): Promise<ModelFlag[]> => [...data.flags.values()],
  };
}
