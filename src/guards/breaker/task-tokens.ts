/**
 * The tokens of one task, over all gateways, held to those of the agent's tasks that ended before.
 * One alarm a task; a task that had one teaches nothing when it ends.
 */
import type { Millis } from "../money.ts";
import { baselineOf, lineAbove } from "./baseline.ts";
import { addedTo, bucketMsOf, type History } from "./buckets.ts";
import { MEASURES } from "./measure.ts";
import type { Alarm, Drawn, TaskTokensRule } from "./rules.ts";

/** Of tasks that ended: their tokens, and how many they were. */
export type EndedTasks = History;

export function ended(
  tasks: EndedTasks,
  { above }: TaskTokensRule,
  { at, count, tokens }: { readonly at: Millis; readonly count: number; readonly tokens: number },
  now: Millis,
): EndedTasks {
  return addedTo(tasks, bucketMsOf(above), { at, count: tokens, beside: count }, now);
}

/** Where nothing is known yet it is the floor. */
export function lineOf(tasks: EndedTasks, { above, atLeast }: TaskTokensRule, now: Millis): Drawn {
  if (above.kind === "value") return { at: above.value, usual: null };
  const bucketMs = bucketMsOf(above);
  // The bucket of now too: what has ended is over, and not under suspicion.
  const until = Math.floor(now / bucketMs) * bucketMs + bucketMs;
  const span = { from: now - above.overMs, until, bucketMs, windowMs: bucketMs };
  const baseline = baselineOf(tasks, MEASURES.tokens_per_task, span, above.kind);
  if (baseline === null) return { at: atLeast, usual: null };
  const at = Math.max(lineAbove(above, baseline), atLeast);
  return { at, usual: baseline.isLong ? baseline.usual : null };
}

export interface TaskTokens {
  readonly agent: string;
  readonly task: string;
  readonly tokens: number;
}

/** Null: it is not above. */
export function alarmOf(
  { agent, task, tokens }: TaskTokens,
  rule: TaskTokensRule,
  line: Drawn,
): Alarm | null {
  if (tokens <= line.at || tokens < rule.atLeast) return null;
  const usual = line.usual === null ? {} : { usual: line.usual };
  const is = line.usual === null ? "" : `; usual for a task is ${Math.round(line.usual)}`;
  return {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    ...{ agent, server: "", tool: "", task },
    ...{ value: tokens, limit: line.at },
    numbers: { tokens, line: line.at, ...usual },
    says: `One task took ${tokens} tokens, more than ${Math.round(line.at)}${is}.`,
  };
}
