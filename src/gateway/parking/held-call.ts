/**
 * A call whose client is kept waiting. This is all that is kept of it meanwhile: whoever brought it
 * here has left, and it goes on from here.
 */
import type { Millis } from "../../guards/money.ts";
import type { Parked } from "../../ports/store.ts";
import type { Call, Waits } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { unsure } from "../unsure.ts";
import { leave } from "./ends.ts";
import type { Held } from "./held.ts";
import { reassures } from "./hold.ts";
import { depart, look, type Waited, type Waiting } from "./look.ts";

/** A client that takes them is sent a 102 this often: proxies and clients count the silence. */
const REASSURE_MS: Millis = 15_000;

/** What a call needs that goes on, or is refused after all. */
export type Resting = Pick<Waits, "accounts" | "answers"> & { readonly call: Call };

/** Never rejects. */
export type After = (rested: Resting, waited: Waited, gateway: Gateway) => Promise<void>;

interface Holding extends Resting {
  readonly row: Parked;
  /** Monotonic: its client is told to come again then. */
  readonly until: Millis;
  readonly after: After;
}

export class HeldCall implements Held, Resting {
  readonly call: Call;
  readonly accounts: Resting["accounts"];
  readonly answers: Resting["answers"];
  nextAt: Millis | null = null;
  isStale = false;
  readonly #row: Waiting;
  readonly #until: Millis;
  readonly #after: After;
  readonly #gateway: Gateway;
  #came: Waited | null = null;
  #reassuredAt: Millis;

  constructor({ accounts, after, answers, call, row, until }: Holding, gateway: Gateway) {
    this.call = call;
    this.accounts = accounts;
    this.answers = answers;
    const { call: parked, cause, maybeSent, review, state } = row;
    this.#row = { call: parked, cause, maybeSent, review, state };
    this.#until = until;
    this.#after = after;
    this.#gateway = gateway;
    this.#reassuredAt = gateway.clock.monotonic();
  }

  get parked(): string {
    return this.#row.call;
  }

  /** What its waiting came to at once; else it is held. */
  async begin(): Promise<Waited | "held"> {
    const { lot } = this.#gateway;
    lot.await(this.parked);
    this.call.client.onGone(() => lot.held.wake(this));
    const isHeld = await lot.held.hold(this);
    return isHeld || this.#came === null ? "held" : this.#came;
  }

  async look(): Promise<Millis | null> {
    const { clock, lot } = this.#gateway;
    const looked = await this.#looked();
    if (looked.kind !== "waits") {
      this.#came = looked;
      lot.awaitNoMore(this.parked);
      return null;
    }
    const now = clock.monotonic();
    const informs = reassures(this.call.incoming, this.call.client);
    if (informs && now - this.#reassuredAt >= REASSURE_MS) {
      this.call.client.reassure();
      this.#reassuredAt = now;
    }
    const next = informs ? this.#reassuredAt + REASSURE_MS : Number.POSITIVE_INFINITY;
    return Math.max(Math.min(now + looked.forMs, this.#until, next), now + 1);
  }

  async #looked() {
    const { clock, lot } = this.#gateway;
    try {
      const looked = await look(this.call, this.#row, this.#gateway);
      if (looked.kind !== "waits") return looked;
      const isLate = clock.monotonic() >= this.#until;
      if (!this.call.client.isGone() && !isLate && !lot.isReleased) return looked;
      return await depart(this.call, this.#row, this.#gateway);
    } catch (error) {
      void leave(this.parked, this.call, this.#gateway);
      return { kind: "deny", denial: unsure(error, this.#gateway) } as const;
    }
  }

  async goOn(): Promise<void> {
    const { lot } = this.#gateway;
    lot.leave(this.call.incoming.manifest.agent);
    if (this.#came !== null) await this.#after(this, this.#came, this.#gateway);
  }
}
