import { BUNDLES_MAX } from "../../../ports/bundles.ts";
import type { Bundle, BundleStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";
import type { Value } from "./values.ts";

interface BundleRow {
  readonly id: string;
  readonly source: string | null;
  readonly git_commit: string | null;
  readonly content: Uint8Array;
}

/** Files of configurations. */
export function bundles(lane: Lane): BundleStore {
  const first = async (where: string, value: Value): Promise<Bundle | null> => {
    const text = `SELECT id, source, git_commit, content FROM bundle WHERE ${where} LIMIT 1`;
    const [row] = await lane.ask<BundleRow>({ text, values: [value] });
    if (row === undefined) return null;
    const { content, git_commit: commit, id, source } = row;
    return { id, source, commit, content: new Uint8Array(content) };
  };
  return {
    async keep({ commit, content, id, source }) {
      const values = [id, source, commit, content, BUNDLES_MAX];
      await lane.ask({ text: "SELECT keep_bundle($1, $2, $3, $4, $5)", values });
    },
    find: (id) => first("id = $1", id),
    latest: (source) => first("source = $1 ORDER BY no DESC", source),
  };
}
