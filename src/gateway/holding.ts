/**
 * This process's standing with the store: registered, heard from lately, or not.
 *
 *   standing ──grace without an answered heartbeat──► cut off ──answered again, still live──►
 * standing
 *      │                                                 │
 *      └──────────────── the store says fenced ──────────┴──► registers anew, under a new id
 *
 * A cut-off process refuses itself before any other may fence it, whatever its clocks or its sleep.
 */
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { Chance, Clock } from "../ports/clock.ts";
import type { Beat, HolderId, HolderInfo, HolderStore } from "../ports/store.ts";
import type { Journal } from "../telemetry/journal.ts";
import type { Log } from "../telemetry/log.ts";
import { Neighbours } from "./neighbours.ts";
import { elapsed, type Mark, Tenure } from "./tenure.ts";

const BEAT_MS = 1_000;
const RETRY_MS = 1_000;
const HOLDER_ID_BYTES = 16;

export interface HoldingSettings {
  readonly holders: HolderStore;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly graceMs: Millis;
  readonly expiryMs: Millis;
  /** Everything of a holder but its id; the configuration is the one in force now. */
  readonly describe: () => Omit<HolderInfo, "id">;
  /** The chain of a new tenure. */
  readonly journalFor: (writer: string) => Promise<Journal>;
  readonly onBeat: (beat: Beat) => void;
  /** The store is back, or lost: told once each. */
  readonly onLost: (message: string) => void;
  readonly onFound: (afterMs: Millis) => void;
  readonly onFenced: (former: Tenure) => void;
  /** Registering anew is refused: the others run another configuration meanwhile. */
  readonly onOtherConfiguration: (digest: string) => Promise<void>;
  /** Fences another process that has gone silent; `seen` is the number of its last beat. */
  readonly fenceOther: (id: HolderId, seen: number) => Promise<void>;
}

/** Why this process cannot start on this store. */
export class CannotRegister extends Error {
  override readonly name = "CannotRegister";
}

export class Holding {
  readonly #settings: HoldingSettings;
  readonly #neighbours: Neighbours;
  #tenure: Tenure | null = null;
  #stopBeating: (() => void) | null = null;
  #stopped = false;
  #beating: Promise<void> | null = null;
  #lostAt: Millis | null = null;
  #generation: string | null = null;
  /** The number of the last change that it was told of. */
  #heard = 0;
  /** The store came back with less than it had acknowledged; only a restart by a person goes on. */
  #storeLostCommits = false;
  /** The store's wall clock less our monotonic one: a step of our own changes nothing. */
  #aheadMs: Millis;
  readonly former = new Set<Tenure>();

  constructor(settings: HoldingSettings) {
    this.#settings = settings;
    this.#neighbours = new Neighbours(settings.expiryMs, settings.clock);
    this.#aheadMs = settings.clock.wall() - settings.clock.monotonic();
  }

