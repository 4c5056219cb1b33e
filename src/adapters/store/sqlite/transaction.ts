import type { Millis } from "../../../guards/money.ts";
import type { Sql } from "./sql.ts";

/** What others may wait for. */
export type Change = "wants" | "room" | "changes" | "outcomes";

/** One request inside the transaction of its batch. */
export interface Transaction {
  readonly sql: Sql;
  /** The wall clock of the process when it asked. */
  readonly now: Millis;
  /** Tells whoever watches, once the batch is durable. */
  tell(what: Change): void;
  /** A change that every gateway must learn of, at the latest with its next beat. */
  raiseChange(): void;
}

/** A request's transaction; what it tells is collected in `told`. */
export function transactionOn(sql: Sql, now: Millis, told: Set<Change>): Transaction {
  return {
    sql,
    now,
    tell: (what) => told.add(what),
    raiseChange: () => {
      sql.run("UPDATE store SET change_seq = change_seq + 1");
      told.add("changes");
    },
  };
}
