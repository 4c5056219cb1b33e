/** What queries of requests to the control plane may hold, and what they mean. */
import { z } from "zod";
import { parseDuration } from "../config/fields.ts";
import { CASE_CALLS_MAX } from "../config/incident-case.ts";
import type { Millis } from "../guards/money.ts";
import type { InputQuery, JournalQuery } from "../ports/store.ts";
import type { CommitmentAsked, ReviewFilter } from "./operations.ts";
import { Problem } from "./problem.ts";

/** Rows of one page. */
export const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;
/** What is said may be long: fewer than a store reads at once. */
const TRANSCRIPT_PAGE_MAX = 400;
/** Characters of a filter. */
const TEXT_CHARACTERS_MAX = 500;

/** What a filter is compared with. */
export const filter = z.string().min(1).max(TEXT_CHARACTERS_MAX).optional();
/** A whole number in a query. */
export const number = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, { error: "expected a whole number" })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `expected ${min} to ${max}` })
    .optional();
const limit = number(1, PAGE_MAX).describe(`Rows: 1 to ${PAGE_MAX}, ${PAGE_DEFAULT} if not said.`);
const after = number(0, Number.MAX_SAFE_INTEGER).describe("A position, or a `next` of before.");
const from = filter.describe(
  "Not before: ISO time, milliseconds since 1970, or `24h` for so long ago.",
);
const flag = z.enum(["true", "false"]).optional();

export const JOURNAL_QUERY = z.strictObject({
  agent: filter,
  task: filter,
  code: filter,
  decision: filter,
  kind: filter,
  writer: filter,
  from,
  to: filter.describe("Before: as `from`."),
  after,
  take: z.enum(["oldest", "newest"]).optional(),
  limit,
});

export const INPUTS_QUERY = z.strictObject({
  agent: z.string().min(1),
  from,
  after,
  limit,
});

export const BUDGET_HISTORY_QUERY = z.strictObject({
  scope: z
    .string()
    .max(TEXT_CHARACTERS_MAX)
    .optional()
    .describe("As the list of budgets has it; empty for a budget with one account."),
});

export const TRANSCRIPT_QUERY = z.strictObject({
  after,
  limit: number(1, TRANSCRIPT_PAGE_MAX).describe("Entries; a large one may come alone."),
});

export const TASKS_QUERY = z.strictObject({ agent: filter, alive: flag, limit });

export const REVIEWS_QUERY = z.strictObject({
  agent: filter,
  state: z.enum(["open", "closed"]).optional(),
  limit,
});

export const INCIDENTS_QUERY = z.strictObject({
  agent: filter,
  state: z.enum(["open", "closed"]).optional(),
  limit,
});

export const EXPORT_QUERY = z.strictObject({
  by: number(1, CASE_CALLS_MAX).describe("From which call of the runaway on it is to be stopped."),
  within: filter.describe("Instead of `by`: how long after its first call, like `30s`."),
  arguments: flag.describe("`false`: without what the calls asked."),
});

export const COMMITMENTS_QUERY = z.strictObject({
  agent: filter,
  all: flag,
  limit,
});

export const KEYS_QUERY = z.strictObject({ all: flag });

/** What the schema makes of the value, or a `Problem` that names what is wrong first. */
export function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  const message = issue?.message ?? "The request does not fit.";
  throw new Problem("request.malformed", where === "" ? message : `${where}: ${message}`);
}

/** An instant: ISO text, milliseconds since 1970, or a duration like `15m` for so long ago. */
function instant(text: string, now: Millis): Millis {
  const ago = parseDuration(text);
  if (ago !== null) return now - ago;
  const at = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(at)) return at;
  throw new Problem("request.malformed", `"${text}" is no time: use ISO text, or 15m, 24h, 7d.`);
}

/** The query of `GET /api/v1/journal`. Without a place to begin it asks for the newest entries. */
export function journalQuery(params: Record<string, string>, now: Millis): JournalQuery {
  const { from, to, limit, take, ...rest } = parsed(JOURNAL_QUERY, params);
  const begins = rest.after !== undefined;
  return {
    ...withoutUndefined(rest),
    ...(from === undefined ? {} : { from: instant(from, now) }),
    ...(to === undefined ? {} : { to: instant(to, now) }),
    take: take ?? (begins ? "oldest" : "newest"),
    limit: limit ?? PAGE_DEFAULT,
  };
}

/** The query of `GET /api/v1/inputs`: from the oldest that is kept, unless it is told. */
export function inputsQuery(params: Record<string, string>, now: Millis): InputQuery {
  const { after = 0, agent, from, limit = PAGE_DEFAULT } = parsed(INPUTS_QUERY, params);
  return { agent, after, limit, from: from === undefined ? 0 : instant(from, now) };
}

/** The query of `GET /api/v1/tasks`: those that are alive, unless all are asked for. */
export function tasksQuery(params: Record<string, string>) {
  const { agent, alive, limit } = parsed(TASKS_QUERY, params);
  const named = agent === undefined ? {} : { agent };
  const living = alive === undefined ? {} : { alive: alive === "true" };
  return { ...named, ...living, limit: limit ?? PAGE_DEFAULT };
}

/** The query of `GET /api/v1/reviews`. */
export function reviewsQuery(params: Record<string, string>): ReviewFilter {
  const { limit, ...rest } = parsed(REVIEWS_QUERY, params);
  return { ...withoutUndefined(rest), limit: limit ?? PAGE_DEFAULT };
}

/** The query of `GET /api/v1/incidents`: each trip is one. */
export function incidentsQuery(params: Record<string, string>): ReviewFilter {
  const { limit, ...rest } = parsed(INCIDENTS_QUERY, params);
  return { ...withoutUndefined(rest), kind: "trip", limit: limit ?? PAGE_DEFAULT };
}

/** The query of `GET /api/v1/incidents/:id/export`. */
export function exportQuery(params: Record<string, string>) {
  const { arguments: wanted = "true", by = null, within } = parsed(EXPORT_QUERY, params);
  if (by !== null && within !== undefined) {
    throw new Problem("request.malformed", "by and within: expected one of them, or neither");
  }
  const withinMs = within === undefined ? null : parseDuration(within);
  if (within !== undefined && withinMs === null) {
    throw new Problem("request.malformed", `within: "${within}" is no duration like 30s or 10m`);
  }
  return { by, withinMs, withArguments: wanted === "true" };
}

/** The query of `GET /api/v1/commitments`: those that go on costing, unless all are asked for. */
export function commitmentsQuery(params: Record<string, string>): CommitmentAsked {
  const { agent, all, limit } = parsed(COMMITMENTS_QUERY, params);
  const named = agent === undefined ? {} : { agent };
  return { ...named, all: all === "true", limit: limit ?? PAGE_DEFAULT };
}

/** The query of `GET /api/v1/keys`: revoked ones only with `all=true`. */
export function keysQuery(params: Record<string, string>): boolean {
  return parsed(KEYS_QUERY, params).all === "true";
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  // Exactly the names of T, less those that are undefined.
  return Object.fromEntries(entries) as Defined<T>;
}
