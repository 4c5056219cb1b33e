/**
 * An event as the text of its journal entry, and back. A call's text repeats neither what the
 * entry's columns say nor what is usual: what a call costs the journal is mostly its length.
 * A field that is left out (`undefined` here) is as usual.
 */
import {
  type Answer,
  type Asked,
  type Event,
  isToolAsked,
  type LegNumbers,
  type Origin,
} from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { Usage } from "../guards/price/price.ts";
import type { JournalEntry } from "../ports/store.ts";

/** What `make` answers; after JSON without the fields that were undefined. */
type Text<Make extends (...given: never[]) => object> = ReturnType<Make>;
type Columns = Pick<JournalEntry, "kind" | "decision" | "agent" | "task" | "code">;
type Entry = Columns & Pick<JournalEntry, "body">;
type Admitted = Extract<Event, { kind: "call.admitted" }>;
type Refused = Extract<Event, { kind: "call.refused" }>;
type Settled = Extract<Event, { kind: "call.settled" }>;

const USUAL_LEG = { scope: "", unit: "usd", window: 0 } as const;
const USUAL_SETTLED = {
  outcome: "ok",
  status: 200,
  fault: null,
  result: null,
  estimated: false,
  sentCap: null,
  capped: false,
} as const;
const USUAL_USAGE: Usage = {
  ...{ input: 0, cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, inputAudio: 0 },
  ...{ output: 0, reasoning: 0, outputAudio: 0, serverTools: {}, serviceTier: null },
};

export function columnsOf(event: Event): Columns {
  return {
    kind: event.kind,
    decision: "decision" in event ? event.decision : null,
    agent: "agent" in event ? event.agent : null,
    task: "task" in event ? event.task : null,
    code: "code" in event ? event.code : null,
  };
}

export function textOf(event: Event): string {
  switch (event.kind) {
    case "call.admitted":
      return JSON.stringify(admittedText(event));
    case "call.refused":
      return JSON.stringify(refusedText(event));
    case "call.settled":
      return JSON.stringify(settledText(event));
    default:
      return JSON.stringify(event);
  }
}

/** Throws on a text that is no JSON. */
export function eventOf(entry: Entry): Event {
  switch (entry.kind) {
    case "call.admitted":
      return admittedOf(entry, parsed<typeof admittedText>(entry));
    case "call.refused":
      return refusedOf(entry, parsed<typeof refusedText>(entry));
    case "call.settled":
      return settledOf(entry, parsed<typeof settledText>(entry));
    default:
      return parsed<() => Event>(entry);
  }
}

function parsed<Make extends (...given: never[]) => object>({ body }: Entry): Text<Make> {
  // `as`: `textOf` made it, says the chain, and of which kind it is says the entry's column.
  return JSON.parse(body) as Text<Make>;
}

function admittedText(event: Admitted) {
  return { ...callText(event), asked: askedText(event.asked), legs: event.legs.map(legText) };
}

function admittedOf(entry: Entry, text: Text<typeof admittedText>): Admitted {
  const { answers, asked, legs } = text;
  const decided = {
    asked: askedOf(asked),
    answers: answersOf(answers),
    legs: legs.map((leg) => legOf(leg)),
  };
  return { kind: "call.admitted", ...decided, ...originOf(entry, text) };
}

function refusedText(event: Refused) {
  const { asked, facts } = event;
  return { ...callText(event), asked: asked === null ? null : askedText(asked), facts };
}

function refusedOf(entry: Entry, text: Text<typeof refusedText>): Refused {
  const { answers, asked, facts } = text;
  // `as`: the column of a refusal holds its code.
  const code = entry.code as Refused["code"];
  const decided = { asked: asked === null ? null : askedOf(asked), answers: answersOf(answers) };
  return { kind: "call.refused", ...decided, code, facts, ...originOf(entry, text) };
}

function settledText(event: Settled) {
  const { firstByteMs, outcome, status, usage } = event;
  return {
    ...callText(event),
    asked: askedText(event.asked),
    legs: event.legs.map((leg) => settledLegText(leg, event)),
    outcome: outcome === USUAL_SETTLED.outcome ? undefined : outcome,
    status: status === USUAL_SETTLED.status ? undefined : status,
    fault: event.fault ?? undefined,
    result: event.result ?? undefined,
    usage: usage === null ? null : usageText(usage),
    estimated: event.estimated || undefined,
    reserved: event.reserved,
    charged: event.charged,
    sentCap: event.sentCap ?? undefined,
    capped: event.capped || undefined,
    decidedMs: toMicros(event.decidedMs),
    firstByteMs: firstByteMs === null ? null : toMicros(firstByteMs),
    endedMs: toMicros(event.endedMs),
  };
}

