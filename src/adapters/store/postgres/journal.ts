import type { Anchor, JournalEntry, JournalQuery, JournalStore } from "../../../ports/store.ts";
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

/** Reading what flushes wrote. */
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
  };
}

function reading(query: JournalQuery): Statement {
  const where = conditions()
    .given("agent = ", query.agent)
    .given("task = ", query.task)
    .given("code = ", query.code)
    .given("decision = ", query.decision)
    .given("kind = ", query.kind)
    .given("writer = ", query.writer)
    .given("at >= ", query.from)
    .given("at <= ", query.to)
    .given("position > ", query.after);
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
