/**
 * Forgets the accounts of tasks that have ended elsewhere: by another gateway, or with a task above
 * them. Nobody tells this process of those, and there is one for each task it ever served.
 */
import type { Millis } from "../guards/money.ts";
import type { TaskRef } from "../ports/store.ts";
import { type Account, isUnsure } from "./account.ts";
import type { Gateway } from "./gateway.ts";
import { taskOf } from "./tasks.ts";
import { retire, type Tenure } from "./tenure.ts";

/** Untouched for longer than this, an account may be of a task that has ended. */
const UNTOUCHED_MS: Millis = 300_000;
/** The store is asked for all of those this often. */
const LOOK_MS: Millis = 60_000;
/** Asked for at once; the rest a second later. */
const ASKED_AT_ONCE = 1_000;

export class EndedTasks {
  readonly #gateway: Gateway;
  #lookAt: Millis;
  #tenure: Tenure | null = null;
  /** Accounts of that tenure. */
  #queue: readonly Account[] = [];

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#lookAt = gateway.clock.monotonic() + LOOK_MS;
  }

  /** One step, done every second. */
  async forget(tenure: Tenure): Promise<void> {
    const now = this.#gateway.clock.monotonic();
    if (tenure !== this.#tenure) this.#queue = [];
    this.#tenure = tenure;
    if (this.#queue.length === 0) {
      if (now < this.#lookAt) return;
      this.#lookAt = now + LOOK_MS;
      this.#queue = this.#untouched(tenure, now - UNTOUCHED_MS);
    }
    const accounts = this.#queue.slice(0, ASKED_AT_ONCE);
    this.#queue = this.#queue.slice(accounts.length);
    if (accounts.length > 0) await this.#forgetEnded(tenure, accounts);
  }

  #untouched(tenure: Tenure, before: Millis): readonly Account[] {
    const { budgets } = this.#gateway.rules.configuration;
    const perTask = new Set(budgets.flatMap(({ each, name }) => (each === "task" ? [name] : [])));
    return [...tenure.accounts.values()].filter((account) => {
      return perTask.has(account.purse.budget) && account.usedAt < before && isSettled(account);
    });
  }

  async #forgetEnded(tenure: Tenure, accounts: readonly Account[]): Promise<void> {
    const { ledger, tasks } = this.#gateway.store;
    const refs = new Map<string, TaskRef>();
    for (const { purse } of accounts) refs.set(purse.scope, taskOf(purse.scope));
    const told = await tasks.ended([...refs.values()]);
    const names = new Set(told.map(({ agent, id }) => JSON.stringify([agent, id])));
    const ended = accounts.filter(({ purse: { scope } }) => {
      const { agent, id } = taskOf(scope);
      return names.has(JSON.stringify([agent, id]));
    });
    if (ended.length === 0) return;
    // What is forgotten may never be leased again: met once more, its totals begin at nothing. And
    // whoever ended the task may have died before it closed its accounts, or closed no others than
    // those of the task that it named.
    const ids = ended.map(({ id }) => id);
    const open = await ledger.accounts({ ids, open: true, limit: ids.length });
    await Promise.all(open.map(({ budget, scope }) => ledger.closeScope([budget], scope)));
    for (const account of ended) retire(tenure, account);
  }
}

/** Whether the store knows all of it, and none of it is here. */
export function isSettled(account: Account): boolean {
  if (account.leasing !== null || isUnsure(account)) return false;
  const { free, reserved, returned, unflushed } = account.purse.slice;
  const isIdle = reserved === 0 && unflushed === 0 && free <= 0;
  return isIdle && returned === account.returnedKnown;
}
