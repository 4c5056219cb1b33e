import type { PermitStore, PermitWish, Returned } from "../../../ports/store.ts";
import type { Lane, Statement } from "./connections.ts";
import { optionalNumber } from "./values.ts";

/** One permit that is owned; all null but the first if none is. */
interface TakenRow {
  readonly unowned: bigint;
  readonly no: bigint | null;
  readonly number: bigint | null;
  readonly age_ms: bigint | null;
}

/** Permits, one function call each. */
export function permits(lane: Lane): PermitStore {
  return {
    async take(holder, wish) {
      const rows = await lane.ask<TakenRow>(taking(holder, wish));
      const [first] = rows;
      if (!first) return { kind: "fenced" };
      const owned = rows.flatMap(({ age_ms, no, number }) =>
        no === null || number === null
          ? []
          : [{ no: Number(no), number: Number(number), ageMs: optionalNumber(age_ms) }],
      );
      return { kind: "ok", owned, unowned: Number(first.unowned) };
    },
    async give(holder, returned) {
      const [row] = await lane.ask<{ kind: "ok" | "fenced" }>(giving(holder, returned));
      return row?.kind === "ok" ? { kind: "ok" } : { kind: "fenced" };
    },
  };
}

function taking(holder: string, wish: PermitWish): Statement {
  const { agent, bounds, most, requests, server, tool } = wish;
  return {
    name: "take_permits",
    text: "SELECT * FROM take_permits($1, $2, $3, $4, $5, $6, $7)",
    values: [holder, agent, server, tool, bounds, requests, most],
  };
}

function giving(holder: string, returned: readonly Returned[]): Statement {
  return {
    name: "give_permits",
    text: "SELECT give_permits($1, $2, $3, $4, $5, $6, $7, $8) AS kind",
    values: [
      holder,
      returned.map((permit) => permit.agent),
      returned.map((permit) => permit.server),
      returned.map((permit) => permit.tool),
      returned.map((permit) => permit.bounds),
      returned.map((permit) => permit.no),
      returned.map((permit) => permit.number),
      returned.map(({ idleMs }) => (idleMs === null ? null : Math.floor(idleMs))),
    ],
  };
}
