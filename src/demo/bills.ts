/** What the far ends counted: the figures of the demo are these, and none of the gateway's. */
import type { Millis, NanoUsd } from "../guards/money.ts";

/** The two customers of the model and of the tool server, told apart by their credentials. */
export const ACCOUNTS = ["unguarded", "guarded"] as const;
export type Account = (typeof ACCOUNTS)[number];

export interface Bill {
  readonly calls: number;
  readonly nanoUsd: NanoUsd;
  /** Tickets that were solved, where the tool server is asked. */
  readonly solved: number;
  /** When the first empty file went out, of the wall clock; null: none did. */
  readonly firstEmptyAt: Millis | null;
}

export type Bills = Readonly<Record<Account, Bill>>;

export const NOTHING: Bill = { calls: 0, nanoUsd: 0, solved: 0, firstEmptyAt: null };

/** The running bills of a far end. */
export class Books {
  readonly #bills: Record<Account, Bill> = { unguarded: NOTHING, guarded: NOTHING };

  of(account: Account): Bill {
    return this.#bills[account];
  }

  change(account: Account, changes: Partial<Bill>): void {
    this.#bills[account] = { ...this.#bills[account], ...changes };
  }

  charge(account: Account, nanoUsd: NanoUsd): void {
    const { calls, nanoUsd: before } = this.of(account);
    this.change(account, { calls: calls + 1, nanoUsd: before + nanoUsd });
  }

  render(): string {
    return JSON.stringify(this.#bills);
  }
}

export function isAccount(name: string): name is Account {
  return ACCOUNTS.some((account) => account === name);
}
