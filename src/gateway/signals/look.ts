/** How an agent stands to its breakers at this moment, for people. */
import { bucketMsOf, shownBuckets } from "../../guards/breaker/buckets.ts";
import { lineOf, valueNow } from "../../guards/breaker/level.ts";
import { figureOf, MEASURES } from "../../guards/breaker/measure.ts";
import type { AgentSignals, LevelNow } from "../../guards/breaker/standing.ts";
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { type Counted, levelOf } from "./counted.ts";
import { heldOf, levelRulesOf } from "./levels.ts";

/** Repeats and tasks of one agent that are shown: those that are nearest to their lines. */
const SHOWN_MAX = 20;

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

function levelsOf(counted: Counted, { rules }: Gateway, now: Millis): readonly LevelNow[] {
  const { server, tool } = counted.subject;
  return levelRulesOf(counted, rules).flatMap((rule) => {
    const level = levelOf(counted, rule.name);
    if (level === null) return [];
    const { phase } = level;
    const drawn =
      phase.kind === "calm" ? lineOf(level, heldOf(counted, rule, rules), now) : phase.line;
    const bucketMs = bucketMsOf(rule.above);
    const measure = MEASURES[rule.signal];
    return [
      {
        ...{ rule: rule.name, server, tool, value: valueNow(level, rule, now) },
        ...{ line: drawn?.at ?? null, usual: drawn?.usual ?? null },
        phase: phase.kind,
        since: phase.kind === "calm" ? null : phase.since,
        bucketMs,
        buckets: shownBuckets(level.history, bucketMs).map((bucket) => ({
          ...{ start: bucket.start, value: figureOf(measure, bucket, bucketMs) },
        })),
      },
    ];
  });
}
