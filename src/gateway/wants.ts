/**
 * What waiting calls need of accounts that other processes hold, told to the store as it changes.
 */
import type { AccountId, LedgerStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Attempt } from "./attempt.ts";
import type { Tenure } from "./tenure.ts";

export class Wants {
  readonly #ledger: LedgerStore;
  readonly #log: Log;
  readonly #attempts = new Set<Attempt>();
  #telling: Promise<void> | null = null;
  #changed = false;

  constructor(ledger: LedgerStore, log: Log) {
    this.#ledger = ledger;
    this.#log = log;
  }

  add(tenure: Tenure, attempt: Attempt): void {
    if (this.#attempts.has(attempt)) return;
    this.#attempts.add(attempt);
    this.#tell(tenure);
  }

  drop(tenure: Tenure, attempt: Attempt): void {
    if (this.#attempts.delete(attempt)) this.#tell(tenure);
  }

  /** One message at a time; what changes meanwhile goes with the next. */
  #tell(tenure: Tenure): void {
    this.#changed = true;
    this.#telling ??= this.#tellAll(tenure).finally(() => {
      this.#telling = null;
    });
  }

  async #tellAll(tenure: Tenure): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      const wanting = this.#sums();
      tenure.wanting.clear();
      for (const [account, amount] of wanting) tenure.wanting.set(account, amount);
      try {
        const wants = [...wanting].map(([account, amount]) => ({ account, amount }));
        await this.#ledger.want(tenure.id, wants);
      } catch (error) {
        this.#log.warn("the store did not take a recall; waiting calls will be told to retry", {
          error,
        });
      }
    }
  }

  #sums(): ReadonlyMap<AccountId, bigint> {
    const sums = new Map<AccountId, bigint>();
    for (const { accounts, need } of this.#attempts) {
      for (const { id, purse } of accounts) {
        const lacking = Math.max(0, need[purse.unit] - purse.slice.free);
        if (lacking > 0) sums.set(id, (sums.get(id) ?? 0n) + BigInt(lacking));
      }
    }
    return sums;
  }
}
