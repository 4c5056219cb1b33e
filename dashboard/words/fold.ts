/** Identical calls that follow each other are one row with × n. */
import type { EntryView } from "../../src/control/schemas/journal.ts";
import { type Line, lineOf } from "./entries.ts";
import { sum } from "./money.ts";

/** What of an entry decides whether it is the same. */
export type Folding = Pick<
  EntryView,
  "position" | "at" | "decision" | "agent" | "task" | "kind" | "event"
>;

export interface Folded {
  /** The newest of them. */
  readonly entry: Folding;
  readonly line: Line;
  readonly times: number;
  /** When the oldest of them was. */
  readonly first: string;
  /** Of all of them; null: none had a cost. */
  readonly costUsd: string | null;
}

/** What two calls have in common when they are the same; null: it is like no other. */
function sameness({ event, kind, task }: Folding): string | null {
  const asked = event.asked;
  if (typeof asked !== "object" || asked === null || !("digest" in asked)) return null;
  return JSON.stringify([kind, task, asked.digest, event.outcome ?? event.code]);
}

/** Newest first, in and out. */
export function fold(entries: readonly Folding[]): readonly Folded[] {
  const rows: Folded[] = [];
  for (const entry of entries) {
    const line = lineOf(entry);
    const before = rows.at(-1);
    const same = sameness(entry);
    if (before !== undefined && same !== null && sameness(before.entry) === same) {
      const costs = [before.costUsd, line.costUsd].filter((cost) => cost !== null);
      const costUsd = costs.length === 0 ? null : sum(costs);
      rows[rows.length - 1] = { ...before, times: before.times + 1, first: entry.at, costUsd };
    } else {
      rows.push({ entry, line, times: 1, first: entry.at, costUsd: line.costUsd });
    }
  }
  return rows;
}
