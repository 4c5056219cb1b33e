import type { CounterStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

/** One sum; all null but the number if nothing changed. */
interface SumRow {
  readonly seq: bigint;
  readonly agent: string | null;
  readonly server: string;
  readonly tool: string;
  readonly what: string;
  readonly bucket: bigint;
  readonly total: bigint;
}

/** One share of another holder; all null but the number if none changed. */
interface ShareRow {
  readonly seq: bigint;
  readonly holder: string | null;
  readonly agent: string;
  readonly key: string;
  readonly kind: string;
  readonly value: bigint;
  readonly at: bigint;
}

interface NewRow {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  readonly known: bigint;
}

/** Counters, one function call each. */
export function counters(lane: Lane): CounterStore {
  return {
    async merge(holder, totals, after) {
      const rows = await lane.ask<SumRow>({
        name: "merge_counts",
        text: "SELECT * FROM merge_counts($1, $2, $3, $4, $5, $6, $7, $8)",
        values: [
          holder,
          totals.map((total) => total.agent),
          totals.map((total) => total.server),
          totals.map((total) => total.tool),
          totals.map((total) => total.what),
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
    async share(holder, shares, after) {
      const rows = await lane.ask<ShareRow>({
        name: "share_counts",
        text: "SELECT * FROM share_counts($1, $2, $3, $4, $5, $6, $7)",
        values: [
          holder,
          shares.map((share) => share.agent),
          shares.map((share) => share.key),
          shares.map((share) => share.kind),
          shares.map((share) => share.value),
          shares.map((share) => share.at),
          after,
        ],
      });
      const [first] = rows;
      if (!first) return { kind: "fenced" };
      const others = rows.flatMap(({ at, holder: whose, seq, value, ...row }) =>
        whose === null ? [] : [{ ...row, holder: whose, value: Number(value), at: Number(at) }],
      );
      return { kind: "ok", others, seq: Number(first.seq) };
    },
    async meet(tools, at) {
      if (tools.length === 0) return [];
      const rows = await lane.ask<NewRow>({
        name: "meet_tools",
        text: "SELECT * FROM meet_tools($1, $2, $3, $4)",
        values: [
          tools.map((tool) => tool.agent),
          tools.map((tool) => tool.server),
          tools.map((tool) => tool.tool),
          at,
        ],
      });
      return rows.map(({ known, ...row }) => ({ ...row, known: Number(known) }));
    },
    async prune(whats, before) {
      const text = "DELETE FROM counter WHERE bucket < $1 AND what = ANY($2)";
      await lane.ask({ text, values: [before, whats] });
    },
    async pruneShares(before) {
      await lane.ask({ text: "DELETE FROM share WHERE at < $1", values: [before] });
    },
  };
}
