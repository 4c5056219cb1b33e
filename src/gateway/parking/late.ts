/**
 * Calls that were let go while nobody waited for them. A tool call runs, and its answer is kept; a
 * model call waits for its client a while longer, and then ends unspent.
 */
import { isToolDigest } from "../../guards/clutch/park.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { Parked } from "../../ports/store.ts";
import type { Caller, Desk, ToolCall, Turn } from "../call.ts";
import type { Client } from "../client.ts";
import { type Gateway, nextDecision } from "../gateway.ts";
import { handle } from "../handle.ts";
import { isUnnamed } from "../task-name.ts";
import type { Tenure } from "../tenure.ts";
import { readToolCall } from "../tools/read.ts";
import { answerText } from "./answer.ts";
import { requestOf, type StoredTool } from "./request.ts";
import { askTurn } from "./turn.ts";

const ROWS_MAX = 20_000;
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

  /** Waits for those that run. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #start(row: Parked): void {
    if (this.#running.has(row.call)) return;
    const running = this.#run(row)
      .catch((error) => {
        this.#gateway.metrics.error("late");
        this.#gateway.log.error("a parked call was not run", { call: row.call, error });
      })
      .finally(() => this.#running.delete(row.call));
    this.#running.set(row.call, running);
  }

  async #run(row: Parked): Promise<void> {
    const { holding, seal } = this.#gateway;
    const { tenure } = holding;
    const claimed = await askTurn(row.call, tenure, this.#gateway);
    if (claimed.kind !== "claimed") return;
    const turn = { call: row.call, attempt: claimed.parked.attempt };
    const request = requestOf(seal.open(row.call, claimed.request));
    if (request.kind === "model") throw new Error(`${row.call} is a model call`);
    const call = this.#callOf(row, { tenure, turn }, request);
    if (isDenial(call)) return this.#refuse(turn, call);
    const { rules } = this.#gateway;
    rules.requests += 1;
    try {
      await handle(call, this.#gateway);
    } finally {
      rules.requests -= 1;
    }
  }

  /** As it would be read if its client sent it now. */
  #callOf(
    row: Parked,
    { tenure, turn }: { readonly tenure: Tenure; readonly turn: Turn },
    request: StoredTool,
  ): ToolCall | Denial {
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
      // That which claimed it: once it is fenced, the call is a person's to decide.
      tenure,
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
    const { tenure } = this.#gateway.holding;
    const claimed = await askTurn(call, tenure, this.#gateway);
    if (claimed.kind !== "claimed") return;
    const { attempt } = claimed.parked;
    tenure.answers.push({ kind: "parked", call, attempt, answer: null });
  }
}
