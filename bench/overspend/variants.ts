/**
 * The ways in which a budget for a number of calls is attacked. In all but one every call that the
 * upstream sees is billed in full, whatever becomes of its answer: the harshest provider there is.
 */
import type { Behaviour } from "../../src/testing/simulated-upstream.ts";

/** Output tokens of a call's cap: what one call costs, at the price below. */
export const CAP_TOKENS = 100;
/** USD for a million tokens of output; input is free, so that a call costs exactly its cap. */
export const OUTPUT_USD = 100;
const PICO_A_USD = 1_000_000_000_000n;
const MILLION = 1_000_000n;
/** Pico-USD that a call costs at most. */
export const CALL_PICO = (BigInt(CAP_TOKENS) * BigInt(OUTPUT_USD) * PICO_A_USD) / MILLION;
/** What one token of output costs. */
export const TOKEN_PICO = CALL_PICO / BigInt(CAP_TOKENS);
/** The model's own maximum: what a call without a cap, or on a distrusted model, may cost. */
export const MODEL_MAX = 16_384;

/** What a call on a model reserves that was once billed above its cap. */
const DISTRUSTED_PICO = BigInt(MODEL_MAX) * TOKEN_PICO;

/** Longer than any answer here, so the cap decides. */
const LONG_TOKENS = 1_000_000;
const CHUNKS = 20;
const OVERBILL = 9;
/** Of the budget; more than what is left once half of it is spent. */
const LARGE_SHARE = 0.6;

/** The wire formats that clients speak. Each has a provider, and models, of its own. */
export type Format = "chat" | "messages";

/**
 * `distrusted` is billed too high, and then reserved at its maximum: the others must not suffer by
 * that. `large` is for calls that never fit.
 */
export const MODELS = {
  calls: "chat",
  distrusted: "chat",
  large: "chat",
  messages: "messages",
} as const satisfies Record<string, Format>;
export type Model = keyof typeof MODELS;

/** One call as a client makes it. */
export interface Ask {
  readonly model: Model;
  readonly maxTokens: number | null;
  readonly stream: boolean;
  /** Hangs up after so many chunks; 0: as soon as the request is written; null: never. */
  readonly hangUpAfter: number | null;
  /** What the call reserves. */
  readonly costPico: bigint;
  /** It must get in at the first attempt after a recall, not only in the end. */
  readonly fits: boolean;
}

/** Calls that run together; the next stage begins when all have ended. */
export interface Stage {
  readonly clients: number;
  readonly asks: readonly Ask[];
}

export interface Variant {
  readonly name: string;
  readonly stages: (calls: number, clients: number) => readonly Stage[];
  /** How the upstream answers its n-th request of this variant, counted from 1. */
  readonly behaviour: (n: number) => Behaviour;
  /** Only calls sent after an answer that was billed too high had come back can be blamed. */
  readonly overbills: boolean;
}

const CALL: Ask = {
  model: "calls",
  maxTokens: CAP_TOKENS,
  stream: false,
  hangUpAfter: null,
  costPico: CALL_PICO,
  fits: false,
};

function times(count: number, ask: (index: number) => Ask): readonly Ask[] {
  return Array.from({ length: count }, (_, index) => ask(index));
}

function same(ask: Partial<Ask>) {
  return (calls: number, clients: number): readonly Stage[] => [
    { clients, asks: times(3 * calls, () => ({ ...CALL, ...ask })) },
  ];
}

/** Plain calls, more than there can be money for: what is left must all be spent by them. */
export function restOf(calls: number): Stage {
  return { clients: 20, asks: times(2 * calls, () => CALL) };
}

/** What is left after clients have hung up is spent by others, so that nothing may be lost. */
function thenSpent(stages: readonly Stage[], calls: number): readonly Stage[] {
  return [...stages, restOf(calls)];
}

function hangUps(hangUpAfter: (index: number) => number, model: Model = "calls") {
  return (count: number) =>
    times(count, (index) => {
      return { ...CALL, model, stream: true, hangUpAfter: hangUpAfter(index) };
    });
}

