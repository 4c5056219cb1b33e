/** What a review says of the calls around it and of those that wait: sums over what is stored. */
import {
  earliest,
  errorsFrom,
  heldUntil,
  type MostCost,
  mostCostOf,
} from "../guards/clutch/waiting.ts";
import type { Event } from "../guards/events.ts";
import { formatUsd, type Millis, type NanoUsd } from "../guards/money.ts";
import type { Parked, Review } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import type { Around, StoredEntry } from "./operations.ts";
import type { CallView, DeadlinesView, ResumingView, SpentView } from "./schemas/evidence.ts";
import { eventView, iso } from "./views.ts";

/** Calls shown beside a review. */
const CALLS_SHOWN_MAX = 50;
const TASKS_SHOWN_MAX = 100;

type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;
type CallEvent = Of<"call.settled"> | Of<"call.refused"> | Of<"call.parked">;

/** What was decided of a call, by the event that says so. */
export const VERDICTS = {
  "call.settled": "allowed",
  "call.refused": "refused",
  "call.parked": "parked",
} as const;

/** What an entry says of a call; null: it is about something else. */
export function callIn(entry: StoredEntry): CallEvent | null {
  const event = eventOf(entry);
  switch (event.kind) {
    case "call.settled":
    case "call.refused":
    case "call.parked":
      return event;
    default:
      return null;
  }
}

/** One entry as a call; null: it is about something else. */
export function callView(entry: StoredEntry): CallView | null {
  const event = callIn(entry);
  if (event === null) return null;
  const { at, decision, position, task } = entry;
  const isSent = event.kind === "call.settled";
  return {
    ...{ position, at: iso(at), decision, task },
    verdict: VERDICTS[event.kind],
    code: entry.code,
    asked: event.asked === null ? null : eventView(event.asked),
    outcome: isSent ? event.outcome : null,
    cost_usd: isSent ? formatUsd(event.charged) : null,
  };
}

/** The newest calls among them. */
export function lastCalls({ entries }: Around): readonly CallView[] {
  const calls = entries.flatMap((entry) => {
    const call = callView(entry);
    return call === null ? [] : [call];
  });
  return calls.slice(-CALLS_SHOWN_MAX);
}

/** What the calls within a span have cost; `tasks` names those that it is about. */
export function spentView(
  { entries, whole }: Around,
  { from, to }: { readonly from: Millis; readonly to: Millis },
  tasks: ReadonlySet<string>,
): SpentView {
  const sums = new Map<string, Sum>();
  const all = new Sum();
  for (const entry of entries) {
    const event = callIn(entry);
    if (event?.kind !== "call.settled") continue;
    all.add(event.charged);
    const { task } = event;
    if (task === null || !tasks.has(task)) continue;
    const sum = sums.get(task) ?? new Sum();
    sums.set(task, sum);
    sum.add(event.charged);
  }
  const dearest = [...sums].sort(([, a], [, b]) => Number(b.nano - a.nano));
  return {
    ...{ from: iso(from), to: iso(to), calls: all.calls, usd: formatUsd(all.nano), whole },
    tasks: dearest.slice(0, TASKS_SHOWN_MAX).map(([task, { calls, nano }]) => {
      return { task, calls, usd: formatUsd(nano) };
    }),
  };
}

class Sum {
  calls = 0;
  nano = 0n;

  add(amount: NanoUsd): void {
    this.calls += 1;
    this.nano += BigInt(amount);
  }
}

/** The most that what waits can cost once it is let go: all of it, and task by task. */
export function resumingView(waiting: readonly Parked[], whole: boolean): ResumingView {
  const byTask = [...Map.groupBy(waiting, ({ task }) => task)];
  const most = byTask.sort(([, a], [, b]) => b.length - a.length).slice(0, TASKS_SHOWN_MAX);
  return {
    ...mostView(mostCostOf(waiting)),
    whole,
    tasks: most.map(([task, calls]) => ({ task, ...mostView(mostCostOf(calls)) })),
  };
}

function mostView({ calls, unreckoned, worst }: MostCost) {
  return { calls, worst_case_usd: formatUsd(worst), unreckoned };
}

export function deadlinesView(
  waiting: readonly Parked[],
  expiresAt: Millis | null,
  now: Millis,
): DeadlinesView {
  return {
    held_until: isoOrNull(earliest(waiting.map((call) => heldUntil(call, now)))),
    errors_from: isoOrNull(errorsFrom(waiting, now)),
    expires_at: isoOrNull(expiresAt),
  };
}

function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}

/** Those that its numbers and its calls name. */
export function tasksOf({ evidence }: Review, waiting: readonly Parked[]): ReadonlySet<string> {
  const tasks = new Set(waiting.map(({ task }) => task));
  const said = parsedOrText(evidence);
  if (typeof said !== "object" || said === null || !("task" in said)) return tasks;
  return typeof said.task === "string" ? tasks.add(said.task) : tasks;
}

/** JSON, or text that is none. */
export function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
