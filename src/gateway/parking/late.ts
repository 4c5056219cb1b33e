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
import { handle } from "../handle.ts";
import { isUnnamed } from "../task-name.ts";
import { readToolCall } from "../tools/read.ts";
import { answerText } from "./answer.ts";
import { requestOf, type StoredTool } from "./request.ts";

const ROWS_MAX = 20_000;
const FIRST_AGAIN_MS: Millis = 2_000;
const LAST_AGAIN_MS: Millis = 60_000;
/** Their pace is in the store; this bounds what one gateway does at once. */
const RUNNING_MAX = 64;

const NOBODY: Client = {
  isAbsent: true,
  isGone: () => false,
  onGone: () => {},
  reassure: () => {},
  takes102: false,
  patienceMs: 0,
};

/** What is told to nobody is in the row. */
const NO_DESK: Desk = { refuse: () => {}, answer: () => {} };

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
    const { holding, lot, rules, store } = this.#gateway;
    if (lot.isEmpty || lot.isReleased) return;
    const now = holding.storeNow();
    const { keepAnswersMs } = rules.configuration.parking;
    const rows = await store.parking.list({ states: ["let_go"], limit: ROWS_MAX });
    this.#forget(rows);
    // The oldest were let go first, and are listed last.
    for (const row of [...rows].reverse()) {
      if (row.attached !== null || row.letGoAt === null) continue;
      if (isToolDigest(row.digest)) {
        if (row.letGoAt <= now && this.#running.size < RUNNING_MAX) this.#start(row);
      } else if (row.letGoAt + keepAnswersMs <= now) {
        await this.#endUnspent(row);
      }
    }
  }

  #forget(rows: readonly Parked[]): void {
    if (this.#tried.size === 0) return;
    const waiting = new Set(rows.map(({ call }) => call));
    for (const call of this.#tried.keys()) if (!waiting.has(call)) this.#tried.delete(call);
  }

  /** Waits for those that run. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.values());
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
    const { holding, seal, store } = this.#gateway;
    const { tenure } = holding;
    const claimed = await store.parking.claim(tenure.id, row.call);
    if (claimed.kind !== "claimed") return;
    const turn = { call: row.call, attempt: claimed.parked.attempt };
    const request = requestOf(seal.open(row.call, claimed.request));
    if (request.kind === "model") throw new Error(`${row.call} is a model call`);
    const call = this.#callOf(row, turn, request);
    if (isDenial(call)) return this.#refuse(turn, call);
    const { lot, rules } = this.#gateway;
    rules.requests += 1;
    const end = lot.begin(row.call);
    try {
      await handle(call, this.#gateway);
    } finally {
      rules.requests -= 1;
      end();
    }
  }

  /** As it would be read if its client sent it now. */
  #callOf(row: Parked, turn: Turn, request: StoredTool): ToolCall | Denial {
    const gateway = this.#gateway;
    const key = gateway.keys.withId(row.key);
    const manifest = gateway.rules.manifest(row.agent);
    if (key === null || manifest === null) return deny("key.invalid", { agent: row.agent });
    const how = isUnnamed(row.task) ? ("unnamed" as const) : ("named" as const);
    const caller: Caller = {
      headers: {},
      key,
      manifest,
      rules: gateway.rules,
      tenure: gateway.holding.tenure,
      decision: nextDecision(gateway),
      call: row.call,
      taskName: { id: row.task, how },
      receivedAt: gateway.clock.monotonic(),
    };
    const { tool: name, ...rest } = request;
    const call = readToolCall({ ...rest, name }, caller, { desk: NO_DESK, client: NOBODY });
    return isDenial(call) ? call : { ...call, turn };
  }

  #refuse({ attempt, call }: Turn, denial: Denial): void {
    const { holding, seal } = this.#gateway;
    const answer = seal.close(call, answerText({ kind: "refused", denial }));
    holding.tenure.answers.push({ kind: "parked", call, attempt, answer });
  }

  /** Nobody came for it in all that time: it has cost nothing. */
  async #endUnspent({ call }: Parked): Promise<void> {
    const { holding, store } = this.#gateway;
    const { tenure } = holding;
    const claimed = await store.parking.claim(tenure.id, call);
    if (claimed.kind !== "claimed") return;
    const { attempt } = claimed.parked;
    tenure.answers.push({ kind: "parked", call, attempt, answer: null });
  }
}
