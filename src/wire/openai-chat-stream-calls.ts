/** OpenAI chat completions: the calls of tools in a stream, put together from their deltas. */
import { type AnsweredCall, CALLS_MAX, type RefusedCalls } from "./answered-calls.ts";
import { dataOf, frameOf } from "./event-stream.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { CALLING_REASONS, ENDED, readOpenAiCalls } from "./openai-chat-calls.ts";
import { namesOf } from "./openai-chat-tools.ts";

/** The legacy call of a choice has no place in its list. */
const LEGACY = "legacy";

/** One call as far as its deltas have come. */
interface Parts {
  /** Of each delta that had one. */
  readonly names: string[];
  readonly ids: Set<string>;
  function: string | null;
  custom: string | null;
}

/** Whether a frame begins a call, or goes on with one. */
export function carriesCall(root: JsonObject): boolean {
  return choicesOf(root).some(({ delta }) => {
    if (!isObject(delta)) return false;
    const { function_call: legacy = null, tool_calls: calls = null } = delta;
    return legacy !== null || (Array.isArray(calls) ? calls.length > 0 : calls !== null);
  });
}

export class StreamedOpenAiCalls {
  /** By choice, each with its calls by their place. */
  private readonly choices = new Map<unknown, Map<string, Parts>>();
  /** Something is there that a client may read as a call, and nobody here can. */
  isGarbled = false;
  private count = 0;

  see(root: JsonObject): void {
    const choices = choicesOf(root);
    // Some clients read only the first of them.
    if (new Set(choices.map(({ index }) => index)).size < choices.length) this.isGarbled = true;
    for (const { delta, index } of choices) {
      if (!isObject(delta)) continue;
      const { function_call: legacy = null, tool_calls: calls = null } = delta;
      if (calls !== null && !Array.isArray(calls)) this.isGarbled = true;
      for (const call of Array.isArray(calls) ? calls : []) {
        this.add(index, placeOf(call), call);
      }
      if (legacy !== null) this.add(index, LEGACY, { function: legacy });
    }
  }

  list(): readonly AnsweredCall[] {
    return readOpenAiCalls(this.answer().choices);
  }

  /** The calls as a whole answer. */
  answer(): { readonly choices: readonly JsonObject[] } {
    const choices = [...this.choices].map(([index, calls]) => {
      const listed = [...calls].filter(([place]) => place !== LEGACY);
      const legacy = calls.get(LEGACY);
      const message = {
        role: "assistant",
        content: null,
        ...(listed.length > 0 && { tool_calls: listed.map(([, parts]) => callOf(parts)) }),
        ...(legacy && { function_call: functionOf(legacy) }),
      };
      return { index, message };
    });
    return { choices };
  }

  /** The held frames without the refused calls; what is left of a choice's list is counted anew. */
  without(
    frames: readonly Uint8Array[],
    refused: RefusedCalls,
    saysNothing: boolean,
  ): readonly Uint8Array[] {
    return new Rewriting(this.keptPlaces(refused), this.linesOf(refused), saysNothing).all(frames);
  }

  private add(index: unknown, place: string | null, call: unknown): void {
    if (place === null || !isObject(call)) {
      this.isGarbled = true;
      return;
    }
    const calls = this.choices.get(index) ?? new Map<string, Parts>();
    this.choices.set(index, calls);
    const parts = calls.get(place) ?? this.begin();
    calls.set(place, parts);
    parts.names.push(...new Set(namesOf(call).filter(isSaid)));
    if (isSaid(call.id)) parts.ids.add(call.id);
    for (const [kind, key] of [
      ["function", "arguments"],
      ["custom", "input"],
    ] as const) {
      const inner = call[kind];
      const text = isObject(inner) ? (inner[key] ?? null) : null;
      if (text !== null && typeof text !== "string") this.isGarbled = true;
      else if (text !== null) parts[kind] = (parts[kind] ?? "") + text;
    }
  }

  private begin(): Parts {
    this.count += 1;
    if (this.count > CALLS_MAX) this.isGarbled = true;
    return { names: [], ids: new Set(), function: null, custom: null };
  }

  /** For each call that stays: its place in what is left of its choice's list. */
  private keptPlaces(refused: RefusedCalls): ReadonlyMap<unknown, ReadonlyMap<string, number>> {
    const kept = new Map<unknown, ReadonlyMap<string, number>>();
    let at = 0;
    for (const [index, calls] of this.choices) {
      const places = new Map<string, number>();
      for (const [place] of ordered(calls)) {
        if (!refused.has(at)) places.set(place, places.size);
        at += 1;
      }
      kept.set(index, places);
    }
    return kept;
  }

  private linesOf(refused: RefusedCalls): Map<unknown, string> {
    const lines = new Map<unknown, string>();
    let at = 0;
    for (const [index, calls] of this.choices) {
      const own = [...calls].flatMap((_, offset) => refused.get(at + offset) ?? []);
      if (own.length > 0) lines.set(index, own.join("\n"));
      at += calls.size;
    }
    return lines;
  }
}

/** As a whole answer lists them: the legacy one last. */
function ordered(calls: ReadonlyMap<string, Parts>): readonly (readonly [string, Parts])[] {
  const legacy = calls.get(LEGACY);
  const listed = [...calls].filter(([place]) => place !== LEGACY);
  return legacy === undefined ? listed : [...listed, [LEGACY, legacy]];
}

