/** The gateway's parts, wired to each other and to the store, without any listener. */
import { Collector } from "../adapters/heap/collector.ts";
import { Cashier } from "../gateway/cashier.ts";
import { Clutches } from "../gateway/clutches.ts";
import { Owed } from "../gateway/commitments/owed.ts";
import { decisionParts } from "../gateway/decisions/parts.ts";
import { Flags } from "../gateway/flags.ts";
import { Flusher } from "../gateway/flush.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { handle } from "../gateway/handle.ts";
import { Holding } from "../gateway/holding.ts";
import { Inputs } from "../gateway/inputs.ts";
import { Keys } from "../gateway/keys.ts";
import { Messages } from "../gateway/messages.ts";
import { noteBeat, noteOutcomes, noteRoom } from "../gateway/notices.ts";
import { Observation } from "../gateway/observation.ts";
import { Lot } from "../gateway/parking/lot.ts";
import type { Seal } from "../gateway/parking/seal.ts";
import { Past, type ReadPast } from "../gateway/past.ts";
import { type DecisionRecords, NO_RECORDS } from "../gateway/policies/records.ts";
import { Rates } from "../gateway/rates.ts";
import type { Ruleset } from "../gateway/ruleset.ts";
import { note } from "../gateway/signals/note.ts";
import { Signals } from "../gateway/signals/signals.ts";
import { Tasks } from "../gateway/tasks.ts";
import { Transcripts } from "../gateway/transcripts/transcripts.ts";
import type { Event } from "../guards/events.ts";
import type { Chance, Clock } from "../ports/clock.ts";
import type { Beat, HolderInfo, Store, TaskRecord } from "../ports/store.ts";
import { readHeads } from "../telemetry/anchor.ts";
import { Journal } from "../telemetry/journal.ts";
import type { Log } from "../telemetry/log.ts";
import { Metrics } from "../telemetry/metrics.ts";
import type { Traces } from "../telemetry/traces.ts";
import { fenceSilent } from "./boot.ts";
import { endTask } from "./end-task.ts";
import { Gaps, gapWriter } from "./gaps.ts";
import { newMemory } from "./memory.ts";

/** No change has this number. */
const UNREAD = -1;

export interface CoreSettings {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly rules: Ruleset;
  readonly journalKey: Uint8Array;
  readonly seal: Seal;
  readonly describe: Omit<HolderInfo, "id" | "configuration">;
  readonly version: string;
  readonly traces?: Traces | null;
  /** The configuration of files that the store keeps; without it none can be read. */
  readonly readPast?: ReadPast;
  readonly records?: DecisionRecords;
}

export class Core {
  readonly gateway: Gateway;
  readonly #settings: CoreSettings;
  readonly #gaps: Gaps;
  #changeSeq: number | null = null;
  #refreshing: Promise<void> | null = null;
  #changed = false;
  #stopped = false;
  #follow: (digest: string) => Promise<void> = async () => {};

  constructor(settings: CoreSettings) {
    const { chance, clock, log, rules, store } = settings;
    this.#settings = settings;
    const flusher = new Flusher(store.ledger, store.holders, clock, log);
    const lot = new Lot(store.parking, clock, log);
    const messages = new Messages(store.messages, log);
    const emitNow = (event: Event) => emit(this.gateway, this.gateway.holding.tenure, event);
    this.gateway = {
      ...newMemory(),
      handle: (call) => handle(call, this.gateway),
      heard: (event) => note(event, this.gateway),
      ...{ clock, chance, log, store },
      heap: new Collector(),
      flusher,
      machine: settings.describe,
      version: settings.version,
      metrics: new Metrics(),
      traces: settings.traces ?? null,
      holding: this.#holding(),
      lot,
      messages,
      seal: settings.seal,
      clutches: new Clutches(store.clutch, log, {
        happened: emitNow,
        goingOn: () => Promise.all([lot.learn(), messages.load()]),
        engaged: (agent) => this.#forget(agent),
        changed: () => lot.wake(),
      }),
      signals: new Signals({ store: store.counters, clock, log }),
      ...decisionParts(clock),
      rates: new Rates(store.permits, clock, log),
      cashier: new Cashier(store.ledger, clock, log, flusher),
      keys: new Keys(store.registry, clock),
      tasks: this.#tasks(emitNow),
      past: new Past(settings.readPast ?? (async () => null)),
      observation: new Observation(clock, log),
      owedCommitments: new Owed(log),
      flags: new Flags(store.registry, clock, log),
      inputs: new Inputs(store.inputs, settings.seal, clock, log),
      transcripts: new Transcripts(settings, () => this.gateway.holding.storeNow()),
      endTask: (agent, id, outcome, by) => endTask({ agent, id, outcome, by }, this.gateway),
      ...{ records: settings.records ?? NO_RECORDS, rules, closedBecause: null, draining: false },
      requests: 0,
      drains: 0,
      decisions: 0,
    };
    this.#gaps = new Gaps(this.gateway);
  }

