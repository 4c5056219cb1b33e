/** Regular expressions: RE2, which the host reads as Go does. */

import { utf8Length } from "../formats/utf8.ts";
import type { Match, Regex } from "../host.ts";
import { quoted } from "../values/text.ts";
import {
  attempt,
  type BuiltinCall,
  BuiltinError,
  type Builtins,
  failed,
  integer,
  operand,
  type Run,
  text,
} from "./builtin.ts";
import { globsIntersect } from "./glob-intersection.ts";
import { expand } from "./regex-template.ts";

const matches: Run = (operands, call) => {
  const pattern = text(operands, 1);
  const subject = text(operands, 2);
  return isMatch(compiled(pattern, call), subject, call);
};

export const REGEX: Builtins = {
  "regex.match": matches,
  re_match: matches,
  "regex.is_valid": (operands, call) => {
    const pattern = operand(operands, 1);
    return typeof pattern === "string" && isValid(pattern, call);
  },
  "regex.find_n": (operands, call) => {
    return found(operands, call).map(({ groups }) => groups[0] ?? "");
  },
  "regex.find_all_string_submatch_n": (operands, call) => {
    return found(operands, call).map(({ groups }) => groups);
  },
  "regex.split": (operands, call) => {
    const pattern = text(operands, 1);
    const subject = text(operands, 2);
    // Only the empty pattern finds nothing to keep in an empty text.
    if (subject === "" && pattern !== "") {
      compiled(pattern, call);
      return [""];
    }
    return split(compiled(pattern, call), subject, call);
  },
  "regex.replace": (operands, call) => {
    const subject = text(operands, 1);
    const pattern = text(operands, 2);
    const template = text(operands, 3);
    return replaced(compiled(pattern, call), { subject, template }, call);
  },
  "regex.template_match": (operands, call) => {
    const template = text(operands, 1);
    const subject = text(operands, 2);
    const pattern = templatePattern(template, delimitersOf(operands), call);
    return isMatch(compiled(pattern, call), subject, call);
  },
  "regex.globs_match": (operands, call) => {
    const pair = [text(operands, 1), text(operands, 2)] as const;
    return attempt(() => globsIntersect(pair[0], pair[1], (units) => call.charge(units)));
  },
};

/** A repetition may make a machine this many times larger than its pattern is long. */
const GROWTH_MAX = 64;

/** What was compiled before costs nothing again. */
export function compiled(pattern: string, call: BuiltinCall): Regex {
  const known = call.memory("regex");
  const found = known.get(pattern);
  // Nothing else is ever put into this memory.
  if (found !== undefined) return found as Regex;
  call.charge(1 + pattern.length * (pattern.includes("{") ? GROWTH_MAX : 1));
  const regex = attempt(() => call.host.regex(pattern));
  known.set(pattern, regex);
  return regex;
}

export function isMatch(regex: Regex, subject: string, call: BuiltinCall): boolean {
  chargeSearch(regex, subject.length, call);
  return regex.matches(subject);
}

/** A thousand steps of the machine are about as much work as one of the evaluation. */
const STEPS_PER_UNIT = 1_000;

function chargeSearch(regex: Regex, length: number, call: BuiltinCall): void {
  call.charge(1 + Math.floor((regex.size * length) / STEPS_PER_UNIT));
}

export function isValid(pattern: string, call: BuiltinCall): boolean {
  try {
    compiled(pattern, call);
    return true;
  } catch (error) {
    if (error instanceof BuiltinError) return false;
    throw error;
  }
}

/** Each search may look at all that is left of the text, so each of them is paid for. */
function* matchesOf(regex: Regex, subject: string, call: BuiltinCall): Iterable<Match> {
  chargeSearch(regex, subject.length, call);
  for (const match of regex.find(subject)) {
    yield match;
    chargeSearch(regex, subject.length - match.end, call);
  }
}

function found(operands: Parameters<Run>[0], call: BuiltinCall): readonly Match[] {
  const pattern = text(operands, 1);
  const subject = text(operands, 2);
  const limit = integer(operands, 3);
  const regex = compiled(pattern, call);
  const all: Match[] = [];
  if (limit === 0) return all;
  for (const match of matchesOf(regex, subject, call)) {
    if (all.push(match) === limit) break;
  }
  return all;
}

function split(regex: Regex, subject: string, call: BuiltinCall): readonly string[] {
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of matchesOf(regex, subject, call)) {
    end = match.start;
    // An empty match at the very beginning cuts nothing off.
    if (match.end !== 0) parts.push(subject.slice(begin, end));
    begin = match.end;
  }
  if (end !== subject.length) parts.push(subject.slice(begin));
  return parts;
}

interface Replacement {
  readonly subject: string;
  readonly template: string;
}

function replaced(regex: Regex, { subject, template }: Replacement, call: BuiltinCall): string {
  const parts: string[] = [];
  let at = 0;
  for (const match of matchesOf(regex, subject, call)) {
    const inserted = expand(template, match, regex.groupNames(), call);
    parts.push(subject.slice(at, match.start), inserted);
    at = match.end;
  }
  parts.push(subject.slice(at));
  return parts.join("");
}

interface Delimiters {
  readonly start: string;
  readonly end: string;
}

function delimitersOf(operands: Parameters<Run>[0]): Delimiters {
  const start = text(operands, 3);
  const end = text(operands, 4);
  const size = utf8Length(start);
  if (size !== 1) throw wrongDelimiter("start", size);
  // OPA names the length of the start here too.
  if (utf8Length(end) !== 1) throw wrongDelimiter("end", size);
  return { start, end };
}

function wrongDelimiter(which: string, size: number): Error {
  return failed(`${which} delimiter has to be exactly one character long but is ${size} long`);
}

/** `urn:<[a-z]+>` becomes `^urn:([a-z]+)$`; each part has to be a pattern of its own. */
function templatePattern(template: string, delimiters: Delimiters, call: BuiltinCall): string {
  let pattern = "^";
  let at = 0;
  for (const [start, end] of delimited(template, delimiters)) {
    const part = template.slice(start + 1, end - 1);
    compiled(`^${part}$`, call);
    pattern += `${quoteMeta(template.slice(at, start))}(${part})`;
    at = end;
  }
  return `${pattern}${quoteMeta(template.slice(at))}$`;
}

/** From each outermost start delimiter to behind its end. */
function delimited(template: string, { start, end }: Delimiters): (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < template.length; i += 1) {
    const sign = template[i];
    if (sign === start) {
      depth += 1;
      if (depth === 1) from = i;
    } else if (sign === end) {
      depth -= 1;
      if (depth === 0) spans.push([from, i + 1]);
    }
    if (depth < 0) break;
  }
  if (depth !== 0) throw failed(`unbalanced braces in ${quoted(template)}`);
  return spans;
}

function quoteMeta(literal: string): string {
  return literal.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
