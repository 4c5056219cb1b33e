/**
 * Admission alone, and what a call costs after very many: no network, the embedded store on disk.
 * Run in a process of its own; takes the number of calls, answers with one line of JSON.
 */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import type { Account } from "../../src/gateway/account.ts";
import { type Ask, Cashier } from "../../src/gateway/cashier.ts";
import { Flusher } from "../../src/gateway/flush.ts";
import { Tenure } from "../../src/gateway/tenure.ts";
import { chargeOf, type Outcome, type Terms } from "../../src/guards/budget/settle.ts";
import { admit } from "../../src/guards/decide.ts";
import type { Bounds, Facts } from "../../src/guards/facts.ts";
import { NO_LIBRARY } from "../../src/guards/library/grants.ts";
import { NO_TOOLS } from "../../src/guards/manifest/manifest.ts";
import type { ModelPrice } from "../../src/guards/price/price.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { AccountSpec, Store } from "../../src/ports/store.ts";
import { anchorKey } from "../../src/telemetry/anchor.ts";
import { Journal } from "../../src/telemetry/journal.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FORMATS } from "../../src/wire/formats.ts";
import { temporaryFolder } from "../gateways.ts";
import { bodyOf } from "./request.ts";

export interface InProcess {
  /** Microseconds of one admission by all guards. */
  readonly admissionP50Us: number;
  readonly admissionP99Us: number;
  /** Of the reference in the same run: parsing the request as JSON. */
  readonly parseP50Us: number;
  readonly calls: number;
  /** Microseconds of a whole call, admitted, settled and told to the store, early and late. */
  readonly earlyUs: number;
  readonly lateUs: number;
}

const BATCH = 500;
const BATCHES = 200;
const YOUNG_CALLS = 50_000;
const GROWTH_BATCH = 2_000;
const GROWTH_ROUNDS = 9;
/** As many calls as a gateway settles between two flushes under load. */
const FLUSH_EVERY = 1_000;
const LIMIT_NANO = 1_000_000_000_000_000n;
const LIMITS = {
  maxOutputTokens: 4096,
  maxInputTokens: null,
  maxN: null,
  timeoutMs: 60_000,
  minUsefulOutput: 1,
};
const RATES = { input: 3_000_000, output: 15_000_000, cachedInput: 300_000 };
const PRICE: ModelPrice = {
  model: "benchmark",
  contextWindow: 128_000,
  maxOutput: 16_384,
  tiers: [
    {
      fromInputTokens: 0,
      ...RATES,
      cacheWrite5m: 3_750_000,
      cacheWrite1h: 6_000_000,
      reasoning: 15_000_000,
      inputAudio: null,
      outputAudio: null,
    },
  ],
  perRequest: 0,
  serverTools: {},
  serviceTiers: {},
  source: "benchmark",
};
const OUTCOME: Outcome = {
  kind: "ok",
  status: 200,
  fault: null,
  usage: {
    ...{ input: 12, cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, inputAudio: 0 },
    ...{ output: 40, reasoning: 0, outputAudio: 0, serverTools: {}, serviceTier: null },
  },
  outputTokensSeen: 600,
};

function factsOf(text: string): Facts {
  const options = { bytes: text.length, headers: {}, allowFields: [], depthMax: 64 };
  const read = FORMATS["openai-chat"].read(text, options);
  if (isDenial(read)) throw new Error(`the benchmark's request was refused: ${read.code}`);
  return {
    ask: read.ask,
    manifest: {
      agent: "benchmark",
      labels: { team: null, org: null, owner: null },
      models: new Map([["benchmark", LIMITS]]),
      limits: LIMITS,
      ...{ observe: null, observing: false, strict: false, uncapped: false },
      ...{ tellAgent: false, transcripts: true, refusalRounds: 1, digest: "d" },
      onChange: "apply",
      tasks: {
        ...{ newPerHour: 60, aliveMax: 100, depthMax: 4, childrenMax: 100, idleMs: 3_600_000 },
        ...{ callsMax: null, toolCallsMax: null, durationMaxMs: null },
      },
      tools: NO_TOOLS,
      library: NO_LIBRARY,
      policies: [],
    },
    policy: [],
    approved: { kind: "none" },
    task: { id: "t", ended: false, ageMs: 0, durationMaxMs: null },
    clutch: { state: "engaged" },
    ...{ letGo: false, toldBytes: 0 },
    target: {
      rules: {
        ...{ name: "upstream", formats: ["openai-chat"], inputBound: "bytes+overhead" },
        overhead: { base: 64, perMessage: 16, perTool: 64, tools: 512, perImage: 50_000 },
        ...{ capField: "max_completion_tokens", streamOptions: true, errorsAreFree: true },
        ...{
          onAbort: "drain",
          framesAreTokens: true,
          showsAllOutput: false,
          outputCapMin: 1,
          allowFields: [],
        },
      },
      model: "benchmark",
      price: PRICE,
      ...{ overbillsOutput: false, overbillsInput: false },
    },
  };
}

/** The gateway's own way from admission to the store's books, with nothing around it. */
class Till {
  readonly #ask: Ask;
  readonly #store: Store;
  readonly #cashier: Cashier;
  readonly #flusher: Flusher;
  readonly #tenure: Tenure;
  accounts: readonly Account[] = [];
  #calls = 0;

