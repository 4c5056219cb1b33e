/** Gateways on one store, a cloud behind them, and an agent that begins things there and ends them. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect } from "vitest";
import { heldOf } from "../../src/adapters/store/memory/data.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Incoming } from "../../src/gateway/call.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { readDispatch } from "../../src/gateway/tools/dispatcher.ts";
import { accruedOf, type Commitment, HOLDING } from "../../src/guards/commitment/commitment.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { KeyRecord } from "../../src/ports/store.ts";
import type { ToolEnd, ToolRequest, ToolRun, ToolServer } from "../../src/ports/tool-server.ts";
import { valid } from "../unit/config/folder.ts";
import type { Outage } from "./failing-store.ts";
import { Life, type Parts } from "./life.ts";

/** How the cloud ends a call. */
export type Ending = "well" | "says-it-failed" | "no-id" | "reset" | "unreachable" | "never";

export const NO_OUTAGE: Outage = { from: 0, count: 0, when: "before" };
export const ACTIVE_MAX = 4;
/** A cent a second, a horizon of four. */
export const HORIZON_NANO = 40_000_000n;
const USD_PER_HOUR = 36;
const AGENT = "optimizer";

export interface Said {
  readonly commitment?: object;
  readonly budgets?: readonly object[];
  readonly manifest?: object;
  readonly ending?: object;
}

export function folder({ budgets, commitment, ending, manifest }: Said = {}): Configuration {
  const own = {
    ...{ usd_per_hour: USD_PER_HOUR, id: "/result/id", max_active: ACTIVE_MAX, horizon: "4s" },
    ends_with: { tool: "stop", id: "/arguments/id" },
    ...commitment,
  };
  const start = { tool_name: "start", read_only: false, timeout: "1s", commitment: own };
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: { cloud: { kind: "mcp", url: "http://127.0.0.1:9/mcp" } },
      breakers: ["stuck", "tool-surge"].map((name) => ({ name, enabled: false })),
      budgets: budgets ?? [
        { name: "all", limit_usd: 100, window: "lifetime" },
        { name: "each-task", each: "task", limit_usd: 50, window: "task" },
      ],
    }),
    [`agents/${AGENT}.json`]: JSON.stringify({
      ...{ version: 1, agent: AGENT },
      allowed_tools: [start, { tool_name: "stop", read_only: false, ...ending }],
      ...manifest,
    }),
  });
}

