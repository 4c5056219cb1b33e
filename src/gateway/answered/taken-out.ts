/**
 * Calls that this gateway has taken out of answers lately. Their results have no business in a
 * later request, even where the agent tells the conversation in another way.
 */
import { hash } from "node:crypto";
import type { Millis } from "../../guards/money.ts";
import type { Denial } from "../../guards/verdict.ts";
import type { AnsweredCall } from "../../wire/answered-calls.ts";
import type { Caller } from "../call.ts";

/** An agent that runs such a call has its result by then. */
const REMEMBERED_MS: Millis = 3_600_000;
const REMEMBERED_MAX = 10_000;

export interface TakenOutCall {
  /** As the model wrote it. */
  readonly name: string;
  readonly denial: Denial;
}

export class TakenOut {
  /** The oldest first. */
  readonly #calls = new Map<string, { readonly call: TakenOutCall; readonly until: Millis }>();

  /** `now`: monotonic. A call without an id cannot be told again. */
  note({ id, name }: AnsweredCall, denial: Denial, caller: Caller, now: Millis): void {
    if (id === null) return;
    const key = keyOf(id, caller);
    this.#calls.delete(key);
    this.#calls.set(key, { call: { name, denial }, until: now + REMEMBERED_MS });
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > REMEMBERED_MAX && oldest !== undefined) this.#calls.delete(oldest);
  }

  /** Some servers of models number their calls anew: one that gets through has the id from then. */
  forget({ id }: AnsweredCall, caller: Caller): void {
    if (id !== null && this.#calls.size > 0) this.#calls.delete(keyOf(id, caller));
  }

  find(id: string, caller: Caller, now: Millis): TakenOutCall | null {
    if (this.#calls.size === 0) return null;
    const found = this.#calls.get(keyOf(id, caller));
    return found === undefined || found.until <= now ? null : found.call;
  }
}

/** Ids are unique in one conversation at best. */
function keyOf(id: string, { manifest, taskName }: Caller): string {
  return hash("sha256", JSON.stringify([manifest.agent, taskName.id, id]));
}