  private constructor(facts: Facts, id: string, store: Store) {
    this.#store = store;
    const log = createLog({ clock: systemClock, form: "json", level: "warn", write: complain });
    const key = anchorKey("5c".repeat(32));
    const journal = new Journal({ writer: id, key, clock: systemClock, others: new Map() });
    this.#ask = (states) => admit(facts, states);
    this.#flusher = new Flusher(store.ledger, store.holders, systemClock, log);
    this.#cashier = new Cashier(store.ledger, systemClock, log, this.#flusher);
    this.#tenure = new Tenure(id, journal, { wall: 0, monotonic: 0 });
  }

  static async open(facts: Facts): Promise<Till> {
    const store = await sqliteStore({ folder: temporaryFolder(), clock: systemClock });
    const id = "0".repeat(32);
    const holder = { host: "h", pid: 1, pidStart: "s", configuration: "c", keyId: "k" };
    const answer = await store.holders.register({ id, ...holder });
    if (answer.kind !== "ok") throw new Error(`register answered ${answer.kind}`);
    const till = new Till(facts, id, store);
    const span = { window: "lifetime", starts: 0, ends: null } as const;
    const spec = { scope: "", unit: "usd", ...span, limit: LIMIT_NANO } as const;
    const specs: AccountSpec[] = ["monthly", "each-task"].map((budget) => ({ budget, ...spec }));
    till.accounts = await till.#cashier.accountsFor(till.#tenure, specs);
    return till;
  }

  /** The store has everything. */
  async settled(): Promise<void> {
    await this.#flusher.flush(this.#tenure);
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#store.close();
  }

  async run(calls: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      this.#calls += 1;
      const { verdict } = await this.#cashier.admit(this.#tenure, this.#ask, this.accounts);
      if (verdict.kind !== "allow")
        throw new Error(`a call was refused: ${JSON.stringify(verdict)}`);
      const terms = termsOf(verdict.bounds);
      const { charged, estimated } = chargeOf(OUTCOME, terms);
      const end = { reserved: terms.reserved, charged, estimated };
      this.#cashier.settle(this.#tenure, `d-${this.#calls}`, this.accounts, end);
      if (this.#calls % FLUSH_EVERY === 0) await this.#flusher.flush(this.#tenure);
    }
  }
}

function complain(line: string): void {
  process.stderr.write(line);
}

function termsOf(bounds: Bounds): Terms {
  return {
    price: PRICE,
    reserved: bounds.reserve,
    inputTokens: bounds.inputTokens,
    outputTokens: bounds.outputCap,
    perTokenPico: bounds.perTokenPico,
    fixedPico: bounds.fixedPico,
    tokensPerCap: bounds.tokensPerCap,
    fixedTokens: bounds.fixedTokens,
    ...{ choices: 1, serviceTier: null, errorsAreFree: true, showsAllOutput: false },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Microseconds of one run, batch by batch. */
function batches(run: () => unknown): readonly number[] {
  let kept: unknown = null;
  for (let warm = 0; warm < 20 * BATCH; warm += 1) kept = run();
  const times = Array.from({ length: BATCHES }, () => {
    const startedAt = performance.now();
    for (let count = 0; count < BATCH; count += 1) kept = run();
    return ((performance.now() - startedAt) * 1000) / BATCH;
  });
  if (kept === null) throw new Error("nothing was run");
  return times;
}

async function timed(till: Till, calls: number): Promise<number> {
  const before = process.cpuUsage();
  await till.run(calls);
  // Of all threads: the store's too.
  await till.settled();
  const { system, user } = process.cpuUsage(before);
  return (system + user) / calls;
}

/**
 * A till that has seen few calls beside one that has seen very many, in turns. The first has seen
 * enough for its threads to be compiled: else the first calls are the dearest.
 */
async function growth(facts: Facts, calls: number): Promise<readonly [number, number]> {
  const young = await Till.open(facts);
  const aged = await Till.open(facts);
  await young.run(YOUNG_CALLS);
  await aged.run(calls);
  const early: number[] = [];
  const late: number[] = [];
  for (let round = 0; round < GROWTH_ROUNDS; round += 1) {
    early.push(await timed(young, GROWTH_BATCH));
    late.push(await timed(aged, GROWTH_BATCH));
  }
  await young.close();
  await aged.close();
  return [quantile(early, 0.5), quantile(late, 0.5)];
}

async function run(calls: number): Promise<InProcess> {
  const text = bodyOf({});
  const facts = factsOf(text);
  const till = await Till.open(facts);
  await till.run(1);
  const purses = till.accounts.map(({ purse }) => purse);
  const { verdict } = admit(facts, { purses });
  if (verdict.kind !== "allow") throw new Error(`not admitted: ${JSON.stringify(verdict)}`);
  const admissions = batches(() => admit(facts, { purses }));
  const parses = batches(() => JSON.parse(text));
  const [earlyUs, lateUs] = await growth(facts, calls);
  return {
    admissionP50Us: quantile(admissions, 0.5),
    admissionP99Us: quantile(admissions, 0.99),
    parseP50Us: quantile(parses, 0.5),
    calls,
    earlyUs,
    lateUs,
  };
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await run(Number(process.argv[2])))}\n`);
}
