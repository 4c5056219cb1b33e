/** What is to be kept of a call, before it is known what of it is there already. */
import type { AgentMessage, TranscriptEntry } from "../../ports/store.ts";
import type { ToolResult } from "../../ports/tool-server.ts";
import { parseOrNothing } from "../../wire/json.ts";
import { argumentsText, type Message, type Part, textOf, thing } from "../../wire/said.ts";
import type { Seal } from "../parking/seal.ts";

/** A line without its seal. */
export interface Draft {
  /** In one task the same is kept once. */
  readonly mark: string;
  readonly entry: TranscriptEntry;
}

/** Of a longer conversation only the newest messages are looked at, and what stands first. */
const MESSAGES_MAX = 1_000;
const MODELS: ReadonlySet<string> = new Set(["assistant"]);

/**
 * The messages of one request. Every request brings all that was said before; each message is known
 * by what it says and by how many equal ones stand before it.
 */
export function requestDrafts(
  decision: string,
  messages: readonly Message[],
  seal: Seal,
): readonly Draft[] {
  const looked = newestOf(messages);
  const times = new Map<string, number>();
  return looked.map((message) => {
    const same = seal.mark(sameText(message));
    const time = (times.get(same) ?? 0) + 1;
    times.set(same, time);
    const mark = markOf(same, time);
    return { mark, entry: { kind: "message", decision, from: "request", ...message } };
  });
}

/** What reviewers say to a model, which the gateway puts into the request. */
export function toldDrafts(decision: string, told: readonly AgentMessage[]): readonly Draft[] {
  return told.map(({ id, text }) => {
    const parts = [{ kind: "text", text }] as const;
    const said = { from: "request", role: "reviewer", parts } as const;
    return { mark: `told ${id}`, entry: { kind: "message", decision, ...said } };
  });
}

/** An answer is known again when the next request brings it. */
export function answerDrafts(
  decision: string,
  answer: readonly Message[],
  asked: readonly Message[],
  seal: Seal,
): readonly Draft[] {
  const before = newestOf(asked)
    .filter(({ role }) => MODELS.has(role))
    .map(sameText);
  return answer.map((message) => {
    const same = sameText(message);
    const time = before.filter((text) => text === same).length + 1;
    before.push(same);
    const mark = markOf(seal.mark(same), time);
    return { mark, entry: { kind: "message", decision, from: "answer", ...message } };
  });
}

function newestOf(messages: readonly Message[]): readonly Message[] {
  if (messages.length <= MESSAGES_MAX) return messages;
  return [...messages.slice(0, 1), ...messages.slice(1 - MESSAGES_MAX)];
}

function markOf(same: string, time: number): string {
  return time === 1 ? same : `${same} ${time}`;
}

/**
 * What two messages have in common that are the same, whoever wrote them down: clients leave out
 * what a model thought, and write arguments and spaces in their own way.
 */
function sameText({ parts, role }: Message): string {
  const said = textOf(parts.filter(({ kind }) => kind === "text")).trim();
  const rest = parts.flatMap((part): unknown[] => {
    if (part.kind === "call") return [[part.id, part.name, sameArguments(part.arguments)]];
    return part.kind === "result" ? [[part.id, part.name, part.text.trim()]] : [];
  });
  return JSON.stringify([role, said, rest]);
}

function sameArguments(text: string): string {
  const value = text.trim() === "" ? {} : parseOrNothing(text);
  return value === undefined ? text : argumentsText(value);
}

/** What a tool answered, for people. */
export function resultText({ content, structuredContent }: ToolResult): string {
  const parts = content.map((block): Part => {
    const { data, resource, text, type, uri } = block;
    if (typeof text === "string") return { kind: "text", text };
    const inner = typeof resource === "object" && resource !== null ? resource : {};
    if ("text" in inner && typeof inner.text === "string") {
      return { kind: "text", text: inner.text };
    }
    return thing(type, data ?? ("blob" in inner ? inner.blob : uri));
  });
  if (parts.length > 0 || structuredContent === undefined) return textOf(parts);
  return argumentsText(structuredContent);
}
