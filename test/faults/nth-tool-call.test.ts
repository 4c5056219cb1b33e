/**
 * A gateway's scripted life with tools, again for every call that its tool server fails, and for
 * every call that its store fails. Whatever fails, each call is answered once, sent at most once,
 * and the books and the permits are right.
 */
import { EventEmitter } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { heldOf } from "../../src/adapters/store/memory/data.ts";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Incoming } from "../../src/gateway/call.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { readDispatch } from "../../src/gateway/tools/dispatcher.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type {
  ToolEnd,
  ToolExchange,
  ToolFault,
  ToolRequest,
  ToolRun,
  ToolServer,
} from "../../src/ports/tool-server.ts";
import { valid } from "../unit/config/folder.ts";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach, Life, type Parts } from "./life.ts";

/** Longer lives are an error of this test. */
const STORE_CALLS_MAX = 300;
const UNIT_NANO = 1_000_000n;
const USED = 2;
const UNITS_MAX = 5;
/** One fewer than there are calls. */
const PERMITS = 6;
const CALLS = 7;
const ALL_NANO = 1_000_000_000n;
const TASK_NANO = 500_000_000n;
const NO_OUTAGE: Outage = { from: 0, count: 0, when: "before" };

type Ending = "well" | "says-it-failed" | "says-nothing" | ToolFault["kind"];
/** Before the write nothing can have run, and nothing is owed. */
const UNWRITTEN: ReadonlySet<Ending> = new Set(["unreachable"]);

function folder(): Configuration {
  const quantity = { pointer: "/result/units" };
  const cost = { usd: 0.001, per: "unit", quantity, max: UNITS_MAX };
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: {
        desk: { kind: "mcp", url: "http://127.0.0.1:9/mcp", tools: { work: { effect: "read" } } },
      },
      budgets: [
        { name: "all", limit_usd: 1, window: "lifetime" },
        { name: "each-task", each: "task", limit_usd: 0.5, window: "task" },
      ],
    }),
    "agents/a.json": JSON.stringify({
      version: 1,
      agent: "a",
      allowed_tools: [
        { tool_name: "work", cost, rate_limit: { requests: PERMITS, per_seconds: 3_600 } },
      ],
    }),
  });
}

/** Ends each call as it is told, and bills what a manifest says of such an end. */
class Desk implements ToolServer {
  readonly name = "desk";
  /** Numbers of the calls, each as often as it was written. */
  readonly written: number[] = [];
  billed = 0n;
  readonly #clock: Clock;
  readonly #endingOf: (no: number) => Ending;

  constructor(clock: Clock, endingOf: (no: number) => Ending) {
    this.#clock = clock;
    this.#endingOf = endingOf;
  }

