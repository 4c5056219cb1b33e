import type { Unit } from "../../../guards/budget/unit.ts";
import type {
  ForfeitFilter,
  ForfeitRow,
  ForfeitStore,
  HolderRow,
  Release,
  Released,
  ReleaseWanted,
} from "../../../ports/store.ts";
import { conditions, ROWS_MAX } from "./conditions.ts";
import type { Lane, Statement } from "./connections.ts";
import { optionalNumber, type Value } from "./values.ts";

interface Row {
  readonly holder: HolderRow;
  readonly account: bigint;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly starts: bigint;
  readonly ends: bigint | null;
  readonly amount: bigint;
}

type ReleaseRow = Omit<Release, "account" | "at"> & {
  readonly no: bigint;
  readonly account: bigint;
  readonly at: bigint;
};

type AnswerRow = { readonly [Column in keyof ReleaseRow]: ReleaseRow[Column] | null } & {
  readonly kind: "released" | "already" | "fence" | "nothing";
};

/** Forfeits: a list, and one function call to release some. */
export function forfeits(lane: Lane): ForfeitStore {
  return {
    async list(filter) {
      const text = "SELECT * FROM forfeits($1, $2, $3, $4, 0, $5)";
      return (await lane.ask<Row>({ text, values: named(filter) })).map(forfeitRow);
    },
    release: async (wanted) => answered(await lane.ask<AnswerRow>(releasing(wanted))),
    async releases({ id, limit }) {
      const statement = conditions()
        .given("id = ", id)
        .select("released", "ORDER BY no DESC", limit);
      return (await lane.ask<ReleaseRow>(statement)).map(releaseOf);
    },
  };
}

/** The first parameters of both functions, less the amount, and the last. */
function named({ budget, holder, limit, scope, unit }: ForfeitFilter): Value[] {
  const which = [holder ?? null, budget ?? null, scope ?? null, unit ?? null];
  return [...which, Math.min(limit, ROWS_MAX)];
}

function forfeitRow({ account, ends, starts, ...row }: Row): ForfeitRow {
  const window = { starts: Number(starts), ends: optionalNumber(ends) };
  return { ...row, account: Number(account), ...window };
}

function releasing({ forfeits: which, ...wanted }: ReleaseWanted): Statement {
  const { billed, evidence, id, operator, reason } = wanted;
  const [holder = null, budget = null, scope = null, unit = null, atMost = null] = named(which);
  return {
    text: "SELECT * FROM release_forfeits($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    values: [id, holder, budget, scope, unit, billed, evidence, operator, reason, atMost],
  };
}

/** Only `released` says that something was given back now. */
function answered(rows: readonly AnswerRow[]): Released {
  const kind = rows[0]?.kind ?? "nothing";
  if (kind === "fence" || kind === "nothing") return { kind: "refused", missing: kind };
  const there = rows.filter((row): row is AnswerRow & ReleaseRow => row.id !== null);
  return { kind, releases: there.map(releaseOf) };
}

function releaseOf(row: ReleaseRow): Release {
  const { amount, billed, budget, evidence, holder, id, operator, reason, scope, unit } = row;
  const who = { id, holder, account: Number(row.account), budget, scope, unit };
  return { ...who, amount, billed, evidence, operator, reason, at: Number(row.at) };
}
