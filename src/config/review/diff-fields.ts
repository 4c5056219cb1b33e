/** Fields of files that need no words of their own: by a table, and what is not in it may widen. */
import { holdsSecret } from "../issues.ts";
import { type Path, pathText, rawAt } from "../source.ts";
import { byAmount, type Change, change, type Direction } from "./change.ts";
import type { Written } from "./reading.ts";
import { equal } from "./schema-values.ts";

/** What it means that a field changes. */
export type Rule =
  /** A number: more of it lets more through. Without it nothing is limited. */
  | "limit"
  /** A number with a default: more of it lets more through. */
  | "amount"
  /** One of several things with names: a new one lets more through. */
  | "entry"
  /** More entries let more through. */
  | "grants"
  /** Told by rules of its own, elsewhere. */
  | "elsewhere"
  /** Lets no more and no less through. */
  | "other";

/** By the path, with `*` for any name. */
export type Rules = Readonly<Record<string, Rule>>;

type Sides = readonly [before: Written<unknown>, after: Written<unknown>];

const SHOWN_CHARS_MAX = 60;

/** All that differs below a path of both files. */
export function fieldChanges(sides: Sides, at: Path, who: Who): readonly Change[] {
  const rule = ruleOf(at, who.rules);
  if (rule === "elsewhere") return [];
  const [before, after] = sides.map(({ data }) => valueAt(data, at));
  const isOpen = rule === undefined || rule === "entry";
  if (isMap(before) && isMap(after) && isOpen) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => fieldChanges(sides, [...at, key], who));
  }
  // Of what comes from outside the names count as well: another variable is another value.
  const written = sides.map(({ source }) => fromOutside(rawAt(source, at)));
  if (same(before, after) && written[0] === written[1]) return [];
  const about = { agent: who.agent, about: pathText(at.slice(who.from)) };
  return [change(about, directionOf(rule, before, after), saysOf(sides, at))];
}

export interface Who {
  readonly agent: string | null;
  readonly rules: Rules;
  /** Where in a path that begins which is told. */
  readonly from: number;
}

function ruleOf(at: Path, rules: Rules): Rule | undefined {
  return Object.entries(rules).find(([pattern]) => {
    const keys = pattern.split(".");
    return (
      keys.length === at.length && keys.every((key, index) => key === "*" || key === at[index])
    );
  })?.[1];
}

function directionOf(rule: Rule | undefined, before: unknown, after: unknown): Direction {
  if (rule === "other") return "other";
  if (rule === "limit" && after === undefined) return "wider";
  if (rule === "limit" && before === undefined) return "narrower";
  const isAmount = rule === "limit" || rule === "amount";
  if (isAmount && isNumber(before) && isNumber(after)) return byAmount(before, after);
  // What takes the place of an entry that is gone, or of a list with a default, is not known here.
  if (rule === "entry" && before === undefined) return "wider";
  if (rule !== "grants" || before === undefined || after === undefined) return "may-be-wider";
  const [old, now] = [entriesOf(before), entriesOf(after)];
  if ([...now].some((entry) => !old.has(entry))) return "wider";
  return "narrower";
}

function saysOf(sides: Sides, at: Path): string {
  const [before, after] = sides.map(({ source }) => rawAt(source, at));
  if (holdsSecret(at)) return "changed; it is not shown";
  if (before === undefined) return `${shown(after)}, which was not said before`;
  if (after === undefined) return `was ${shown(before)}, and is not said any more`;
  return `${shown(before)} → ${shown(after)}`;
}

/** A map may hold secrets: its fields are told one by one, or not at all. */
function shown(value: unknown): string {
  if (isMap(value)) return "a map";
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}

/** As it is written where a variable is put in; else nothing. */
function fromOutside(raw: unknown): string {
  const text = JSON.stringify(raw) ?? "";
  return text.includes("${") ? text : "";
}

function same(before: unknown, after: unknown): boolean {
  if (before === after) return true;
  return before !== undefined && after !== undefined && equal(plain(before), plain(after));
}

/** Amounts of money are whole numbers without an end, for which JSON has no place. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)),
  );
}

function entriesOf(value: unknown): ReadonlySet<string> {
  const entries = isMap(value) ? Object.entries(value) : Array.isArray(value) ? value : [];
  return new Set(entries.map((entry) => JSON.stringify(plain(entry))));
}

function valueAt(data: unknown, at: Path): unknown {
  let value = data;
  for (const key of at) {
    if (!isMap(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
