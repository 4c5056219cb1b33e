import { HOURS_MAX, MERGED_MAX, SUMMED_MAX } from "../../../ports/counters.ts";
import type { CounterStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

/** One sum; all null but the number if nothing changed. */
interface SumRow {
  readonly seq: bigint;
  /** Of the last change. */
  readonly head: bigint;
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

interface HourRow {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  readonly signal: string;
  readonly count: bigint;
  readonly beside: bigint;
  readonly minutes: number;
}

/** Counters, one function call each. */
export function counters(lane: Lane): CounterStore {
  return {
    merge: (holder, totals, after) => merge(lane, holder, totals, after),
    share: (holder, shares, after) => share(lane, holder, shares, after),
    meet: (tools, at) => meet(lane, tools, at),
    async prune(whats, before) {
      const text = "DELETE FROM counter WHERE bucket < $1 AND what = ANY($2)";
      await lane.ask({ text, values: [before, whats] });
    },
    async pruneShares(before) {
      await lane.ask({ text: "DELETE FROM share WHERE at < $1", values: [before] });
    },
    sumHours: (sum, span, after) => sumHours(lane, sum, span, after),
    hours: (hour, after) => hours(lane, hour, after),
    async pruneHours(before) {
      await lane.ask({ text: "DELETE FROM counter_hour WHERE hour < $1", values: [before] });
    },
  };
}

async function merge(
  lane: Lane,
  ...[holder, totals, after]: Parameters<CounterStore["merge"]>
): ReturnType<CounterStore["merge"]> {
  const rows = await lane.ask<SumRow>({
    name: "merge_counts",
    text: "SELECT * FROM merge_counts($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    values: [
      holder,
      totals.map((total) => total.agent),
      totals.map((total) => total.server),
      totals.map((total) => total.tool),
      totals.map((total) => total.what),
      totals.map((total) => total.bucket),
      totals.map((total) => total.total),
      after,
      MERGED_MAX,
    ],
  });
  const [first] = rows;
  if (!first) return { kind: "fenced" };
  const sums = rows.flatMap(({ agent, bucket, head, seq, total, ...row }) =>
    agent === null ? [] : [{ agent, ...row, bucket: Number(bucket), total: Number(total) }],
  );
  return { kind: "ok", sums, seq: Number(first.seq), isMore: first.seq < first.head };
}

async function share(
  lane: Lane,
  ...[holder, shares, after]: Parameters<CounterStore["share"]>
): ReturnType<CounterStore["share"]> {
  const rows = await lane.ask<ShareRow>({
    name: "share_counts",
    text: "SELECT * FROM share_counts($1, $2, $3, $4, $5, $6, $7)",
    values: [
      holder,
      shares.map((one) => one.agent),
      shares.map((one) => one.key),
      shares.map((one) => one.kind),
      shares.map((one) => one.value),
      shares.map((one) => one.at),
      after,
    ],
  });
  const [first] = rows;
  if (!first) return { kind: "fenced" };
  const others = rows.flatMap(({ at, holder: whose, seq, value, ...row }) =>
    whose === null ? [] : [{ ...row, holder: whose, value: Number(value), at: Number(at) }],
  );
  return { kind: "ok", others, seq: Number(first.seq) };
}

async function meet(
  lane: Lane,
  ...[tools, at]: Parameters<CounterStore["meet"]>
): ReturnType<CounterStore["meet"]> {
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
}

async function sumHours(
  lane: Lane,
  ...[sum, { from, until }, after]: Parameters<CounterStore["sumHours"]>
): Promise<string | null> {
  const { beside, count, leftOut, of, signal } = sum;
  const [row] = await lane.ask<{ readonly last: string | null }>({
    name: "sum_hours",
    text: "SELECT sum_hours($1, $2, $3, $4, $5, $6, $7, $8, $9) AS last",
    values: [signal, of === "agent", count, beside, leftOut, from, until, after, SUMMED_MAX],
  });
  return row?.last ?? null;
}

async function hours(
  lane: Lane,
  ...[hour, after]: Parameters<CounterStore["hours"]>
): ReturnType<CounterStore["hours"]> {
  const rows = await lane.ask<HourRow>({
    name: "hours",
    text: `SELECT agent, server, tool, signal, count, beside, minutes FROM counter_hour
      WHERE hour = $1 AND (agent, server, tool, signal) > ($2, $3, $4, $5)
      ORDER BY agent, server, tool, signal LIMIT $6`,
    values: [
      hour,
      ...[after?.agent ?? "", after?.server ?? "", after?.tool ?? "", after?.signal ?? ""],
      HOURS_MAX,
    ],
  });
  return rows.map(({ beside, count, ...row }) => ({
    ...{ ...row, count: Number(count), beside: Number(beside) },
  }));
}
