/** Breakers: what lets go of an agent later than before, or sooner. */
import type { BreakerRule, Line } from "../../guards/breaker/rules.ts";
import { heightOf, overOf, type RuleNumbers } from "../breaker-line.ts";
import { lineOf } from "../breakers.ts";
import type { Configuration } from "../configuration.ts";
import { durationWords } from "./amounts.ts";
import { byAmount, type Change, change, type Direction } from "./change.ts";
import type { Reading } from "./reading.ts";

export function breakerChanges([before, after]: readonly [Reading, Reading]): Change[] {
  const [old, now] = [before.configuration, after.configuration];
  const agents = new Set([...old.agentBreakers.keys(), ...now.agentBreakers.keys()]);
  return [
    ...ruleChanges(null, old.breakers, now.breakers),
    ...[...agents].sort().flatMap((agent) =>
      // Of an agent that is not on both sides it is told by itself.
      old.agents.has(agent) && now.agents.has(agent)
        ? ruleChanges(agent, ownRules(old, agent), ownRules(now, agent))
        : [],
    ),
  ];
}

/** What the agent's manifest adds to the rules of all, or makes of them. */
function ownRules(
  { agentBreakers, breakers }: Configuration,
  agent: string,
): readonly BreakerRule[] {
  const common = new Set(breakers.map((rule) => JSON.stringify(rule)));
  const all = agentBreakers.get(agent) ?? [];
  return all.filter((rule) => !common.has(JSON.stringify(rule)));
}

function ruleChanges(
  agent: string | null,
  before: readonly BreakerRule[],
  after: readonly BreakerRule[],
): Change[] {
  const old = new Map(before.map((rule) => [rule.name, rule]));
  const now = new Map(after.map((rule) => [rule.name, rule]));
  const changes: Change[] = [];
  for (const [name, rule] of now) {
    const was = old.get(name);
    const about = { agent, about: `breaker ${name}` };
    if (was === undefined) changes.push(change(about, "narrower", "is on"));
    else
      changes.push(
        ...changesOf(was, rule).map(({ direction, says }) => change(about, direction, says)),
      );
  }
  for (const name of old.keys()) {
    if (now.has(name)) continue;
    changes.push(change({ agent, about: `breaker ${name}` }, "wider", "is turned off"));
  }
  return changes;
}

interface Told {
  readonly direction: Direction;
  readonly says: string;
}

function changesOf(before: BreakerRule, after: BreakerRule): readonly Told[] {
  if (before.signal !== after.signal) {
    const says = `watches ${after.signal} instead of ${before.signal}`;
    return [{ direction: "may-be-wider", says }];
  }
  const [was, is]: readonly [RuleNumbers, RuleNumbers] = [before, after];
  return [
    ...actionChange(before, after),
    ...lineChange(lineOf(before), lineOf(after)),
    ...timeChange(was.forMs, is.forMs, (time) => `it must stay above its line for ${time}`),
    ...windowChange(was, is),
    ...floorChange(was.atLeast, is.atLeast),
    ...resultChange(was.sameResult, is.sameResult),
  ];
}

function actionChange(before: BreakerRule, after: BreakerRule): readonly Told[] {
  if (before.action === after.action) return [];
  return after.action === "trip"
    ? [{ direction: "narrower", says: "trips instead of only alerting" }]
    : [{ direction: "wider", says: "only alerts instead of tripping" }];
}

function lineChange(was: Line, is: Line): readonly Told[] {
  const [old, now] = [wordsOf(was), wordsOf(is)];
  if (old === now) return [];
  const sameKind = was.kind === is.kind && overOf(was) === overOf(is);
  const direction = sameKind ? byAmount(heightOf(was), heightOf(is)) : "may-be-wider";
  return [{ direction, says: `its line is ${now} instead of ${old}` }];
}

type Words = (time: string) => string;

function timeChange(
  was: number | undefined,
  is: number | undefined,
  words: Words,
): readonly Told[] {
  if (was === is || was === undefined || is === undefined) return [];
  const says = `${words(durationWords(is))} instead of ${durationWords(was)}`;
  return [{ direction: byAmount(was, is), says }];
}

/** Of what is counted within it a longer one sees more; of what is measured nobody can say. */
function windowChange(was: RuleNumbers, is: RuleNumbers): readonly Told[] {
  const told = timeChange(was.windowMs, is.windowMs, (time) => `it looks at ${time}`);
  const isCounted = was.forMs === undefined;
  return told.map(({ direction, says }) => {
    const counted = direction === "wider" ? "narrower" : "wider";
    return { direction: isCounted ? counted : "may-be-wider", says };
  });
}

function floorChange(was: number | undefined, is: number | undefined): readonly Told[] {
  if (was === is || was === undefined || is === undefined) return [];
  return [{ direction: byAmount(was, is), says: `its floor is ${is} instead of ${was}` }];
}

function resultChange(was: boolean | undefined, is: boolean | undefined): readonly Told[] {
  if (was === is || was === undefined || is === undefined) return [];
  return is
    ? [{ direction: "wider", says: "counts only calls with an equal result" }]
    : [{ direction: "narrower", says: "counts calls whatever their result" }];
}

function wordsOf(line: Line): string {
  switch (line.kind) {
    case "value":
      return `${line.value}`;
    case "average":
      return `${line.times} times the average of ${durationWords(line.overMs)}`;
    case "last-week":
      return `${line.times} times what was in the same hour a week ago`;
    case "ewma":
      return `${line.sigmas} deviations above the weighted mean of ${durationWords(line.overMs)}`;
    case "median":
      return `${line.mads} deviations above the median of ${durationWords(line.overMs)}`;
  }
}
