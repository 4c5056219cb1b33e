/** Holds what is counted to the rules, one second after the other. */
import {
  coldLineOf,
  type Held,
  isOver,
  type Level,
  observe,
  rearm,
  UNSEEN,
} from "../../guards/breaker/level.ts";
import { MEASURES } from "../../guards/breaker/measure.ts";
import {
  type Alarm,
  type BreakerRule,
  isLevelRule,
  type LevelRule,
} from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";
import type { RateLimit, ToolId } from "../../guards/tool/tool.ts";
import { type Counted, keepLevel, keepLevels, levelOf } from "./counted.ts";
import { BASE_MS, type Change } from "./counts.ts";
import type { LastWeek } from "./last-week.ts";

/** The rules in force, and what they are told of a tool. */
export interface SignalRules {
  breakersOf(agent: string): readonly BreakerRule[];
  /** Of all agents. */
  readonly allBreakers: readonly BreakerRule[];
  rateLimitOf(agent: string, tool: ToolId): RateLimit | null;
}

export class Levels {
  readonly #lastWeek: LastWeek;
  /** What may cross its line, or leave it, though nothing is counted. */
  readonly #hot = new Set<Counted>();

  constructor(lastWeek: LastWeek) {
    this.#lastWeek = lastWeek;
  }

  /** Alarms of what was counted. */
  tell({ at, counts, isHistory, of }: Change, rules: SignalRules, now: Millis): readonly Alarm[] {
    const alarms: Alarm[] = [];
    for (const rule of levelRulesOf(of, rules)) {
      const measure = MEASURES[rule.signal];
      const count = counts[measure.count] ?? 0;
      const beside = counts[measure.beside] ?? 0;
      if (count === 0 && beside === 0) continue;
      const level = levelOf(of, rule.name) ?? UNSEEN;
      const amount = { at, count, beside };
      const event = isHistory
        ? ({ kind: "history", withinMs: BASE_MS, ...amount } as const)
        : ({ kind: "count", ...amount } as const);
      const [after, alarm] = observe(level, this.#heldOf(of, rule, rules), event, now);
      this.#keep(of, rule, after);
      if (alarm !== null) alarms.push(alarm);
    }
    return alarms;
  }

  /** What has to be looked at though nothing is counted of it: time has passed. */
  takeHot(): readonly Counted[] {
    const hot = [...this.#hot];
    this.#hot.clear();
    return hot;
  }

  tick(counted: Counted, rules: SignalRules, now: Millis): readonly Alarm[] {
    const alarms: Alarm[] = [];
    for (const rule of levelRulesOf(counted, rules)) {
      const level = levelOf(counted, rule.name);
      if (level === null) continue;
      const wasSeen = level.seenAt === now;
      const [after, alarm] = wasSeen
        ? [level, null]
        : observe(level, this.#heldOf(counted, rule, rules), { kind: "tick" }, now);
      this.#keep(counted, rule, after);
      if (alarm !== null) alarms.push(alarm);
    }
    return alarms;
  }

  /** An agent goes on: what goes on with it is a new alarm. */
  rearm(all: Iterable<Counted>, rules: SignalRules, now: Millis): void {
    for (const counted of all) {
      for (const rule of levelRulesOf(counted, rules)) {
        const level = levelOf(counted, rule.name);
        if (level !== null) keepLevel(counted, rule.name, rearm(level, rule, now));
      }
    }
  }

  /** Drops levels that say nothing any more; whether any is left. */
  isInUse(counted: Counted, rules: SignalRules, now: Millis): boolean {
    const known = levelRulesOf(counted, rules);
    keepLevels(counted, (name, level) => {
      const rule = known.find((one) => one.name === name);
      return rule !== undefined && !isOver(level, rule, now);
    });
    return counted.levels.length > 0;
  }

  #heldOf(counted: Counted, rule: LevelRule, rules: SignalRules): Held {
    return heldOf(counted, rule, { rules, lastWeek: this.#lastWeek });
  }

  #keep(counted: Counted, rule: LevelRule, level: Level): void {
    keepLevel(counted, rule.name, level);
    const { phase } = level;
    if (phase.kind === "alarmed") {
      this.#lastWeek.leaveOut(counted.subject, rule, phase.since, level.seenAt);
    }
    // A share may rise while what went well leaves the window.
    const isShare = MEASURES[rule.signal].kind === "share";
    const mayRise = isShare && level.recent.some(({ count }) => count > 0);
    if (phase.kind !== "calm" || mayRise) this.#hot.add(counted);
  }
}

export function levelRulesOf({ subject }: Counted, rules: SignalRules): readonly LevelRule[] {
  const of = subject.tool === "" ? "agent" : "tool";
  const all = rules.breakersOf(subject.agent).filter(isLevelRule);
  return all.filter(({ signal }) => MEASURES[signal].of === of);
}

/** What a rule is told besides the numbers. */
export interface Known {
  readonly rules: SignalRules;
  readonly lastWeek: LastWeek;
}

export function heldOf({ subject }: Counted, rule: LevelRule, { lastWeek, rules }: Known): Held {
  const { agent, tool } = subject;
  const rateLimit = tool === "" ? null : rules.rateLimitOf(agent, subject);
  const held = { subject, rule, cold: coldLineOf(rule, rateLimit) };
  const { above, signal } = rule;
  return above.kind === "last-week" ? { ...held, hours: lastWeek.of(subject, signal) } : held;
}
