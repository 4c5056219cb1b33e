/** What a tool's calls cost, how large and how many they may be, and what counts as an error. */
import type { BreakerRule } from "../../guards/breaker/rules.ts";
import { type Amount, amountChanges, durationWords, usdWords } from "./amounts.ts";
import { type About, type Change, change } from "./change.ts";
import type { Tool } from "./granted-tools.ts";
import type { Fits } from "./schema-values.ts";
import { schemaWords } from "./schema-words.ts";
import { isWithin } from "./within.ts";

type Pair = readonly [before: Tool, after: Tool];

const TIMEOUT: Amount = { says: (time) => `a call may take ${time}`, words: durationWords };
const RESULT: Amount = { says: (amount) => `a result may have ${amount} bytes` };
const AT_ONCE: Amount = { says: (amount) => `may have ${amount} calls out at once` };

export function boundChanges(about: About, [before, after]: Pair): Change[] {
  const [old, now] = [before.granted, after.granted];
  return [
    ...amountChanges(about, old.timeoutMs, now.timeoutMs, TIMEOUT),
    ...amountChanges(about, old.resultBytesMax, now.resultBytesMax, RESULT),
    ...amountChanges(about, old.concurrentMax, now.concurrentMax, AT_ONCE),
  ];
}

/** What a call is charged is what budgets stop it by. */
export function costChanges(about: About, pair: Pair): Change[] {
  const [before, after] = pair;
  const [old, now] = [before.granted.cost, after.granted.cost];
  if (old === null && now === null) return [];
  if (now === null) return [change(about, "wider", "its calls are not charged any more")];
  if (old === null) return [change(about, "narrower", `a call is charged ${costWords(after)}`)];
  if (JSON.stringify(old) === JSON.stringify(now)) return unitChanges(about, pair);
  const [less, more] = [isAtLeast(now, old), isAtLeast(old, now)];
  const direction = less ? "narrower" : more ? "wider" : "may-be-wider";
  const how = less ? "more" : more ? "less" : "otherwise";
  const says = `a call is charged ${how}: ${costWords(after)}`;
  return [change(about, direction, says, [`it was ${costWords(before)}`])];
}

type Cost = NonNullable<Tool["granted"]["cost"]>;

/** Whether no call is charged less. */
function isAtLeast({ nanoUsd, quantity }: Cost, other: Cost): boolean {
  if (nanoUsd < other.nanoUsd) return false;
  if (quantity === null || other.quantity === null) return quantity === other.quantity;
  return (
    quantity.pointer === other.quantity.pointer &&
    quantity.divideBy <= other.quantity.divideBy &&
    quantity.max >= other.quantity.max
  );
}

function unitChanges(about: About, [{ raw: before }, { raw: after }]: Pair): Change[] {
  const [old, now] = [before.cost?.per, after.cost?.per];
  if (old === now) return [];
  return [change(about, "other", `a unit of its cost is called ${now} instead of ${old}`)];
}

function costWords({ granted: { cost }, raw }: Tool): string {
  if (cost === null) return "nothing";
  const { nanoUsd, quantity } = cost;
  if (quantity === null) return usdWords(nanoUsd);
  const { divideBy, max, pointer } = quantity;
  const found = divideBy === 1 ? pointer : `${pointer} divided by ${divideBy}`;
  return `${usdWords(nanoUsd)} for each ${raw.cost?.per}, at most ${max}, by ${found}`;
}

/** What counts as an error is what breakers see; it is delivered all the same. */
export function errorChanges(about: About, [before, after]: Pair, fits: Fits): Change[] {
  const changes: Change[] = [];
  if (before.granted.emptyIsError !== after.granted.emptyIsError) {
    changes.push(
      after.granted.emptyIsError
        ? change(about, "narrower", "an empty result counts as an error")
        : change(about, "wider", "an empty result does not count as an error any more"),
    );
  }
  return [...changes, ...outputChanges(about, [before.raw.output, after.raw.output], fits)];
}

type Outputs = readonly [before: unknown, after: unknown];

function outputChanges(about: About, [before, after]: Outputs, fits: Fits): Change[] {
  if (before === undefined && after === undefined) return [];
  if (after === undefined) {
    return [change(about, "wider", "its results are held to no schema any more")];
  }
  if (before === undefined) {
    const says = "a result that does not fit a schema counts as an error";
    return [change(about, "narrower", says)];
  }
  const words = schemaWords(before, after, "the result");
  const [less, more] = [isWithin(after, before, fits), isWithin(before, after, fits)];
  if (less && more) {
    const says = "the schema of its results is said in another way";
    return words.length === 0 ? [] : [change(about, "other", says, words)];
  }
  const says = `${less ? "more" : more ? "fewer" : "other"} results count as errors`;
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says, words)];
}

/** `repeats` stands in place of the line of every breaker that counts identical calls. */
export function repeatChanges(
  about: About,
  [{ granted: before }, { granted: after }]: Pair,
  breakers: readonly BreakerRule[],
): Change[] {
  const [old, now] = [before.repeatsMax, after.repeatsMax];
  if (old === now) return [];
  const lines = breakers.flatMap((rule) => (rule.signal === "identical_calls" ? [rule.above] : []));
  const [isLess, isMore] = [
    lines.every((line) => (now ?? line) <= (old ?? line)),
    lines.every((line) => (now ?? line) >= (old ?? line)),
  ];
  const own = "what a breaker says";
  const says = `identical calls of a task are an alarm beyond ${now ?? own} instead of ${old ?? own}`;
  if (isLess && isMore) return [change(about, "other", says)];
  return [change(about, isLess ? "narrower" : isMore ? "wider" : "may-be-wider", says)];
}
