/** What a manifest grants of tools: wider or narrower, tool by tool. */
import { shortPin } from "../../guards/tool/pin.ts";
import type { GrantedTool, RateLimit } from "../../guards/tool/tool.ts";
import { closedAtTop } from "../arguments.ts";
import type { RawTool } from "../tool-schema.ts";
import { type About, type Change, change } from "./change.ts";
import { commitmentChanges } from "./diff-commitments.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import { resourceChanges } from "./diff-resources.ts";
import { boundChanges, costChanges, errorChanges, repeatChanges } from "./diff-tool-bounds.ts";
import { type Tool, toolsOf } from "./granted-tools.ts";
import type { Reading } from "./reading.ts";
import type { Fits } from "./schema-values.ts";
import { schemaWords } from "./schema-words.ts";
import { isWithin } from "./within.ts";

/** What has words of its own; what is neither there nor here may widen. */
const RULES: Rules = {
  tool_name: "elsewhere",
  server: "elsewhere",
  rate_limit: "elsewhere",
  read_only: "elsewhere",
  arguments: "elsewhere",
  pin: "elsewhere",
  requires_approval: "elsewhere",
  cost: "elsewhere",
  commitment: "elsewhere",
  resource: "elsewhere",
  empty_result: "elsewhere",
  output: "elsewhere",
  timeout: "elsewhere",
  repeats: "elsewhere",
  max_concurrent: "elsewhere",
  max_result_bytes: "elsewhere",
};

type Sides = readonly [before: Reading, after: Reading];

export function toolChanges(agent: string, sides: Sides, fits: Fits): Change[] {
  const [before, after] = [toolsOf(sides[0], agent), toolsOf(sides[1], agent)];
  const { breakers } = sides[1].configuration;
  const changes: Change[] = [];
  for (const [name, tool] of after) {
    const old = before.get(name);
    const about = { agent, about: name };
    if (old === undefined) changes.push(change(about, "wider", `a new tool, ${effectOf(tool)}`));
    else {
      changes.push(
        ...oneTool(about, [old, tool], fits),
        ...repeatChanges(about, [old, tool], breakers),
      );
    }
  }
  for (const [name, tool] of before) {
    if (after.has(name)) continue;
    const says = `can no longer be called; it was one ${effectOf(tool)}`;
    changes.push(change({ agent, about: name }, "narrower", says));
  }
  return changes;
}

function effectOf({ granted }: Tool): string {
  if (!mayWrite(granted)) return "which only reads";
  return granted.check === null ? "which may write, with any arguments" : "which may write";
}

function mayWrite({ effect, readOnly }: GrantedTool): boolean {
  return effect === "write" && !readOnly;
}

type Pair = readonly [before: Tool, after: Tool];

function oneTool(about: About, pair: Pair, fits: Fits): readonly Change[] {
  const [before, after] = pair;
  const who = { agent: about.agent, rules: RULES, from: 0 };
  const others = fieldChanges([before.written, after.written], [], who).map((other) => ({
    ...other,
    about: about.about,
    says: `${other.about}: ${other.says}`,
  }));
  return [
    ...effectChanges(about, pair),
    ...rateChanges(about, before.granted.rateLimit, after.granted.rateLimit),
    ...argumentChanges(about, pair, fits),
    ...approvalChanges(about, pair, fits),
    ...pinChanges(about, pair),
    ...costChanges(about, pair),
    ...commitmentChanges(about, [before.granted.commitment, after.granted.commitment]),
    ...resourceChanges(about, before.granted, after.granted),
    ...boundChanges(about, pair),
    ...errorChanges(about, pair, fits),
    ...others,
  ];
}

