/**
 * How many calls of a task were let through, for policies. Counted for agents that have policies
 * alone, and told to the other gateways once a second.
 */
import type { Millis } from "../../guards/money.ts";
import type { Share } from "../../ports/store.ts";
import { Newest } from "../newest.ts";
import type { Elsewhere } from "./elsewhere.ts";

/** Of all agents; beyond, the task that made no call for longest is counted anew. */
const TASKS_MAX = 200_000;
/** What another gateway said of a task is of use until it says more, at most so long. */
const SHARE_MS: Millis = 24 * 3_600_000;

interface Made {
  readonly agent: string;
  readonly task: string;
  calls: number;
}

export class TaskCalls {
  readonly #elsewhere: Elsewhere;
  readonly #made = new Newest<Made>(TASKS_MAX);
  readonly #unshared = new Set<Made>();

  constructor(elsewhere: Elsewhere) {
    this.#elsewhere = elsewhere;
  }

  /** One more was let through. */
  add(agent: string, task: string): void {
    const name = nameOf(agent, task);
    const made = this.#made.get(name) ?? { agent, task, calls: 0 };
    made.calls += 1;
    this.#made.set(name, made);
    this.#unshared.add(made);
  }

  /** Of all gateways, as far as they have told. */
  of(agent: string, task: string, storeNow: Millis): number {
    const own = this.#made.get(nameOf(agent, task))?.calls ?? 0;
    const others = this.#elsewhere.of(agent, shareOf(task), storeNow - SHARE_MS);
    return others.reduce((sum, { value }) => sum + value, own);
  }

  shares(storeNow: Millis): readonly Share[] {
    const shares = [...this.#unshared].map(({ agent, calls, task }) => ({
      ...{ agent, key: shareOf(task), kind: "", value: calls, at: storeNow },
    }));
    this.#unshared.clear();
    return shares;
  }
}

function nameOf(agent: string, task: string): string {
  return `${agent}\u0000${task}`;
}

function shareOf(task: string): string {
  return `calls ${task}`;
}
