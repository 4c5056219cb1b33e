/**
 * An incident as a test: would the rules at hand have stopped its runaway by the calls that a
 * person marked? A call is stopped if a guard refuses it or has a person asked, or if a breaker
 * that trips the clutch did so no later than at this call.
 *
 * What is asked hangs on the case alone: calls and their results are as they were written down.
 * What an agent would have done after another answer nobody knows.
 */
import { countsOfRefused, countsOfSettled, isCode } from "../breaker/past.ts";
import { type Past, replay, type Trip, unreplayable } from "../breaker/replay.ts";
import type { BreakerRule } from "../breaker/rules.ts";
import { isAgain } from "../clutch/waits.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { askerOf, type Stopped } from "./ask.ts";
import type { CaseCall } from "./call.ts";
import type { CasePolicies } from "./policies.ts";

/** In the order of time. */
export interface Case {
  readonly agent: string;
  readonly calls: readonly CaseCall[];
}

export interface Rules {
  readonly manifest: Manifest;
  /** Of this agent. */
  readonly breakers: readonly BreakerRule[];
  /** What policies have said of the calls of this case. */
  readonly policies: CasePolicies;
}

/** What stops a call. */
export type Stop =
  | Stopped
  | { readonly kind: "tripped"; readonly rule: string; readonly says: string };

/** A call, and what stops it. */
export interface StoppedCall {
  readonly call: CaseCall;
  readonly by: Stop;
}

export type CaseResult =
  /** `first`: where the runaway would be stopped now; null: only calls beside it are. */
  | { readonly kind: "stopped"; readonly first: StoppedCall | null }
  /** `call` would go out all the same; `first`: null: nothing stops the runaway. */
  | { readonly kind: "goes-on"; readonly call: CaseCall; readonly first: StoppedCall | null }
  /** No call of it is to be stopped: it says nothing. */
  | { readonly kind: "empty" };

/** Rules of the agent that cannot be held against the case, and why. */
export interface Unheld {
  readonly rule: string;
  readonly because: string;
}

export function testCase(one: Case, rules: Rules): CaseResult {
  if (!one.calls.some(({ isToStop }) => isToStop)) return { kind: "empty" };
  const denied = stoppedByGuards(one, rules);
  const first = firstStopped(one, rules, denied);
  // What has tripped by the first of them holds for all that follow.
  const call = one.calls.find((each) => each.isToStop && !denied.has(each));
  if (call === undefined || isTripped(one, rules, call)) return { kind: "stopped", first };
  return { kind: "goes-on", call, first };
}

export function unheldIn(one: Case, { breakers }: Rules): readonly Unheld[] {
  const past = pastOf(one.agent, one.calls);
  return tripping(breakers).flatMap((rule) => {
    const because = unreplayable(rule, past);
    return because === null ? [] : [{ rule: rule.name, because }];
  });
}

/** Alerts stop nobody. */
function tripping(breakers: readonly BreakerRule[]): readonly BreakerRule[] {
  return breakers.filter(({ action }) => action === "trip");
}

function stoppedByGuards(one: Case, rules: Rules): ReadonlyMap<CaseCall, Stopped> {
  const { manifest, policies } = rules;
  const ask = askerOf({ manifest, calls: one.calls.length, policies: policies.said });
  const stopped = new Map<CaseCall, Stopped>();
  for (const call of one.calls) {
    const by = ask(call);
    if (by !== null) stopped.set(call, by);
  }
  return stopped;
}

/** By what came until this call alone: what came after it can have tripped nothing before it. */
function isTripped(one: Case, rules: Rules, call: CaseCall): boolean {
  const until = one.calls.slice(0, one.calls.indexOf(call) + 1);
  return tripsIn({ ...one, calls: until }, rules).some(({ at }) => at <= call.at);
}

/** In the order of time, from the first call of the runaway on: before it nothing was wrong. */
function tripsIn({ agent, calls }: Case, { breakers, manifest }: Rules): readonly Trip[] {
  const past = pastOf(agent, calls);
  const from = calls.find(({ runaway }) => runaway !== null)?.at ?? Number.POSITIVE_INFINITY;
  return tripping(breakers)
    .filter((rule) => unreplayable(rule, past) === null)
    .flatMap((rule) => replay(rule, past, limitsOf(manifest)))
    .filter(({ at }) => at >= from)
    .sort((trip, other) => trip.at - other.at);
}

function limitsOf({ tools }: Manifest) {
  const granted = (server: string, tool: string) =>
    tools.allowed.find((one) => one.server === server && one.tool === tool);
  return {
    rateLimitOf: (server: string, tool: string) => granted(server, tool)?.rateLimit ?? null,
    repeatsMaxOf: (server: string, tool: string) => granted(server, tool)?.repeatsMax ?? null,
  };
}

/** As far as the runaway would come now; null: to its end. */
function firstStopped(
  one: Case,
  rules: Rules,
  denied: ReadonlyMap<CaseCall, Stopped>,
): StoppedCall | null {
  const [trip] = tripsIn(one, rules);
  for (const call of one.calls) {
    if (call.runaway === null) continue;
    const by = denied.get(call);
    if (by !== undefined) return { call, by };
    if (trip === undefined || trip.at > call.at) continue;
    const { rule, says } = trip.alarm;
    return { call, by: { kind: "tripped", rule, says } };
  }
  return null;
}

/** As the breakers are told of them: one that waits is told when it goes on. */
function pastOf(agent: string, calls: readonly CaseCall[]): readonly Past[] {
  return calls.flatMap((call): Past[] => {
    const { at, charged, code, outcome, result, task, verdict, what } = call;
    if (verdict === "parked" || (isCode(code) && isAgain(code))) return [];
    const isRefused = verdict === "refused";
    const isTool = what.kind === "tool";
    const { server, tool } = isTool ? what : { server: "", tool: "" };
    const counts = isRefused
      ? countsOfRefused(code, isTool)
      : countsOfSettled(outcome, charged, isTool);
    const of = { agent, task, server, tool, at, counts, within: "second" } as const;
    return [{ ...of, call: isTool ? { digest: what.digest, isRefused, result } : null }];
  });
}
