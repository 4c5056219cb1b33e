import type { CounterStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

/** One sum; all null but the number if nothing changed. */
interface SumRow {
  readonly seq: bigint;
  readonly agent: string | null;
  readonly server: string;
  readonly tool: string;
  readonly bucket: bigint;
  readonly total: bigint;
}

/** Counters, one function call each. */
export function counters(lane: Lane): CounterStore {
  return {
    async merge(holder, totals, after) {
      const rows = await lane.ask<SumRow>({
        name: "merge_counts",
        text: "SELECT * FROM merge_counts($1, $2, $3, $4, $5, $6, $7)",
        values: [
          holder,
          totals.map((total) => total.agent),
          totals.map((total) => total.server),
          totals.map((total) => total.tool),
          totals.map((total) => total.bucket),
          totals.map((total) => total.total),
          after,
        ],
      });
      const [first] = rows;
      if (!first) return { kind: "fenced" };
      const sums = rows.flatMap(({ agent, bucket, seq, total, ...row }) =>
        agent === null ? [] : [{ agent, ...row, bucket: Number(bucket), total: Number(total) }],
      );
      return { kind: "ok", sums, seq: Number(first.seq) };
    },
    async prune(before) {
      await lane.ask({ text: "DELETE FROM counter WHERE bucket < $1", values: [before] });
    },
  };
}