function effectChanges(about: About, [{ granted: before }, { granted: after }]: Pair): Change[] {
  const [old, now] = [mayWrite(before), mayWrite(after)];
  if (old !== now) {
    return now
      ? [change(about, "wider", "may write now; it could only read")]
      : [change(about, "narrower", "may only read now; it could write")];
  }
  if (before.readOnly === after.readOnly) return [];
  const says = `read_only ${before.readOnly} → ${after.readOnly}; the tool only reads`;
  return [change(about, after.readOnly ? "narrower" : "may-be-wider", says)];
}

function rateChanges(about: About, before: RateLimit | null, after: RateLimit | null): Change[] {
  if (before === null && after === null) return [];
  const says = `may be called ${rateWords(after)} instead of ${rateWords(before)}`;
  if (before === null) return [change(about, "narrower", says)];
  if (after === null) return [change(about, "wider", says)];
  const [less, more] = [fitsIn(after, before), fitsIn(before, after)];
  if (less && more && before.requests === after.requests) return [];
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says)];
}

/** A window is covered by so many of the other's, of which each lets its own number through. */
function fitsIn(narrow: RateLimit, wide: RateLimit): boolean {
  return narrow.requests * Math.ceil(wide.perMs / narrow.perMs) <= wide.requests;
}

function rateWords(limit: RateLimit | null): string {
  if (limit === null) return "as often as it likes";
  const times = limit.requests === 1 ? "once" : `${limit.requests} times`;
  return `${times} in ${limit.perMs / 1000} s`;
}

/** Whatever takes arguments, as it is written. */
interface Taking {
  readonly raw: Pick<RawTool, "arguments">;
}

export function argumentChanges(
  about: About,
  [before, after]: readonly [before: Taking, after: Taking],
  fits: Fits,
): Change[] {
  const [old, now] = [before.raw.arguments, after.raw.arguments];
  if (old === undefined && now === undefined) return [];
  if (old === undefined) return [change(about, "narrower", "its arguments are checked now")];
  if (now === undefined) return [change(about, "wider", "its arguments are not checked any more")];
  const [was, is] = [closedAtTop(old), closedAtTop(now)];
  const words = schemaWords(was, is);
  const [less, more] = [isWithin(is, was, fits), isWithin(was, is, fits)];
  if (less && more) {
    return words.length === 0
      ? []
      : [change(about, "other", "its arguments are said in another way", words)];
  }
  if (less) return [change(about, "narrower", "takes fewer arguments", words)];
  if (more) return [change(about, "wider", "takes more arguments", words)];
  return [change(about, "may-be-wider", "takes other arguments", words)];
}

/** Of two schemas the one that more arguments fit asks a person more often. */
function approvalChanges(about: About, [before, after]: Pair, fits: Fits): Change[] {
  const [old, now] = [before, after].map(({ raw }) => raw.requires_approval ?? false);
  const [less, more] = [isWithin(old, now, fits), isWithin(now, old, fits)];
  if (less && more) return [];
  const isBoth = typeof old === "object" && typeof now === "object";
  const says = isBoth
    ? "other calls wait for a person"
    : `${approvalWords(now)} for a person instead of ${approvalCalls(old)}`;
  const words = isBoth ? schemaWords(old, now) : [];
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says, words)];
}

type Approval = RawTool["requires_approval"];

function approvalWords(required: Approval): string {
  const waits = required === true ? "waits" : "wait";
  return `${approvalCalls(required)} ${waits}`;
}

function approvalCalls(required: Approval): string {
  if (typeof required === "object") return "calls that fit a schema";
  return required === true ? "every call" : "no calls";
}

function pinChanges(about: About, [{ granted: before }, { granted: after }]: Pair): Change[] {
  if (before.pin === after.pin) return [];
  if (after.pin === null) return [change(about, "wider", "is not pinned any more")];
  if (before.pin === null) {
    return [change(about, "narrower", `is pinned to ${shortPin(after.pin)}`)];
  }
  const says = `is pinned to another description, ${shortPin(before.pin)} → ${shortPin(after.pin)}`;
  return [change(about, "may-be-wider", says)];
}