  call({ arguments: given }: ToolRequest, run: ToolRun): ToolExchange {
    const no = Number(given.no);
    const ending = this.#endingOf(no);
    this.#clock.after(5, () => {
      if (UNWRITTEN.has(ending)) return run.end(fault(ending, false));
      if (!run.mayWrite()) return run.end(fault("held", false));
      this.written.push(no);
      this.billed += UNIT_NANO * BigInt(unitsOf(ending));
      this.#clock.after(40, () => run.end(endOf(ending)));
    });
    return { abort: () => {} };
  }

  list(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function unitsOf(ending: Ending): number {
  return ending === "well" || ending === "says-it-failed" ? USED : UNITS_MAX;
}

function endOf(ending: Ending): ToolEnd {
  if (ending !== "well" && ending !== "says-it-failed" && ending !== "says-nothing") {
    return fault(ending, true);
  }
  const structuredContent = ending === "says-nothing" ? undefined : { units: USED };
  const isError = ending === "says-it-failed";
  return { kind: "result", result: { content: [], structuredContent, isError, bytes: 10 } };
}

function fault(kind: Ending, written: boolean): ToolEnd {
  // Endings that are no kind of fault are results, see above.
  return {
    kind: "fault",
    fault: { kind: kind as ToolFault["kind"], written, message: "scripted" },
  };
}

interface Told {
  readonly status: number;
  readonly code: string | null;
  readonly mayHaveRun: string | null;
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
    const { code = null, error } = JSON.parse(text);
    const mayHaveRun = error?.details?.facts?.may_have_run ?? null;
    this.told.push({ status: this.#status, code, mayHaveRun });
    return this;
  }
}

class ToolLife extends Life {
  readonly desk: Desk;
  /** By the number of the call. */
  readonly told = new Map<number, readonly Told[]>();
  readonly #folder = folder();

  constructor(outage: Outage, endingOf: (no: number) => Ending) {
    super(outage);
    this.desk = new Desk(this.clock, endingOf);
  }

  protected folder(): Configuration {
    return this.#folder;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, [], [this.desk]);
  }

  async call({ gateway }: Parts, no: number): Promise<void> {
    const client = new Client();
    const { rules } = gateway;
    const manifest = rules.manifest("a") ?? expect.unreachable("the agent is there");
    const incoming: Incoming = {
      // See the class: nothing else of a response is used.
      response: client as unknown as ServerResponse,
      headers: {},
      key: {
        ...{ id: "key_a", hash: "", holder: { kind: "agent", agent: "a" } },
        ...{ createdAt: 0, expiresAt: null, revokedAt: null },
      },
      ...{ manifest, rules, tenure: gateway.holding.tenure, decision: `d-${no}`, call: `d-${no}` },
      taskName: { id: `t${no % 2}`, how: "named" },
      receivedAt: this.clock.monotonic(),
    };
    const text = JSON.stringify({ arguments: { no } });
    const call = readDispatch("work", { bytes: Buffer.from(text), text }, incoming);
    if (isDenial(call)) throw new Error(`a bad request: ${call.code}`);
    await handle(call, gateway);
    this.told.set(no, client.told);
  }
}

/** Five calls at once, then two, one after the other, then a stop. */
async function live(life: ToolLife): Promise<ToolLife> {
  const parts = await life.start();
  const { gateway, upkeep } = parts;
  const calls = (...nos: readonly number[]) =>
    life.done(Promise.all(nos.map((no) => life.call(parts, no))));
  await calls(1, 2, 3, 4, 5);
  await life.done(upkeep.tick());
  // From here on accounts and permits lie idle.
  await life.pass(2_500);
  await life.done(upkeep.tick());
  await calls(6);
  await calls(7);
  expect(gateway.holding.tenure.callsInFlight).toBe(0);
  expect(gateway.inFlight.size).toBe(0);
  expect(gateway.clutches.of("a").state).toBe("engaged");
  await life.done(drain(gateway, createServer(), upkeep));
  expect(life.unexpected).toEqual([]);
  // Each was answered once, and none was sent twice.
  expect([...life.told.values()].map((told) => told.length)).toEqual(Array(CALLS).fill(1));
  expect(new Set(life.desk.written).size).toBe(life.desk.written.length);
  expect(life.desk.written.length).toBeLessThanOrEqual(PERMITS);
  return life;
}

function tellOf({ told }: ToolLife, no: number): Told | undefined {
  return told.get(no)?.[0];
}

interface Sums {
  readonly spent: bigint;
  readonly leased: bigint;
}

/** By budget. */
function booksOf({ data }: ToolLife): ReadonlyMap<string, Sums> {
  const live = [...data.holders.values()].filter(({ state }) => state === "live");
  const sums = new Map<string, Sums>();
  for (const { forfeited, id, leased, spec, spent } of data.accounts.values()) {
    const held = live.reduce((sum, { slices }) => {
      const slice = slices.get(id);
      return slice === undefined ? sum : sum + heldOf(slice);
    }, 0n);
    expect({ leased, forfeited }).toEqual({ leased: held, forfeited: 0n });
    expect(spent + leased).toBeLessThanOrEqual(spec.budget === "all" ? ALL_NANO : TASK_NANO);
    const before = sums.get(spec.budget) ?? { spent: 0n, leased: 0n };
    sums.set(spec.budget, { spent: before.spent + spent, leased: before.leased + leased });
  }
  return sums;
}

function permitsOf({ data }: ToolLife) {
  return [...data.limits.values()].flatMap(({ permits }) => permits);
}

const KINDS: readonly Ending[] = [
  ...["unreachable", "timeout", "reset", "protocol", "too-large", "aborted"],
  ...["says-it-failed", "says-nothing"],
] as readonly Ending[]; // spread texts lose their kinds

describe("one call to the tool server fails, whichever it is", () => {
  test.each(KINDS)(
    "with %s: it is told, charged for what may have run, and nothing else",
    async (kind) => {
      for (let failing = 1; failing <= PERMITS; failing += 1) {
        const endingOf = (no: number) => (no === failing ? kind : "well");
        const life = await live(new ToolLife(NO_OUTAGE, endingOf));
        const unwritten = UNWRITTEN.has(kind);
        const isResult = kind === "says-it-failed" || kind === "says-nothing";
        const codes = { timeout: "provider.timeout" } as Partial<Record<Ending, string>>;
        const code = codes[kind] ?? "provider.unreachable";
        expect(tellOf(life, failing), `call ${failing}`).toMatchObject(
          isResult ? { status: 200 } : { code, mayHaveRun: String(!unwritten) },
        );
        // What was never written left its permit to the last call.
        expect(life.desk.written).toHaveLength(PERMITS);
        expect(tellOf(life, CALLS)).toMatchObject(
          unwritten ? { status: 200 } : { code: "rate-limit.exceeded" },
        );
        const sums = { spent: life.desk.billed, leased: 0n };
        expect([...booksOf(life)]).toEqual([
          ["all", sums],
          ["each-task", sums],
        ]);
        const permits = permitsOf(life);
        expect(permits.map(({ holder }) => holder)).toEqual(Array(PERMITS).fill(null));
        expect(permits.every(({ lastUse }) => lastUse !== null)).toBe(true);
      }
    },
  );
});

const MIXED: readonly Ending[] = ["well", "reset", "unreachable", "says-nothing", "says-it-failed"];

describe("some calls to the store fail, whichever they are, while tools are called", () => {
  test.each(OUTAGES)(
    "%i at a time, %s they were done: books and permits are right",
    async (...outage) => {
      const lived = async (failing: Outage) => {
        const life = await live(new ToolLife(failing, (no) => MIXED[no - 1] ?? "well"));
        expectTheRest(life, failing);
        return life.failing.calls;
      };
      expect(await failEach(lived, outage, STORE_CALLS_MAX)).toBeGreaterThan(25);
    },
  );
});

const MAY_BE_TOLD = /^(store\.unreachable|gateway\..*|provider\.unreachable|rate-limit\.exceeded)$/;

function expectTheRest(life: ToolLife, { count }: Outage): void {
  const told = [...life.told.values()].flat();
  for (const { code, status } of told) if (status !== 200) expect(code).toMatch(MAY_BE_TOLD);
  expect(life.desk.written.length).toBeGreaterThan(0);
  const well = told.filter(({ status }) => status === 200).length;
  const ran = told.filter(({ mayHaveRun }) => mayHaveRun === "true").length;
  expect(well + ran).toBe(life.desk.written.length);
  for (const { leased, spent } of booksOf(life).values()) {
    // What the store was never told stays held, and is charged when its holder is fenced.
    if (leased === 0n) expect(spent).toBe(life.desk.billed);
    else expect(spent).toBeLessThanOrEqual(life.desk.billed);
    expect(spent + leased).toBeGreaterThanOrEqual(life.desk.billed);
    // A store that failed once only was there for one of the attempts to close.
    if (count === 1) expect(leased).toBe(0n);
  }
  const used = permitsOf(life).filter(({ holder, lastUse }) => holder !== null || lastUse !== null);
  expect(used.length).toBeGreaterThanOrEqual(life.desk.written.length);
}
