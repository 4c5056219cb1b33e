import type { Unit } from "../../../guards/budget/unit.ts";
import type {
  Anchor,
  Forfeit,
  JournalEntry,
  JournalQuery,
  JournalStore,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane, Statement } from "./connections.ts";

type EntryRow = Omit<JournalEntry, "no" | "at"> & {
  readonly position: bigint;
  readonly no: bigint;
  readonly at: bigint;
};
type AnchorRow = Omit<Anchor, "no" | "at"> & {
  readonly position: bigint;
  readonly no: bigint;
  readonly at: bigint;
};

interface GapRow {
  readonly holder: string;
  /** Null where nothing was forfeited. */
  readonly account: bigint | null;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly amount: bigint;
}

const GAPS = `SELECT h.id AS holder, a.id AS account, a.budget, a.scope, a.unit, f.amount
  FROM (SELECT * FROM holder WHERE gap IS NOT NULL ORDER BY no LIMIT $1) h
  LEFT JOIN LATERAL jsonb_to_recordset(h.gap) AS f(account bigint, amount bigint) ON true
  LEFT JOIN account a ON a.id = f.account ORDER BY h.no, a.id`;

/** Reading what flushes wrote, and the one entry that no flush writes. */
export function journal(lane: Lane): JournalStore {
  return {
    async read(query) {
      const rows = (await lane.ask<EntryRow>(reading(query))).map(placed);
      return query.take === "newest" ? rows.toReversed() : rows;
    },
    async anchors(after, limit) {
      const order = "ORDER BY position";
      const where = conditions().given("position > ", after);
      return (await lane.ask<AnchorRow>(where.select("anchor", order, limit))).map(placed);
    },
    async gaps(limit) {
      const found = new Map<string, Forfeit[]>();
      for (const row of await lane.ask<GapRow>({ text: GAPS, values: [limit] })) {
        const { account, amount, budget, holder, scope, unit } = row;
        const forfeits = found.get(holder) ?? [];
        found.set(holder, forfeits);
        if (account === null) continue;
        forfeits.push({ account: Number(account), budget, scope, unit, amount });
      }
      return [...found].map(([holder, forfeits]) => ({ holder, forfeits }));
    },
    async writeGap(holder, entry) {
      const { writer, no, at, kind, decision, agent, task, code, body, hash } = entry;
      const [row] = await lane.ask<{ done: boolean }>({
        text: "SELECT write_gap($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS done",
        values: [holder, writer, no, at, kind, decision, agent, task, code, body, hash],
      });
      return row?.done === true;
    },
  };
}

function reading(query: JournalQuery): Statement {
  const where = conditions()
    .when(query.agent === null, "agent IS NULL")
    .given("agent = ", query.agent ?? undefined)
    .given("task = ", query.task)
    .given("code = ", query.code)
    .given("decision = ", query.decision)
    .given("kind = ", query.kind)
    .given("writer = ", query.writer)
    .given("at >= ", query.from)
    .given("at < ", query.to)
    .given("position > ", query.after)
    .given("position <= ", query.upTo);
  const order = query.take === "newest" ? "ORDER BY position DESC" : "ORDER BY position";
  return where.select("journal", order, query.limit);
}

function placed<
  Row extends { readonly position: bigint; readonly no: bigint; readonly at: bigint },
>(row: Row) {
  return {
    ...row,
    position: Number(row.position),
    no: Number(row.no),
    at: Number(row.at),
  };
}
