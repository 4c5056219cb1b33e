/**
 * Gateways before an upstream that counts what it bills. Prices are whole nano-USD for a token, so
 * that what the gateway charges and what the upstream bills can be compared to the last digit.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { parseUsd } from "../../src/guards/money.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/index.ts";
import type { Folder, TestGateway } from "../support/gateway.ts";

export const MODEL = "m-1";
export const INPUT_NANO = 1_000n;
export const OUTPUT_NANO = 10_000n;
export const OUTPUT_TOKENS = 20;
/** Any 32 bytes in hex; gateways on one PostgreSQL share it. */
export const ENCRYPTION_KEY = "ab".repeat(32);
const CHAT = "/v1/chat/completions";

export interface Rails {
  readonly limitUsd: number;
  readonly apiKey?: string;
  /** Merged into slipclutch.yaml. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Merged into the provider. */
  readonly provider?: Readonly<Record<string, unknown>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** A guardrails folder with one agent, one budget and one provider: the upstream. */
export function rails(upstream: Pick<SimulatedUpstream, "url">, wanted: Rails): Folder {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      providers: {
        upstream: {
          kind: "openai",
          base_url: upstream.url,
          api_key: wanted.apiKey ?? "sk-upstream-0123456789",
          prices_of: "local",
          ...wanted.provider,
        },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: wanted.limitUsd, window: "lifetime" }],
      ...wanted.more,
    },
    "agents/worker.yaml": { version: 1, agent: "worker", ...wanted.manifest },
    "prices.yaml": {
      local: { [MODEL]: { input: 1, output: 10, context_window: 32_000, max_output: 4_096 } },
    },
  };
}

/** Heartbeats every second, so this is about as short as a loaded machine keeps. */
export const SHORT_TIMES = { grace: "2s", expiry: "3100ms" };

export function upstreamFor(latencyMs = 0): Promise<SimulatedUpstream> {
  return simulatedUpstream({
    clock: systemClock,
    script: { outputTokens: OUTPUT_TOKENS, latencyMs },
  });
}

export function chatBody(more: Readonly<Record<string, unknown>> = {}) {
  const messages = [{ role: "user", content: "Say something short." }];
  return { model: MODEL, max_tokens: OUTPUT_TOKENS, messages, ...more };
}

/** One call with any key; the answer's body is read. */
export async function chat(gateway: TestGateway, key: string, more = {}): Promise<Answer> {
  const response = await gateway.call(CHAT, chatBody(more), { authorization: `Bearer ${key}` });
  const text = await response.text();
  const code = /code=(\S+)/.exec(response.headers.get("x-slipclutch-decision") ?? "")?.[1] ?? null;
  return { status: response.status, code, text };
}

export interface Answer {
  readonly status: number;
  /** Of a refusal. */
  readonly code: string | null;
  readonly text: string;
}

/** Everything the upstream has billed, in nano-USD. */
export function billedNano(upstream: SimulatedUpstream): bigint {
  let nano = 0n;
  for (const { input, output } of upstream.billed().values()) {
    nano += BigInt(input) * INPUT_NANO + BigInt(output) * OUTPUT_NANO;
  }
  return nano;
}

/** A body of our own API, in the shape that its caller names. */
export async function bodyOf<T>(response: Response): Promise<T> {
  // The caller knows what it asked for; a wrong shape fails its expectations.
  return (await response.json()) as T;
}

export interface Books {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly reserved: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
}

/** The budget `all`, as a gateway and its store say. */
export async function booksOf(gateway: TestGateway): Promise<Books> {
  const response = await gateway.api("GET", "/api/v1/budgets");
  if (response.status !== 200) throw new Error(`budgets answered ${response.status}`);
  const rows = await bodyOf<Record<string, string>[]>(response);
  const row = rows.find(({ name }) => name === "all");
  if (!row) throw new Error("the budget has no account");
  const nano = (name: string): bigint => parseNano(row[`${name}_usd`] ?? "");
  return {
    limit: nano("limit"),
    spent: nano("spent"),
    reserved: nano("reserved"),
    leased: nano("leased"),
    forfeited: nano("forfeited"),
  };
}

export function parseNano(usd: string): bigint {
  const amount = parseUsd(usd);
  if (amount === null) throw new Error(`${usd} is no amount`);
  return amount;
}

/** Asks again until it holds; what it last saw is in the error. */
export async function until<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end) {
      const text = JSON.stringify(seen, (_name, value) =>
        typeof value === "bigint" ? String(value) : value,
      );
      throw new Error(`it did not come to pass within ${withinMs} ms; last seen: ${text}`);
    }
    await sleep(25);
  }
}

export interface Tally {
  /** Answers by `200`, or `402 budget.exhausted`. */
  readonly answers: ReadonlyMap<string, number>;
  /** Calls without a whole answer: the gateway was gone. */
  readonly broken: number;
}

export interface Load {
  readonly tally: Tally;
  stop(): Promise<Tally>;
}

/** So many callers, each with one call at a time, on whatever gateway it is given, until stopped. */
export function startLoad(target: () => TestGateway | null, key: string, callers: number): Load {
  const answers = new Map<string, number>();
  const tally = { answers, broken: 0 };
  let stopped = false;
  const caller = async (): Promise<void> => {
    while (!stopped) {
      const gateway = target();
      if (gateway === null) {
        await sleep(10);
        continue;
      }
      try {
        const { code, status } = await chat(gateway, key);
        const name = code === null ? String(status) : `${status} ${code}`;
        answers.set(name, (answers.get(name) ?? 0) + 1);
        if (status !== 200) await sleep(5);
      } catch {
        tally.broken += 1; // the process was killed under the call
        await sleep(5);
      }
    }
  };
  const callersDone = Promise.all(Array.from({ length: callers }, caller));
  return {
    tally,
    async stop() {
      stopped = true;
      await callersDone;
      return tally;
    },
  };
}

export function count(tally: Tally, name: string): number {
  return tally.answers.get(name) ?? 0;
}

export interface Verified {
  readonly ok: boolean;
  readonly entries: number;
  readonly gaps: number;
}

export async function verifyJournal(gateway: TestGateway): Promise<Verified> {
  return await bodyOf(await gateway.api("GET", "/api/v1/journal/verify"));
}

/** The numbers of a seeded run; the seed is printed with what fails. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
