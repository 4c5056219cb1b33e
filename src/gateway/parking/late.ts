/**
 * Calls that were let go while nobody waited for them. A tool call runs, and its answer is kept; a
 * model call waits for its client a while longer, and then ends unspent.
 */
import { isToolDigest } from "../../guards/clutch/park.ts";
import type { Millis } from "../../guards/money.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { Parked } from "../../ports/store.ts";
import type { Caller, Desk, ToolCall, Turn } from "../call.ts";
import type { Client } from "../client.ts";
import { type Gateway, nextDecision } from "../gateway.ts";
import { manifestFor } from "../governing.ts";
import { handle } from "../handle.ts";
import { record } from "../refuse.ts";
import { isUnnamed } from "../task-name.ts";
import type { Tenure } from "../tenure.ts";
import { readToolCall } from "../tools/read.ts";
import { beginLate } from "../tracing.ts";
import { answerText } from "./answer.ts";
import { requestOf, type StoredTool } from "./request.ts";
import { askTurn, turnFor } from "./turn.ts";

const ROWS_MAX = 20_000;
const FIRST_AGAIN_MS: Millis = 2_000;
const LAST_AGAIN_MS: Millis = 60_000;
/** Of a stop that has waited for all other calls already. */
const STOP_MS: Millis = 5_000;
/** Each asks the store, and what is told to it every second waits for them. */
const UNSPENT_MAX = 100;
/** Their pace is in the store; this bounds what one gateway does at once. */
const RUNNING_MAX = 64;

/** Whoever waits for a call that the gateway makes itself. */
export const NOBODY: Client = {
  isAbsent: true,
  isGone: () => false,
  onGone: () => {},
  reassure: () => {},
  takes102: false,
  patienceMs: 0,
  onCut: () => {},
};

/** What is told to nobody is in the row. */
const NO_DESK: Desk = { refuse: () => {}, answer: () => {}, progress: null };

/** A turn, and whose it is. */
interface Had {
  readonly tenure: Tenure;
  readonly turn: Turn;
}

