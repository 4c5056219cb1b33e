import type { Purse } from "../guards/budget/slice.ts";
import { type Amounts, NOTHING } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { Account } from "./account.ts";

/** One call's way through admission: which accounts it has been told about. */
export class Attempt {
  readonly accounts: readonly Account[];
  readonly deadline: Millis;
  /** The next refusal is final. */
  last = false;
  /** What it was last short of, in all. */
  need: Amounts = NOTHING;
  readonly #asked = new Set<Account>();

  constructor(accounts: readonly Account[], deadline: Millis) {
    this.accounts = accounts;
    this.deadline = deadline;
  }

  purses(): readonly Purse[] {
    if (this.#asked.size === 0) return this.accounts.map(({ purse }) => purse);
    return this.accounts.map((account) =>
      this.#asked.has(account) ? { ...account.purse, seen: account.view } : account.purse,
    );
  }

  ask(accounts: readonly Account[]): void {
    for (const account of accounts) this.#asked.add(account);
  }

  forget(): void {
    this.#asked.clear();
  }
}
