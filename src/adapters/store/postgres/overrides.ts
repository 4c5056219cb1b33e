import type { NewOverride, Override, OverrideStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";
import { type AccountRow, accountState, optionalNumber } from "./values.ts";

interface Row extends Omit<Override, "account" | "limit" | "by" | "at" | "starts" | "ends"> {
  readonly account: bigint;
  readonly limit_n: bigint;
  readonly said_by: string;
  readonly at: bigint;
  readonly starts: bigint;
  readonly ends: bigint | null;
}

/** Raised limits, one function call each. */
export function overrides(lane: Lane): OverrideStore {
  return {
    async raise({ account, at, by, id, limit, reason, review }: NewOverride) {
      const [row] = await lane.ask<AccountRow>({
        name: "raise_limit",
        text: "SELECT * FROM raise_limit($1, $2, $3, $4, $5, $6, $7)",
        values: [id, account, limit, reason, by, at, review],
      });
      return row ? accountState(row) : null;
    },
    async list(limit) {
      const text = "SELECT * FROM override_in_force ORDER BY no DESC LIMIT $1";
      return (await lane.ask<Row>({ text, values: [limit] })).map(overrideFrom);
    },
  };
}

function overrideFrom(row: Row): Override {
  const { budget, configured, id, reason, review, scope, unit, window } = row;
  return {
    ...{ id, budget, scope, unit, window, configured, reason, review },
    ...{ account: Number(row.account), limit: row.limit_n, by: row.said_by, at: Number(row.at) },
    ...{ starts: Number(row.starts), ends: optionalNumber(row.ends) },
  };
}