export class LateCalls {
  readonly #gateway: Gateway;
  readonly #running = new Map<string, Promise<void>>();
  /** When those that could not be sent are tried again. */
  readonly #tried = new Map<string, { readonly againAt: Millis; readonly waitMs: Millis }>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Every second: those whose time has come. Rejects if the store cannot be asked. */
  async tick(): Promise<void> {
    const { closedBecause, clutches, holding, lot, rules, store } = this.#gateway;
    if (lot.isEmpty || lot.isReleased || closedBecause !== null) return;
    const now = holding.storeNow();
    const { keepAnswersMs } = rules.configuration.parking;
    const rows = await store.parking.list({ states: ["let_go"], limit: ROWS_MAX });
    this.#forget(rows);
    let unspent = 0;
    // The oldest were let go first, and are listed last.
    for (const row of [...rows].reverse()) {
      if (row.attached !== null || row.letGoAt === null) continue;
      if (isToolDigest(row.digest)) {
        // What the store has let go, and this gateway has not heard may go on, waits a second more.
        if (clutches.refusal(row.agent, row.task) !== null) continue;
        if (row.letGoAt <= now && this.#running.size < RUNNING_MAX) this.#start(row);
      } else if (row.letGoAt + keepAnswersMs <= now && unspent < UNSPENT_MAX) {
        unspent += 1;
        await this.#endUnspent(row);
      }
    }
  }

  #forget(rows: readonly Parked[]): void {
    if (this.#tried.size === 0) return;
    const waiting = new Set(rows.map(({ call }) => call));
    for (const call of this.#tried.keys()) if (!waiting.has(call)) this.#tried.delete(call);
  }

  /** Waits for those that run, and not for one that does not end. */
  async stop(): Promise<void> {
    const { clock } = this.#gateway;
    const ended = Promise.all(this.#running.values());
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(STOP_MS, resolve);
    });
    await Promise.race([ended, late]);
    cancel();
  }

  #start(row: Parked): void {
    if (this.#running.has(row.call) || !this.#mayTry(row)) return;
    const running = this.#run(row)
      .catch((error) => {
        this.#gateway.metrics.error("late");
        this.#gateway.log.error("a parked call was not run", { call: row.call, error });
      })
      .finally(() => this.#running.delete(row.call));
    this.#running.set(row.call, running);
  }

  /** What keeps it from being sent may last: it is tried again, each time after twice as long. */
  #mayTry(row: Parked): boolean {
    const now = this.#gateway.clock.monotonic();
    const tried = this.#tried.get(row.call);
    if (tried !== undefined && now < tried.againAt) return false;
    const waitMs = Math.min((tried?.waitMs ?? FIRST_AGAIN_MS / 2) * 2, LAST_AGAIN_MS);
    this.#tried.set(row.call, { againAt: now + waitMs, waitMs });
    return true;
  }

  async #run(row: Parked): Promise<void> {
    const { tenure } = this.#gateway.holding;
    const claimed = await askTurn(row.call, tenure, this.#gateway);
    if (claimed.kind !== "claimed") return;
    const turn = turnFor(claimed, this.#gateway);
    const request = this.#open(row.call, claimed.request);
    const { rules } = this.#gateway;
    rules.requests += 1;
    try {
      const had = { tenure, turn };
      const call = isDenial(request) ? request : await this.#callOf(row, had, request);
      if (isDenial(call)) return this.#refuse(row, had, call);
      await handle(call, this.#gateway);
    } finally {
      rules.requests -= 1;
    }
  }

  /** What cannot be opened is over, and says so: the rest goes on, and nobody asks for it again. */
  #open(call: string, bytes: Uint8Array): StoredTool | Denial {
    const { log, metrics, seal } = this.#gateway;
    try {
      const request = requestOf(seal.open(call, bytes));
      if (request.kind === "tool") return request;
      throw new Error(`${call} is a model call`);
    } catch (error) {
      metrics.error("late");
      log.error("a parked call cannot be read", { call, error });
      return deny("gateway.unsure", { because: "what was parked cannot be read" });
    }
  }

  /** As it would be read if its client sent it now. */
  async #callOf(
    row: Parked,
    { tenure, turn }: Had,
    request: StoredTool,
  ): Promise<ToolCall | Denial> {
    const gateway = this.#gateway;
    const { rules } = gateway;
    const key = gateway.keys.withId(row.key);
    const newest = rules.manifest(row.agent);
    if (key === null || newest === null) return deny("key.invalid", { agent: row.agent });
    const how = isUnnamed(row.task) ? ("unnamed" as const) : ("named" as const);
    const taskName = { id: row.task, how };
    const manifest = await manifestFor(newest, taskName, gateway);
    if (isDenial(manifest)) return manifest;
    const caller: Caller = {
      headers: {},
      key,
      manifest,
      rules,
      // That which claimed it: once it is fenced, the call is a person's to decide.
      tenure,
      decision: nextDecision(gateway),
      call: row.call,
      taskName,
      receivedAt: gateway.clock.monotonic(),
    };
    const { tool: name, trace, ...rest } = request;
    beginLate(caller, trace, gateway);
    const call = readToolCall({ ...rest, name, ...(trace && { trace }) }, caller, {
      desk: NO_DESK,
      client: NOBODY,
    });
    return isDenial(call) ? call : { ...call, turn };
  }

  #refuse({ agent, call, key, task }: Parked, { tenure, turn }: Had, denial: Denial): void {
    const gateway = this.#gateway;
    const { revision } = gateway.rules;
    const origin = { decision: nextDecision(gateway), call, agent, task, key, revision };
    record({ denial, origin, asked: null }, [], gateway);
    const answer = gateway.seal.close(call, answerText({ kind: "refused", denial }));
    tenure.answers.push({ kind: "parked", call, attempt: turn.attempt, answer });
  }

  /** Nobody came for it in all that time: it has cost nothing. */
  async #endUnspent({ call }: Parked): Promise<void> {
    const { tenure } = this.#gateway.holding;
    const claimed = await askTurn(call, tenure, this.#gateway);
    if (claimed.kind !== "claimed") return;
    const { attempt } = claimed.parked;
    tenure.answers.push({ kind: "parked", call, attempt, answer: null });
  }
}