  /** The tenure under which calls are admitted. */
  get tenure(): Tenure {
    if (this.#tenure === null) throw new Error("asked for the tenure before registration");
    return this.#tenure;
  }

  /** The store's wall clock, as far as this process knows. */
  storeNow(): Millis {
    return Math.floor(this.#settings.clock.monotonic() + this.#aheadMs);
  }

  /** Milliseconds since the last answered heartbeat was sent, by the clock that says more. */
  get beatAgeMs(): Millis {
    return elapsed(this.tenure.sent, this.#mark());
  }

  /** May this tenure still admit and write? Null, or the refusal. */
  refusal(tenure: Tenure): Denial | null {
    const isLess = this.#storeLostCommits || tenure.storeLostCommits;
    if (isLess) return deny("gateway.unsure", { because: "store lost commits" });
    const behind = tenure.follows && tenure.caughtUp === null;
    if (tenure.fenced || behind) return deny("gateway.fenced", {}, RETRY_MS);
    const { graceMs: grace_ms } = this.#settings;
    // What it has read is never younger than what it has heard.
    if (elapsed(tenure.read, this.#mark()) < grace_ms) return null;
    return deny("store.unreachable", { grace_ms }, RETRY_MS);
  }

  /** Everything was read that changed up to this number, as the last heartbeat told it or before. */
  hasRead(changeSeq: number): void {
    if (changeSeq >= this.#heard) this.tenure.read = this.tenure.sent;
  }

  /** Registers and keeps beating until `stop`. */
  async start(): Promise<Beat> {
    const beat = await this.#register();
    this.#arm();
    return beat;
  }

  /** No more heartbeats; waits for the one under way, which may yet end in another tenure. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopBeating?.();
    await this.#beating;
  }

  #arm(): void {
    this.#stopBeating = this.#settings.clock.after(BEAT_MS, () => {
      void this.beat().finally(() => {
        if (!this.#stopped) this.#arm();
      });
    });
  }

  /** One heartbeat now. Never rejects: without an answer the grace runs on. */
  beat(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  async #beat(): Promise<void> {
    const tenures = [this.tenure, ...this.former];
    if (tenures.some(({ storeLostCommits }) => storeLostCommits)) this.#refuseStore();
    try {
      await (this.tenure.fenced ? this.#renew() : this.#beatOnce());
      this.#found();
    } catch (error) {
      this.#lost(error);
    }
  }

  async #beatOnce(): Promise<void> {
    const tenure = this.tenure;
    const mark = this.#mark();
    const before = tenure.doneNo;
    const answer = await this.#settings.holders.beat(tenure.id);
    if (answer.kind === "fenced") {
      tenure.fenced = true;
      return this.#renew();
    }
    tenure.hear(answer.doneNo, before, 0);
    if (tenure.storeLostCommits) this.#refuseStore();
    this.#accept(answer, mark);
    await this.#neighbours.watch(answer.live, tenure.id, this.#settings.fenceOther);
  }

  #accept(beat: Beat, mark: Mark): void {
    if (this.#generation !== null && beat.generation !== this.#generation) this.#refuseStore();
    this.#generation = beat.generation;
    this.tenure.sent = mark;
    this.#heard = beat.changeSeq;
    this.#aheadMs = beat.now - this.#settings.clock.monotonic();
    this.#settings.onBeat(beat);
  }

  #refuseStore(): void {
    if (this.#storeLostCommits) return;
    this.#storeLostCommits = true;
    this.#settings.log.error("the store has lost commits that it had acknowledged: refusing all", {
      hint: "compare its ledger with the providers' bills, then restart this gateway",
    });
  }

  async #renew(): Promise<void> {
    const former = this.tenure;
    // A fence leaves the holder's row where it was: a store without it is older than its holder.
    const rows = await this.#settings.holders.list();
    if (!rows.some(({ id }) => id === former.id)) this.#refuseStore();
    await this.#register();
    // Not before: until then refusals are written into its journal, and a former one is closed.
    this.former.add(former);
    this.#settings.onFenced(former);
  }

  async #register(): Promise<Beat> {
    const { chance, holders, journalFor, describe } = this.#settings;
    const id = chance.hex(HOLDER_ID_BYTES);
    const journal = await journalFor(id);
    const mark = this.#mark();
    const answer = await holders.register({ id, ...describe() });
    if (answer.kind === "other-key") {
      throw new CannotRegister(
        `the store was written with another encryption key (${answer.keyId}): use that key`,
      );
    }
    if (answer.kind === "other-configuration") {
      // Only a process that had started can follow; the next attempt is made with what it has then.
      if (this.#tenure !== null) {
        await this.#settings.onOtherConfiguration(answer.configuration);
      }
      const others = answer.holders.map(({ host, pid }) => `${host}:${pid}`).join(", ");
      throw new CannotRegister(
        `gateways on this store (${others}) run another configuration (${answer.configuration}): ` +
          "give this one the same guardrails folder, or stop those",
      );
    }
    this.#tenure = new Tenure(id, journal, mark, this.#tenure !== null);
    this.#accept(answer, mark);
    return answer;
  }

  #mark(): Mark {
    const { clock } = this.#settings;
    return { wall: clock.wall(), monotonic: clock.monotonic() };
  }

  #lost(error: unknown): void {
    if (this.#lostAt !== null) return;
    this.#lostAt = this.#settings.clock.monotonic();
    this.#settings.onLost(error instanceof Error ? error.message : String(error));
  }

  #found(): void {
    if (this.#lostAt === null) return;
    this.#settings.onFound(this.#settings.clock.monotonic() - this.#lostAt);
    this.#lostAt = null;
  }
}
