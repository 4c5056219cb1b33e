/** Small whole values that the guards' tests change one field of. */
import { EMPTY, type Purse, type Seen, type Slice } from "../../../src/guards/budget/slice.ts";
import { type Amounts, NOTHING } from "../../../src/guards/budget/unit.ts";
import type { InputMeasure, ModelAsk } from "../../../src/guards/call.ts";
import type { Bounds, Facts, Target } from "../../../src/guards/facts.ts";
import { NO_LIBRARY } from "../../../src/guards/library/grants.ts";
import { type CallLimits, type Manifest, NO_TOOLS } from "../../../src/guards/manifest/manifest.ts";
import type { ModelPrice, Tier, Usage } from "../../../src/guards/price/price.ts";
import type { ProviderRules } from "../../../src/guards/provider-rules.ts";

export function measure(changes: Partial<InputMeasure> = {}): InputMeasure {
  return {
    textBytes: 100,
    messages: 1,
    tools: 0,
    images: 0,
    fileBytes: 0,
    audioBytes: 0,
    unmeasured: null,
    cacheWrite: "none",
    ...changes,
  };
}

export function ask(changes: Partial<ModelAsk> = {}): ModelAsk {
  return {
    format: "openai-chat",
    model: "m",
    stream: false,
    outputCap: 50,
    choices: 1,
    input: measure(),
    serverTools: [],
    offeredTools: [],
    audioOutput: false,
    thinkingBudget: null,
    mayThink: false,
    serviceTier: null,
    unknownFields: [],
    unbounded: [],
    ...changes,
  };
}

/** Input 1,000, output 2,000, and a different number for each other rate. */
export function tier(changes: Partial<Tier> = {}): Tier {
  return {
    fromInputTokens: 0,
    input: 1_000,
    output: 2_000,
    cachedInput: 100,
    cacheWrite5m: 1_250,
    cacheWrite1h: 2_500,
    reasoning: 2_000,
    inputAudio: null,
    outputAudio: null,
    ...changes,
  };
}

export function price(changes: Partial<ModelPrice> = {}): ModelPrice {
  return {
    model: "m",
    contextWindow: 1_000,
    maxOutput: 400,
    tiers: [tier()],
    perRequest: 0,
    serverTools: {},
    serviceTiers: {},
    source: "prices.yaml",
    ...changes,
  };
}

export function rules(changes: Partial<ProviderRules> = {}): ProviderRules {
  return {
    name: "p",
    formats: ["openai-chat"],
    inputBound: "bytes+overhead",
    overhead: { base: 0, perMessage: 0, perTool: 0, tools: 0, perImage: 0 },
    capField: "max_tokens",
    streamOptions: true,
    errorsAreFree: true,
    onAbort: "drain",
    framesAreTokens: true,
    showsAllOutput: true,
    outputCapMin: 1,
    allowFields: [],
    ...changes,
  };
}

export function target(changes: Partial<Target> = {}): Target {
  return {
    rules: rules(),
    model: "m",
    price: price(),
    overbillsOutput: false,
    overbillsInput: false,
    ...changes,
  };
}

export function limits(changes: Partial<CallLimits> = {}): CallLimits {
  return {
    maxOutputTokens: null,
    maxInputTokens: null,
    maxN: null,
    timeoutMs: 60_000,
    minUsefulOutput: 10,
    ...changes,
  };
}

export const NO_TASK_LIMITS = { callsMax: null, toolCallsMax: null, durationMaxMs: null };

export function manifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    agent: "a",
    labels: { team: null, org: null, owner: null },
    models: null,
    limits: limits(),
    observe: null,
    observing: false,
    strict: false,
    uncapped: false,
    tellAgent: false,
    transcripts: true,
    onChange: "strictest",
    digest: "d",
    refusalRounds: 1,
    tasks: {
      newPerHour: 10,
      aliveMax: 10,
      depthMax: 3,
      childrenMax: 10,
      idleMs: 1_000,
      ...NO_TASK_LIMITS,
    },
    tools: NO_TOOLS,
    library: NO_LIBRARY,
    policies: [],
    ...changes,
  };
}

export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    ask: ask(),
    manifest: manifest(),
    task: { id: "t", ended: false, ageMs: 0, durationMaxMs: null },
    clutch: { state: "engaged" },
    letGo: false,
    target: target(),
    toldBytes: 0,
    policy: [],
    approved: { kind: "none" },
    ...changes,
  };
}

export function bounds(changes: Partial<Bounds> = {}): Bounds {
  return {
    outputCap: 50,
    removedTools: new Set(),
    outputFloor: 10,
    inputTokens: 100,
    fixedPico: 0,
    perTokenPico: 0,
    fixedTokens: 0,
    tokensPerCap: 0,
    reserve: NOTHING,
    ...changes,
  };
}

/** Money, and nothing else. */
export function usd(nano: number): Amounts {
  return { ...NOTHING, usd: nano };
}

export function slice(changes: Partial<Slice> = {}): Slice {
  return { ...EMPTY, ...changes };
}

export function seen(changes: Partial<Seen> = {}): Seen {
  return { limit: 1_000n, spent: 0n, leased: 0n, forfeited: 0n, committed: 0n, ...changes };
}

export function purse(changes: Partial<Purse> = {}): Purse {
  return { budget: "b", scope: "", unit: "usd", slice: slice(), seen: null, ...changes };
}

export function usage(changes: Partial<Usage> = {}): Usage {
  return {
    input: 0,
    cachedInput: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    inputAudio: 0,
    output: 0,
    reasoning: 0,
    outputAudio: 0,
    serverTools: {},
    serviceTier: null,
    ...changes,
  };
}