/** Where a delta belongs; null: nobody can tell. */
function placeOf(call: unknown): string | null {
  const index = isObject(call) ? call.index : null;
  return Number.isSafeInteger(index) ? String(index) : null;
}

function callOf(parts: Parts): JsonObject {
  const { custom, ids } = parts;
  const [id = null] = ids;
  const isFunction = custom === null || parts.function !== null;
  return {
    ...(id !== null && { id }),
    type: isFunction ? "function" : "custom",
    ...(isFunction && { function: functionOf(parts) }),
    ...(custom !== null && { custom: { name: nameOf(parts), input: custom } }),
  };
}

function functionOf(parts: Parts): JsonObject {
  return { name: nameOf(parts), arguments: parts.function ?? "" };
}

/**
 * Some clients put names together, others take the last; to some another id is another call. Two of
 * either are no clear call, and neither is a name that is said twice.
 */
function nameOf({ ids, names }: Parts): string {
  const [name = ""] = names;
  return names.length === 1 && ids.size <= 1 ? name : "";
}

function isSaid(text: unknown): text is string {
  return typeof text === "string" && text !== "";
}

class Rewriting {
  private readonly kept: ReadonlyMap<unknown, ReadonlyMap<string, number>>;
  private readonly lines: Map<unknown, string>;
  private readonly gap: string;

  constructor(
    kept: ReadonlyMap<unknown, ReadonlyMap<string, number>>,
    lines: Map<unknown, string>,
    saysNothing: boolean,
  ) {
    this.kept = kept;
    this.lines = lines;
    this.gap = saysNothing ? "" : "\n\n";
  }

  all(frames: readonly Uint8Array[]): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    let base: JsonObject = {};
    for (const frame of frames) {
      const root = parseOrNothing(dataOf(frame));
      if (!isObject(root) || !Array.isArray(root.choices)) {
        // The answer's end: whatever has not been said is said before it.
        if (root === undefined) out.push(...this.linesLeft(base));
        if (root !== undefined || isDone(frame)) out.push(frame);
        continue;
      }
      if (root.choices.length > 0) base = withoutUsage(root);
      for (const { finish_reason: reason = null, index } of choicesOf(root)) {
        if (reason !== null) out.push(...this.lineFor(index, base));
      }
      out.push(...(this.isTouched(root) ? this.frameFor(root) : [frame]));
    }
    out.push(...this.linesLeft(base));
    return out;
  }

  private linesLeft(base: JsonObject): readonly Uint8Array[] {
    return [...this.lines.keys()].flatMap((index) => this.lineFor(index, base));
  }

  private lineFor(index: unknown, base: JsonObject): readonly Uint8Array[] {
    const line = this.lines.get(index);
    if (line === undefined) return [];
    this.lines.delete(index);
    const delta = { content: `${this.gap}${line}` };
    return [frameOf(null, { ...base, choices: [{ index, delta, finish_reason: null }] })];
  }

  /** A frame where nothing is changed goes on as it came, whatever else it holds. */
  private isTouched(root: JsonObject): boolean {
    return carriesCall(root) || choicesOf(root).some((choice) => this.hasEnded(choice));
  }

  /** Whether this ends a choice of which no call is left. */
  private hasEnded({ finish_reason: reason, index }: JsonObject): boolean {
    return CALLING_REASONS.has(reason) && (this.kept.get(index)?.size ?? 0) === 0;
  }

  private frameFor(root: JsonObject): readonly Uint8Array[] {
    const choices = choicesOf(root).flatMap((choice) => this.choiceFor(choice) ?? []);
    const saysMore = choices.length > 0 || (root.usage ?? null) !== null;
    return saysMore || choicesOf(root).length === 0 ? [frameOf(null, { ...root, choices })] : [];
  }

  /** Null: nothing is left of it. */
  private choiceFor(choice: JsonObject): JsonObject | null {
    const { finish_reason: reason = null, index } = choice;
    const kept = this.kept.get(index) ?? new Map<string, number>();
    const delta = isObject(choice.delta) ? choice.delta : {};
    const { function_call: legacy = null, tool_calls: calls = null, ...rest } = delta;
    const left = (Array.isArray(calls) ? calls : []).flatMap((call: unknown) => {
      const place = kept.get(placeOf(call) ?? "");
      return place === undefined || !isObject(call) ? [] : [{ ...call, index: place }];
    });
    const hadCalls = calls !== null || legacy !== null;
    const after = {
      ...rest,
      ...(left.length > 0 && { tool_calls: left }),
      ...(legacy !== null && kept.has(LEGACY) && { function_call: legacy }),
    };
    const says = Object.values(after).some((value) => (value ?? null) !== null);
    if (hadCalls && reason === null && !says) return null;
    const ended = this.hasEnded(choice);
    return { ...choice, delta: after, ...(ended && { finish_reason: ENDED }) };
  }
}

function isDone(frame: Uint8Array): boolean {
  return dataOf(frame).trim() === "[DONE]";
}

function withoutUsage({ usage: _, ...base }: JsonObject): JsonObject {
  return base;
}

function choicesOf(root: JsonObject): readonly JsonObject[] {
  return Array.isArray(root.choices) ? root.choices.filter(isObject) : [];
}
