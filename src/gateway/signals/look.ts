/** How an agent stands to its breakers at this moment, for people. */
import { bucketMsOf, shownBuckets } from "../../guards/breaker/buckets.ts";
import { HOUR_MS } from "../../guards/breaker/last-week.ts";
import { type Held, type Level, lineOf, valueNow } from "../../guards/breaker/level.ts";
import { figureOf, MEASURES } from "../../guards/breaker/measure.ts";
import type { Drawn } from "../../guards/breaker/rules.ts";
import type { AgentSignals, LevelNow } from "../../guards/breaker/standing.ts";
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { type Counted, levelOf } from "./counted.ts";
import { heldOf, levelRulesOf } from "./levels.ts";

/** Repeats and tasks of one agent that are shown: those that are nearest to their lines. */
const SHOWN_MAX = 20;
const MINUTE_MS: Millis = 60_000;

export function lookAt(agent: string, gateway: Gateway): AgentSignals {
  const { holding, rules, signals } = gateway;
  const at = holding.storeNow();
  const breakers = rules.breakersOf(agent);
  const counted = [...signals.counts.ofAgent(agent)];
  return {
    at,
    breakers,
    levels: counted.flatMap((one) => levelsOf(one, gateway, at)),
    repeats: signals.repeats
      .most(agent, breakers, { max: SHOWN_MAX, storeNow: at })
      .map((one) => ({ ...one, limit: rules.repeatsMaxOf(agent, one) ?? one.limit })),
    tasks: signals.tasks.most(agent, breakers, { now: at, max: SHOWN_MAX }),
  };
}

/** How high one thing stands, by each rule that it is held to. */
export interface Standing {
  readonly held: Held;
  readonly level: Level;
  readonly value: number;
  /** Null: nothing draws a line yet. */
  readonly drawn: Drawn | null;
}

export function standingsOf(
  counted: Counted,
  { rules, signals }: Gateway,
  now: Millis,
): readonly Standing[] {
  return levelRulesOf(counted, rules).flatMap((rule) => {
    const level = levelOf(counted, rule.name);
    if (level === null) return [];
    const { phase } = level;
    const held = heldOf(counted, rule, { rules, lastWeek: signals.lastWeek });
    const drawn = phase.kind === "calm" ? lineOf(level, held, now) : phase.line;
    return [{ held, level, value: valueNow(level, rule, now), drawn }];
  });
}

function levelsOf(counted: Counted, gateway: Gateway, now: Millis): readonly LevelNow[] {
  const { server, tool } = counted.subject;
  return standingsOf(counted, gateway, now).map(({ drawn, held, level, value }) => {
    const { phase } = level;
    return {
      ...{ rule: held.rule.name, server, tool, value },
      ...{ line: drawn?.at ?? null, usual: drawn?.usual ?? null },
      phase: phase.kind,
      since: phase.kind === "calm" ? null : phase.since,
      ...pastOf(level, held),
    };
  });
}

/** What its line hangs on. */
function pastOf({ history }: Level, { hours, rule }: Held): Pick<LevelNow, "bucketMs" | "buckets"> {
  const measure = MEASURES[rule.signal];
  if (hours !== undefined) {
    const buckets = hours.map(({ minutes, start, ...amount }) => ({
      ...{ start, value: figureOf(measure, amount, minutes * MINUTE_MS) },
    }));
    return { bucketMs: HOUR_MS, buckets };
  }
  const bucketMs = bucketMsOf(rule.above);
  const buckets = shownBuckets(history, bucketMs).map(({ start, ...amount }) => ({
    ...{ start, value: figureOf(measure, amount, bucketMs) },
  }));
  return { bucketMs, buckets };
}
