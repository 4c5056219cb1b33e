import { BUNDLES_MAX } from "../../../ports/bundles.ts";
import type { Bundle, BundleStore } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

/** Bundles on data in memory: the newest stands last. */
export function memoryBundles(data: MemoryData): BundleStore {
  const { bundles } = data;
  return {
    keep: async (bundle) => {
      const before = bundles.get(bundle.id);
      const known = bundle.source === null && before !== undefined ? before : bundle;
      const { commit, source } = known;
      bundles.delete(bundle.id);
      bundles.set(bundle.id, { ...(before ?? bundle), commit, source });
      prune(data);
    },
    find: async (id): Promise<Bundle | null> => bundles.get(id) ?? null,
    latest: async (source): Promise<Bundle | null> =>
      [...bundles.values()].findLast((bundle) => bundle.source === source) ?? null,
  };
}

function prune({ bundles, configuration, holders, tasks }: MemoryData): void {
  const live = [...holders.values()].filter(({ state }) => state === "live");
  const running = [...tasks.values()].flatMap((some) => [...some.values()]);
  const begun = running.flatMap(({ record }) => (record.endedAt === null ? [record.bundle] : []));
  const used = [configuration, ...live.map((holder) => holder.configuration), ...begun];
  for (const id of [...bundles.keys()].slice(0, -BUNDLES_MAX)) {
    if (!used.some((digest) => digest === id || digest?.startsWith(`${id}+`))) bundles.delete(id);
  }
}
