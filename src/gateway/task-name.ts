/**
 * Which task a request belongs to: by its key, else the header, else the path, else one a key and
 * day.
 */
import type { Millis } from "../guards/money.ts";
import { isUnnamed, UNNAMED_PREFIX } from "../guards/task/unnamed.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { KeyRecord } from "../ports/store.ts";
import type { TaskName } from "./tasks.ts";

export { isUnnamed };

export const TASK_CHARS_MAX = 128;
const DAY_MS: Millis = 24 * 60 * 60 * 1_000;
/**
 * Printable and without a blank, a slash or a percent sign, and not the dots that a path resolves:
 * what survives headers, paths and logs.
 */
const TASK_NAME = /^(?!\.{1,2}$)[\w.:@+=~-]+$/;

export function taskNameOf(
  key: KeyRecord,
  headers: Readonly<Record<string, string | undefined>>,
  fromPath: string | null,
  now: Millis,
): TaskName | Denial {
  if (key.holder.kind === "task") return { id: key.holder.task, how: "named" };
  const asked = headers["x-slipclutch-task"] ?? fromPath;
  if (asked !== null && asked !== undefined) {
    return isTaskName(asked) ? { id: asked, how: "named" } : notATaskName(asked);
  }
  return { id: `${UNNAMED_PREFIX}${key.id}:${dayOf(now)}`, how: "unnamed" };
}

/** That which its key shared the day before, of a task that a key shares; else null. */
export function sharedBefore({ how }: TaskName, key: string, now: Millis): string | null {
  return how === "unnamed" ? `${UNNAMED_PREFIX}${key}:${dayOf(now - DAY_MS)}` : null;
}

/** The calendar day, UTC. */
function dayOf(now: Millis): string {
  return new Date(now).toISOString().slice(0, "2026-01-01".length);
}

export function isTaskName(name: string): boolean {
  if (name.length > TASK_CHARS_MAX || isUnnamed(name)) return false;
  return TASK_NAME.test(name);
}

export function notATaskName(got: string): Denial {
  const letters = "letters, digits and . : @ + = ~ _ -";
  const expected = `at most ${TASK_CHARS_MAX} ${letters}, not ${UNNAMED_PREFIX}…`;
  return deny("request.malformed", { at: "task", got: got.slice(0, 40), expected });
}