  /** Registers, reads what the store knows, and begins to listen to it. */
  async start(follow: (digest: string) => Promise<void>): Promise<void> {
    const { clutches, flags, holding, keys, lot, messages, recent, store } = this.gateway;
    const { clock, rules } = this.#settings;
    await fenceSilent(store, rules.configuration, clock);
    this.#follow = follow;
    const { changeSeq } = await holding.start();
    const known = [keys.load(), flags.load(), lot.learn(), messages.load(), clutches.load()];
    await Promise.all(known);
    // Not before: from here on calls are served, and others wait for what this one lets through.
    await recent.catchUp(changeSeq, this.gateway);
    await this.#gaps.write();
    store.holders.watch((what) => {
      if (what === "wants") void holding.beat();
      if (what === "room") noteRoom(holding.tenure);
      if (what === "outcomes") noteOutcomes(this.gateway);
      if (what === "changes") this.#noteChange();
    });
  }

  /** Ends what it reads: after it the store may be closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.gateway.holding.stop();
    await this.gateway.inbox.stop();
    await this.#refreshing;
  }

  #tasks(emitNow: (event: Event) => void): Tasks {
    const opened = (task: TaskRecord, how: "named" | "opened" | "unnamed") => {
      const { agent, id, parent } = task;
      emitNow({ kind: "task.opened", agent, task: id, parent, how });
    };
    const bundle = () => this.gateway.rules.configuration.bundle;
    return new Tasks(this.#settings.store.tasks, this.#storeClock(), opened, bundle);
  }

  /** Tasks are everybody's: by a wrong clock of ours those of others would end as idle. */
  #storeClock(): Clock {
    const { clock } = this.#settings;
    return {
      wall: () => this.gateway.holding.storeNow(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms, run),
    };
  }

  /** What the breakers counted before a resume says nothing about what comes after it. */
  #forget(agent: string): void {
    const { holding, rules, signals } = this.gateway;
    signals.rearm(agent, rules, holding.storeNow());
  }

  #holding(): Holding {
    const { chance, clock, log, rules, store } = this.#settings;
    const { graceMs, expiryMs } = rules.configuration.store;
    return new Holding({
      holders: store.holders,
      clock,
      chance,
      log,
      graceMs,
      expiryMs,
      describe: () => ({
        ...this.#settings.describe,
        configuration: this.gateway.rules.digest,
      }),
      journalFor: (writer) => this.#journalFor(writer),
      onBeat: (beat) => this.#onBeat(beat),
      onLost: (message) => {
        log.error("store.lost", { message, grace_ms: graceMs });
        this.gateway.metrics.observe({ kind: "store.lost", message });
      },
      onFound: (afterMs) => {
        emit(this.gateway, this.gateway.holding.tenure, { kind: "store.found", afterMs });
      },
      onFenced: () => {
        const because = "the store heard nothing of it for longer than expiry";
        emit(this.gateway, this.gateway.holding.tenure, { kind: "gateway.fenced", because });
      },
      onOtherConfiguration: (digest) => this.#follow(digest),
      fenceOther: async (id, seen) => {
        this.#gaps.expect();
        await store.holders.fence(id, seen);
        await this.#gaps.write();
      },
    });
  }

  async #journalFor(writer: string): Promise<Journal> {
    const { clock, journalKey, store } = this.#settings;
    const holders = await store.holders.list();
    const writers = holders.flatMap(({ fencedAt, id }) => {
      return fencedAt === null ? [id] : [id, gapWriter(id)];
    });
    const others = await readHeads(store.journal, writers);
    return new Journal({ writer, key: journalKey, clock, others });
  }

  #onBeat(beat: Beat): void {
    noteBeat(this.gateway, beat);
    void this.#gaps.writeIfDue();
    const [before, { changeSeq }] = [this.#changeSeq, beat];
    this.#changeSeq = changeSeq;
    const { holding, recent } = this.gateway;
    const isNew = changeSeq !== before || holding.tenure.caughtUp === null;
    if (before !== null && isNew) void this.#refresh();
    else void recent.look(changeSeq, this.gateway);
    if (beat.configuration !== this.gateway.rules.digest || this.gateway.closedBecause !== null) {
      void this.#followOrClose(beat.configuration);
    }
  }

  /**
   * Never rejects: whoever cannot read what is in force takes no calls, and tries with each beat.
   */
  async #followOrClose(digest: string): Promise<void> {
    try {
      await this.#follow(digest);
    } catch (error) {
      this.gateway.closedBecause = `the configuration in force (${digest}) could not be taken over`;
      this.gateway.log.error("taking no calls: the new configuration failed", { error });
    }
  }

  /** Its number comes with the next heartbeat, which others may be waiting for. */
  #noteChange(): void {
    void this.#refresh();
    void this.gateway.holding.beat();
  }

  /** Keys, flags or limits changed in the store: what is known of them here is read again. */
  #refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#changed = true;
    this.#refreshing ??= this.#readAgain().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Once more for what changed while it was read: that may be a key that was revoked. */
  async #readAgain(): Promise<void> {
    const { clutches, flags, holding, keys, log, lot, messages, recent } = this.gateway;
    try {
      while (this.#changed) {
        this.#changed = false;
        const known = this.#changeSeq ?? UNREAD;
        noteRoom(holding.tenure);
        // First who stops: what is parked may be long.
        const reads = [clutches.load(), keys.load(), flags.load(), messages.load(), lot.learn()];
        await Promise.all(reads);
        await lot.look(holding.tenure.id);
        if (known !== UNREAD) await recent.catchUp(known, this.gateway);
      }
    } catch (error) {
      // Asked for again with the next heartbeat: the number it knows stays the old one.
      this.#changeSeq = UNREAD;
      log.warn("the store did not say what changed; it is asked again", { error });
    }
  }
}
