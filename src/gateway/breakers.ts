/**
 * Watches what agents do with tools. Attempts count whatever became of them: a runaway that a rate
 * limit refuses is still a runaway. The rules are in `guards/breaker`.
 */
import { hash } from "node:crypto";
import type { Alarm, BreakerRule } from "../guards/breaker/rules.ts";
import * as stuck from "../guards/breaker/stuck.ts";
import type { ToolEnd } from "../ports/tool-server.ts";
import type { ToolCall } from "./call.ts";
import { Newest } from "./newest.ts";

/** Agents watched at once. */
const AGENTS_MAX = 100_000;
/** Different calls of one agent that a rule watches at once. */
const RUNS_MAX = 256;

/** Of a call, what the rules look at. */
type Watched = Pick<ToolCall, "ask" | "incoming" | "resolved">;

export class Breakers {
  /** By agent, then by rule, then by call. */
  readonly #stuck = new Newest<Map<string, Newest<stuck.Run>>>(AGENTS_MAX);

  /** A call that was refused: it has no result. */
  refused(call: Watched, rules: readonly BreakerRule[], now: number): Alarm | null {
    return this.#observe(call, null, rules, now);
  }

  /** A call that ended; equal results are those with equal content. */
  ended(call: ToolCall, end: ToolEnd, rules: readonly BreakerRule[], now: number): Alarm | null {
    return this.#observe(call, resultOf(end), rules, now);
  }

  /** The clutch is engaged again: what was counted before says nothing about what comes. */
  forget(agent: string): void {
    this.#stuck.delete(agent);
  }

  #observe(
    { ask, incoming, resolved }: Watched,
    result: string | null,
    rules: readonly BreakerRule[],
    now: number,
  ): Alarm | null {
    const { agent } = incoming.manifest;
    const { digest, server, tool } = ask;
    const repeatsMax = typeof resolved === "string" ? null : resolved.repeatsMax;
    const event = { agent, task: incoming.taskName.id, server, tool, digest, result, repeatsMax };
    const key = stuck.runOf(event);
    let first: Alarm | null = null;
    for (const rule of rules) {
      if (rule.signal !== "identical_calls") continue;
      const runs = this.#runsOf(agent, rule.name);
      const [run, alarm] = stuck.observe(runs.get(key) ?? null, rule, event, now);
      if (run !== null) runs.set(key, run);
      first ??= alarm;
    }
    return first;
  }

  #runsOf(agent: string, rule: string): Newest<stuck.Run> {
    const rules = this.#stuck.get(agent) ?? new Map<string, Newest<stuck.Run>>();
    this.#stuck.set(agent, rules);
    const runs = rules.get(rule) ?? new Newest<stuck.Run>(RUNS_MAX);
    rules.set(rule, runs);
    return runs;
  }
}

function resultOf(end: ToolEnd): string {
  if (end.kind === "fault") return end.fault.kind;
  const { content, isError, structuredContent } = end.result;
  return hash("sha256", JSON.stringify([content, structuredContent ?? null, isError]));
}
