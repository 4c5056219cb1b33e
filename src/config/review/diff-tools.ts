/** What a manifest grants of tools: wider or narrower, tool by tool. */
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { usableTools } from "../../guards/tool/names.ts";
import { shortPin } from "../../guards/tool/pin.ts";
import type { GrantedTool, RateLimit } from "../../guards/tool/tool.ts";
import { closedAtTop } from "../arguments.ts";
import type { RawTool } from "../tool-schema.ts";
import { type About, byAmount, type Change, change } from "./change.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import type { Reading } from "./reading.ts";
import type { Fits } from "./schema-values.ts";
import { schemaWords } from "./schema-words.ts";
import { isWithin } from "./within.ts";

/** A tool that can be called, in force and as it is written. */
export interface Tool {
  /** Its place among `allowed_tools`. */
  readonly index: number;
  readonly granted: GrantedTool;
  readonly raw: RawTool;
  readonly written: { readonly source: Reading["main"]["source"]; readonly data: RawTool };
}

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
  empty_result: "elsewhere",
  timeout: "elsewhere",
};

export function toolChanges(agent: string, sides: readonly Reading[], fits: Fits): Change[] {
  const [before = new Map(), after = new Map()] = sides.map((side) => toolsOf(side, agent));
  const changes: Change[] = [];
  for (const [name, tool] of after) {
    const old: Tool | undefined = before.get(name);
    const about = { agent, about: name };
    if (old === undefined) changes.push(change(about, "wider", `a new tool, ${effectOf(tool)}`));
    else changes.push(...oneTool(about, [old, tool], fits));
  }
  for (const [name, tool] of before) {
    if (after.has(name)) continue;
    const says = `can no longer be called; it was one ${effectOf(tool)}`;
    changes.push(change({ agent, about: name }, "narrower", says));
  }
  return changes;
}

/** Those that are granted and not blacklisted, by their full names. */
export function toolsOf({ configuration, manifests }: Reading, agent: string) {
  const manifest: Manifest | undefined = configuration.agents.get(agent);
  const written = manifests.get(agent);
  const tools = new Map<string, Tool>();
  if (manifest === undefined || written === undefined) return tools;
  const usable = new Set(usableTools(manifest.tools, null));
  for (const [index, granted] of manifest.tools.allowed.entries()) {
    // In a valid manifest every tool that is written is granted, in its order.
    const raw = written.data.allowed_tools?.[index];
    if (raw === undefined || !usable.has(granted)) continue;
    const source = { ...written.source, raw: rawTool(written.source.raw, index) };
    const entry = { source, data: raw };
    tools.set(`${granted.server}__${granted.tool}`, { index, granted, raw, written: entry });
  }
  return tools;
}

function rawTool(raw: unknown, index: number): unknown {
  // The schema found a list there.
  return (raw as { readonly allowed_tools: readonly unknown[] }).allowed_tools[index];
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
    ...endChanges(about, pair),
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
  const says = `rate limit ${rateWords(before)} → ${rateWords(after)}`;
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
  return limit === null ? "none" : `${limit.requests} in ${limit.perMs / 1000} s`;
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
  const says = `its calls wait for a person: ${approvalWords(old)} → ${approvalWords(now)}`;
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says)];
}

function approvalWords(required: RawTool["requires_approval"]): string {
  if (typeof required === "object") return "some of them";
  return required === true ? "all" : "none";
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

/** What a call is charged is what budgets stop it by. */
function costChanges(about: About, [{ granted: before }, { granted: after }]: Pair): Change[] {
  const [old, now] = [before.cost, after.cost];
  if (JSON.stringify(old) === JSON.stringify(now)) return [];
  if (now === null) return [change(about, "wider", "its calls are not charged any more")];
  if (old === null) return [change(about, "narrower", "its calls are charged now")];
  const says = `cost ${costWords(old)} → ${costWords(now)}`;
  const isAlike =
    `${old.quantity?.pointer} ${old.quantity?.divideBy}` ===
    `${now.quantity?.pointer} ${now.quantity?.divideBy}`;
  const atLeast =
    now.nanoUsd >= old.nanoUsd && (now.quantity?.max ?? 0) >= (old.quantity?.max ?? 0);
  const atMost = now.nanoUsd <= old.nanoUsd && (now.quantity?.max ?? 0) <= (old.quantity?.max ?? 0);
  if (isAlike && atLeast) return [change(about, "narrower", says)];
  return [change(about, isAlike && atMost ? "wider" : "may-be-wider", says)];
}

function costWords({ nanoUsd, quantity }: NonNullable<GrantedTool["cost"]>): string {
  const usd = `$${nanoUsd / 1e9}`;
  return quantity === null
    ? usd
    : `${usd} for each of at most ${quantity.max}, ${quantity.pointer}`;
}

function endChanges(about: About, [{ granted: before }, { granted: after }]: Pair): Change[] {
  const changes: Change[] = [];
  if (before.timeoutMs !== after.timeoutMs) {
    const says = `timeout ${before.timeoutMs / 1000} s → ${after.timeoutMs / 1000} s`;
    changes.push(change(about, byAmount(before.timeoutMs, after.timeoutMs), says));
  }
  if (before.emptyIsError !== after.emptyIsError) {
    changes.push(
      after.emptyIsError
        ? change(about, "narrower", "an empty result is an error now")
        : change(about, "wider", "an empty result is no error any more"),
    );
  }
  return changes;
}
