/**
 * Watches what agents do with tools. Attempts count whatever became of them: a runaway that a rate
 * limit refuses is still a runaway. The rules are in `guards/breaker`.
 */
import { hash } from "node:crypto";
import type { Alarm, BreakerRule } from "../guards/breaker/rules.ts";
import * as stuck from "../guards/breaker/stuck.ts";
import type { ToolEnd } from "../ports/tool-server.ts";
import type { ToolCall } from "./call.ts";

/** Agents watched at once; the one that was quiet longest is forgotten. */
const AGENTS_MAX = 100_000;

/** Of a call, what the rules look at. */
type Watched = Pick<ToolCall, "ask" | "incoming" | "resolved">;

export class Breakers {
  readonly #stuck = new Map<string, Map<string, stuck.Stuck>>();

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
    let first: Alarm | null = null;
    for (const rule of rules) {
      if (rule.signal !== "identical_calls") continue;
      const states = this.#statesOf(agent);
      const before = states.get(rule.name) ?? stuck.NOT_STUCK;
      const [after, alarm] = stuck.observe(before, rule, event, now);
      states.set(rule.name, after);
      first ??= alarm;
    }
    return first;
  }

  #statesOf(agent: string): Map<string, stuck.Stuck> {
    const known = this.#stuck.get(agent) ?? new Map<string, stuck.Stuck>();
    this.#stuck.delete(agent);
    this.#stuck.set(agent, known);
    if (this.#stuck.size > AGENTS_MAX) {
      const [oldest] = this.#stuck.keys();
      if (oldest !== undefined) this.#stuck.delete(oldest);
    }
    return known;
  }
}

function resultOf(end: ToolEnd): string {
  if (end.kind === "fault") return end.fault.kind;
  const { content, isError, structuredContent } = end.result;
  return hash("sha256", JSON.stringify([content, structuredContent ?? null, isError]));
}