/** Makes services, and knows what nobody else does: which of them run. */
export class Cloud implements ToolServer {
  readonly name = "cloud";
  readonly running = new Set<string>();
  readonly stops: unknown[] = [];
  made = 0;
  stopping: "well" | "says-it-failed" | "reset" = "well";
  endingOf: (no: number) => Ending = () => "well";
  /** Before the write of a call that begins something. */
  beforeStart: (decision: string) => void = () => {};
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  call({ arguments: given, tool }: ToolRequest, run: ToolRun) {
    const ending = tool === "stop" ? this.stopping : this.endingOf(Number(given.no));
    this.#clock.after(5, () => {
      if (ending === "unreachable") return run.end(fault("unreachable", false));
      if (!run.mayWrite()) return run.end(fault("held", false));
      const end = tool === "stop" ? this.#stop(given.id) : this.#start(Number(given.no), ending);
      if (ending !== "never") this.#clock.after(20, () => run.end(end));
    });
    return { abort: () => {} };
  }

  #start(no: number, ending: Ending): ToolEnd {
    this.beforeStart(`d-${no}`);
    if (ending === "says-it-failed") return result({ error: "no quota" }, true);
    this.made += 1;
    const id = `svc-${no}`;
    this.running.add(id);
    if (ending === "reset" || ending === "never") return fault("reset", true);
    return result(ending === "no-id" ? { done: true } : { id });
  }

  #stop(id: unknown): ToolEnd {
    this.stops.push(id);
    if (this.stopping === "says-it-failed") return result({ error: "not now" }, true);
    if (this.stopping === "reset") return fault("reset", true);
    this.running.delete(String(id));
    return result({ stopped: true });
  }

  list(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function result(structuredContent: object, isError = false): ToolEnd {
  return { kind: "result", result: { content: [], structuredContent, isError, bytes: 10 } };
}

function fault(kind: "reset" | "unreachable" | "held", written: boolean): ToolEnd {
  return { kind: "fault", fault: { kind, written, message: "scripted" } };
}

export interface Told {
  readonly status: number;
  readonly code: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: the body's shape is what tests look at
  readonly body: any;
}

/** The parts of a response that the path of a call uses, without a socket behind them. */
class Client extends EventEmitter {
  readonly told: Told[] = [];
  destroyed = false;
  headersSent = false;
  #status = 0;

  setHeaders(): this {
    return this;
  }

  writeHead(status: number): this {
    this.#status = status;
    this.headersSent = true;
    return this;
  }

  end(text: string): this {
    const body = JSON.parse(text);
    this.told.push({ status: this.#status, code: body.code ?? null, body });
    return this;
  }
}

const KEY: KeyRecord = {
  ...{ id: "key_a", hash: "aa", holder: { kind: "agent", agent: AGENT } },
  ...{ createdAt: 0, expiresAt: null, revokedAt: null },
};

export class CommitmentLife extends Life {
  readonly cloud: Cloud;
  /** Everything that was told, by the decision of its call. */
  readonly told = new Map<string, readonly Told[]>();
  configuration: Configuration;

  constructor(outage: Outage = NO_OUTAGE, said: Said = {}) {
    super(outage);
    this.configuration = folder(said);
    this.cloud = new Cloud(this.clock);
    this.data.keys.set(KEY.id, KEY);
    this.cloud.beforeStart = (decision) => {
      const state = this.data.commitments.get(decision)?.commitment.state;
      expect(state, `${decision} before it is written`).toMatch(/^(opening|unknown)$/);
      this.check();
    };
  }

  protected folder(): Configuration {
    return this.configuration;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, [], [this.cloud]);
  }

  begin(parts: Parts, no: number): Promise<void> {
    return this.#call(parts, { tool: "start", decision: `d-${no}`, given: { no } });
  }

  stop(parts: Parts, id: unknown): Promise<void> {
    const decision = `stop-${String(id)}-${this.told.size}`;
    return this.#call(parts, { tool: "stop", decision, given: { id } });
  }

  async #call(
    { gateway }: Parts,
    asked: { readonly tool: string; readonly decision: string; readonly given: object },
  ): Promise<void> {
    const { decision, given, tool } = asked;
    const client = new Client();
    const { rules } = gateway;
    const manifest = rules.manifest(AGENT) ?? expect.unreachable("the agent is there");
    const incoming: Incoming = {
      // See the class: nothing else of a response is used.
      response: client as unknown as ServerResponse,
      ...{ headers: {}, key: KEY, manifest, rules, tenure: gateway.holding.tenure },
      ...{ decision, call: decision, taskName: { id: "t", how: "named" } },
      receivedAt: this.clock.monotonic(),
    };
    const text = JSON.stringify({ arguments: given });
    const call = readDispatch(tool, { bytes: Buffer.from(text), text }, incoming);
    if (isDenial(call)) throw new Error(`a bad request: ${call.code}`);
    this.told.set(decision, client.told);
    await handle(call, gateway);
  }

  statusOf(no: number): string {
    const told = this.told.get(`d-${no}`) ?? [];
    return told.map(({ code, status }) => code ?? String(status)).join(" and ");
  }

  rows(...states: readonly Commitment["state"][]): readonly Commitment[] {
    const all = [...this.data.commitments.values()].map(({ commitment }) => commitment);
    return all.filter(({ state }) => states.length === 0 || states.includes(state));
  }

  /** Time passes, and every gateway does what it does each second. */
  async seconds(count: number, ...gateways: readonly Parts[]): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      await this.pass(1_000);
      await this.done(Promise.all(gateways.map(({ upkeep }) => upkeep.tick())));
      this.check();
    }
  }

  /** What holds at every moment, whoever has failed or died. */
  check(): void {
    const rows = this.rows();
    // What no budget covered any more, and nobody ended, is owed all the same.
    if (rows.some(({ unrenewable }) => unrenewable)) this.owesBeyond = true;
    expect(this.rows(...HOLDING).length).toBeLessThanOrEqual(ACTIVE_MAX);
    for (const {
      committed,
      forfeited,
      id,
      leased,
      limit,
      spec,
      spent,
    } of this.data.accounts.values()) {
      const held = rows.flatMap(({ holds }) => holds.filter(({ account }) => account === id));
      const name = `${spec.budget} of ${spec.starts}`;
      const sum = held.reduce((total, hold) => total + hold.held, 0n);
      expect(committed, `${name}: committed`).toBe(sum);
      for (const hold of held) expect(hold.held >= 0n).toBe(true);
      const live = [...this.data.holders.values()].filter(({ state }) => state === "live");
      const slices = live.flatMap(({ slices: own }) => own.get(id) ?? []);
      expect(leased, `${name}: leased`).toBe(slices.reduce((all, one) => all + heldOf(one), 0n));
      if (!this.owesBeyond) {
        expect(spent + leased + forfeited + committed <= limit, `${name}: within`).toBe(true);
      }
    }
    // Of what still runs, somebody pays for each.
    const paid = this.rows("opening", "active", "unknown").length;
    expect(paid).toBeGreaterThanOrEqual(this.cloud.running.size);
  }

  /** At rest: nothing is reserved any more, and what a gateway has is what the store says it has. */
  checkRest({ gateway }: Parts): void {
    const { tenure } = gateway.holding;
    const holder = this.data.holders.get(tenure.id);
    for (const account of tenure.allAccounts()) {
      const { free, reserved, returned, unflushed } = account.purse.slice;
      const there = holder?.slices.get(account.id);
      const held = there === undefined ? 0n : heldOf(there) + there.returned - returned;
      expect([reserved, unflushed, BigInt(free)], account.purse.budget).toEqual([0, 0, held]);
    }
  }

  /** More than was set aside is owed: nobody looked, or nothing renewed it. */
  owesBeyond = false;

  spentOf(budget: string): bigint {
    const own = [...this.data.accounts.values()].filter(({ spec }) => spec.budget === budget);
    return own.reduce((sum, { spent }) => sum + spent, 0n);
  }

  accrued(): bigint {
    return this.rows().reduce((sum, row) => sum + accruedOf(row), 0n);
  }
}
