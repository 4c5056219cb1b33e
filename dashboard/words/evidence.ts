/** What a review was opened with, in words; of an approval, what is asked and why. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { count, counted } from "./numbers.ts";

type Of = Pick<ReviewView, "evidence">;

function memberOf({ evidence }: Of, name: string): unknown {
  if (typeof evidence !== "object" || evidence === null) return undefined;
  return Object.entries(evidence).find(([key]) => key === name)?.[1];
}

/** A text or a number of what the review was opened with. */
export function evidenceText(review: Of, name: string): string {
  const value = memberOf(review, name);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Why policies want a person to look at it, in their words. */
export function reasonsOf(review: Of): readonly string[] {
  return textsIn(memberOf(review, "reasons"));
}

/** An approval is of a call of a tool, or of a model. */
export function isOfModel(review: Of): boolean {
  return evidenceText(review, "model") !== "";
}

/** Of an approval: `save`, `the model gpt-5`. */
export function askedName(review: Of): string {
  return isOfModel(review)
    ? `the model ${evidenceText(review, "model")}`
    : evidenceText(review, "tool");
}

/** What a request asks of a model: each fact by its name, as far as it can be told. */
export function requestFacts(review: Of): readonly (readonly [name: string, says: string])[] {
  const given = objectIn(memberOf(review, "arguments"));
  const most = given.max_completion_tokens ?? given.max_tokens;
  const { messages, n, tools } = given;
  const names = listIn(tools).map(toolName);
  const facts = [
    ["Answers with at most", typeof most === "number" ? `${count(most)} tokens` : ""],
    ["Answers", typeof n === "number" && n > 1 ? count(n) : ""],
    ["Messages", listIn(messages).length > 0 ? count(listIn(messages).length) : ""],
    ["Tools offered", names.length > 0 ? namesText(names) : ""],
  ] as const;
  return facts.filter(([, says]) => says !== "");
}

const NAMES_SHOWN_MAX = 12;

function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  return more > 0 ? `${shown} and ${counted(more, "more", "more")}` : shown;
}

/** Its name, or the type of one that runs at the provider. */
function toolName(tool: unknown): string {
  const { function: called, name, type } = objectIn(tool);
  const said = name ?? objectIn(called).name ?? type;
  return typeof said === "string" ? said : "one without a name";
}

export interface Said {
  readonly role: string;
  readonly text: string;
}

const SAID_CHARS_MAX = 1_500;

/** The newest message of a request; null: it says nothing that is text. */
export function lastSaid(review: Of): Said | null {
  const { content, role } = objectIn(
    listIn(objectIn(memberOf(review, "arguments")).messages).at(-1),
  );
  const text = typeof content === "string" ? content : listIn(content).flatMap(textOf).join("\n\n");
  if (text.trim() === "") return null;
  const cut = text.length > SAID_CHARS_MAX ? `${text.slice(0, SAID_CHARS_MAX)}…` : text;
  return { role: typeof role === "string" ? role : "", text: cut };
}

/** Of a block that is text, or the result of a tool. */
function textOf(block: unknown): readonly string[] {
  const { content, text } = objectIn(block);
  if (typeof text === "string") return [text];
  if (typeof content === "string") return [content];
  return listIn(content)
    .flatMap((inner) => objectIn(inner).text ?? [])
    .filter(isText);
}

function textsIn(value: unknown): readonly string[] {
  return listIn(value).filter(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

type Members = Readonly<Record<string, unknown>>;

function objectIn(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