function settledOf(entry: Entry, text: Text<typeof settledText>): Settled {
  const { answers, asked, legs, usage, ...rest } = text;
  const { charged, reserved } = text;
  return filled<Settled>(USUAL_SETTLED, {
    ...rest,
    kind: "call.settled",
    ...originOf(entry, text),
    asked: askedOf(asked),
    answers: answersOf(answers),
    legs: legs.map((leg) => filled<LegNumbers>({ reserved, charged }, legOf(leg))),
    usage: usage === null ? null : filled<Usage>(USUAL_USAGE, usage),
  });
}

function callText({ answers, call, decision, key, revision }: Admitted | Refused | Settled) {
  const own = call === decision ? undefined : call;
  return { call: own, key, revision, answers: answersText(answers) };
}

function originOf({ agent, decision, task }: Entry, text: Text<typeof callText>): Origin {
  const own = decision ?? "";
  const { key, revision } = text;
  return { decision: own, call: text.call ?? own, agent, task, key, revision };
}

type Numbers = Answer["numbers"];

/** By guard: the numbers of one that allowed, else what it answered and its numbers. */
function answersText(answers: readonly Answer[]): Record<string, Numbers | [string, Numbers]> {
  const text: Record<string, Numbers | [string, Numbers]> = {};
  for (const { answer, guard, numbers } of answers) {
    text[guard] = answer === "allow" ? numbers : [answer, numbers];
  }
  return text;
}

function answersOf(text: ReturnType<typeof answersText>): Answer[] {
  return Object.entries(text).map(([guard, said]) => {
    if (!isPair(said)) return { guard, answer: "allow", numbers: said };
    const [answer, numbers] = said;
    return { guard, answer, numbers };
  });
}

function isPair(said: Numbers | [string, Numbers]): said is [string, Numbers] {
  return Array.isArray(said);
}

function askedText(asked: Asked) {
  const { attempt, bytes } = asked;
  if (isToolAsked(asked)) return { ...asked, attempt: attempt || undefined };
  const { format, model, outputCap, provider, stream } = asked;
  return {
    format,
    model,
    provider: provider ?? undefined,
    stream: stream || undefined,
    outputCap: outputCap ?? undefined,
    bytes,
    attempt: attempt || undefined,
  };
}

function askedOf(text: Text<typeof askedText>): Asked {
  const attempt = text.attempt ?? 0;
  if ("tool" in text) return { ...text, attempt };
  const { bytes, format, model } = text;
  return {
    format,
    model,
    provider: text.provider ?? null,
    stream: text.stream ?? false,
    outputCap: text.outputCap ?? null,
    bytes,
    attempt,
  };
}

function legText({ budget, charged, reserved, scope, unit, window }: LegNumbers) {
  return {
    budget,
    scope: scope || undefined,
    window: window || undefined,
    unit: unit === USUAL_LEG.unit ? undefined : unit,
    reserved,
    charged,
  };
}

/** A leg is charged what the call is charged, but for an overbill. */
function settledLegText(leg: LegNumbers, { charged, reserved }: Settled) {
  return {
    ...legText(leg),
    reserved: leg.reserved === reserved ? undefined : leg.reserved,
    charged: leg.charged === charged ? undefined : leg.charged,
  };
}

function legOf(text: Readonly<Record<string, unknown>>): LegNumbers {
  return filled<LegNumbers>(USUAL_LEG, text);
}

function usageText(usage: Usage) {
  const { serverTools, serviceTier } = usage;
  return {
    input: usage.input || undefined,
    cachedInput: usage.cachedInput || undefined,
    cacheWrite5m: usage.cacheWrite5m || undefined,
    cacheWrite1h: usage.cacheWrite1h || undefined,
    inputAudio: usage.inputAudio || undefined,
    output: usage.output || undefined,
    reasoning: usage.reasoning || undefined,
    outputAudio: usage.outputAudio || undefined,
    serverTools: Object.keys(serverTools).length === 0 ? undefined : serverTools,
    serviceTier: serviceTier ?? undefined,
  };
}

/** Finer than any clock of ours, and half as many digits. */
function toMicros(ms: Millis): Millis {
  return Math.round(ms * 1_000) / 1_000;
}

function filled<Whole>(
  usual: Partial<Whole>,
  text: { readonly [Name in keyof Whole]?: unknown },
): Whole {
  // `as`: a text lacks only what is as usual.
  return { ...usual, ...text } as Whole;
}