type Scripted = Extract<Behaviour, { kind: "script" }>;

const answers = (changes: Omit<Scripted, "kind"> = {}) => {
  const whole = { outputTokens: LONG_TOKENS, chunks: CHUNKS, latencyMs: 5 };
  return (): Scripted => ({ kind: "script", ...whole, ...changes });
};

/** Small calls for exactly the budget, and around their second half many that can never fit. */
function storm(calls: number, clients: number): readonly Stage[] {
  const small = { ...CALL, fits: true };
  const largeTokens = Math.floor(calls * CAP_TOKENS * LARGE_SHARE);
  const large: Ask = {
    ...CALL,
    model: "large",
    maxTokens: largeTokens,
    costPico: TOKEN_PICO * BigInt(largeTokens),
  };
  const half = Math.ceil(calls / 2);
  const rest = calls - half;
  const mixed = times(rest * 10, (index) => (index % 10 === 9 ? small : large));
  return [
    { clients: 10, asks: times(half, () => small) },
    { clients, asks: mixed },
  ];
}

export const VARIANTS: readonly Variant[] = [
  { name: "plain", stages: same({}), behaviour: answers(), overbills: false },
  {
    name: "refunds",
    stages: same({}),
    behaviour: (n) => answers({ outputTokens: ((n * 37) % CAP_TOKENS) + 1 })(),
    overbills: false,
  },
  {
    name: "streaming",
    stages: same({ stream: true }),
    behaviour: answers({ chunkMs: 1 }),
    overbills: false,
  },
  {
    name: "abort-at-once",
    stages: (calls, clients) =>
      thenSpent([{ clients: clients * 4, asks: hangUps(() => 0)(calls * 2) }], calls),
    behaviour: answers({ chunkMs: 2 }),
    overbills: false,
  },
  {
    name: "abort-in-waves",
    stages: (calls, clients) => {
      const wave = { clients, asks: hangUps(() => 3)(Math.ceil(calls / 4)) };
      return thenSpent([wave, wave, wave], calls);
    },
    behaviour: answers({ chunkMs: 2 }),
    overbills: false,
  },
  {
    name: "abort-at-every-chunk",
    stages: (calls, clients) => {
      const asks = hangUps((index) => index % (CHUNKS + 2))(calls);
      return thenSpent([{ clients, asks }], calls);
    },
    behaviour: answers({ chunkMs: 2 }),
    overbills: false,
  },
  {
    name: "errors",
    stages: same({}),
    behaviour: (n) => {
      // Proper errors are free, what breaks off is billed: see the provider's rules.
      const fault =
        n % 3 === 0 ? "error-500" : n % 7 === 0 ? "reset" : n % 11 === 0 ? "garbage" : null;
      return answers({ fault, faultEvery: 1 })();
    },
    overbills: false,
  },
  {
    name: "no-max-tokens",
    stages: same({ maxTokens: null }),
    behaviour: answers(),
    overbills: false,
  },
  {
    name: "overbill",
    stages: same({ model: "distrusted", costPico: DISTRUSTED_PICO }),
    behaviour: answers({ overbill: OVERBILL, latencyMs: 20 }),
    overbills: true,
  },
  { name: "storm", stages: storm, behaviour: answers(), overbills: false },
  {
    name: "messages",
    stages: same({ model: "messages" }),
    behaviour: answers(),
    overbills: false,
  },
  {
    name: "messages-streaming",
    stages: same({ model: "messages", stream: true }),
    behaviour: answers({ chunkMs: 1 }),
    overbills: false,
  },
  {
    name: "messages-abort",
    stages: (calls, clients) => {
      const asks = hangUps((index) => index % (CHUNKS + 2), "messages")(calls);
      return thenSpent([{ clients, asks }], calls);
    },
    behaviour: answers({ chunkMs: 2 }),
    overbills: false,
  },
];
