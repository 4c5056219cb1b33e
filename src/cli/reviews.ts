/** `slipclutch reviews`: why agents were paused, and what people decide then. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { DecisionRequest, ParkedView, ReviewRowView, ReviewView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { evidenceLines } from "./evidence.ts";
import { lastApprovedLines } from "./last-approved.ts";
import { type Column, clean, type Paint, paintFor, renderTable } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

const REVIEWS_SHOWN_MAX = "1000";

const REVIEW_COLUMNS: readonly Column<ReviewRowView>[] = [
  { title: "review", text: (row) => row.id },
  { title: "agent", text: (row) => row.agent },
  { title: "kind", text: (row) => row.kind },
  { title: "opened", text: (row) => row.opened_at },
  { title: "parked", text: (row) => String(row.parked), align: "right" },
  { title: "version", text: (row) => String(row.version), align: "right" },
  { title: "state", text: (row) => row.state },
  { title: "reason", text: (row) => row.reason },
];

export interface ReviewsOptions extends Asking {
  readonly agent?: string;
  readonly all?: boolean;
}

export async function listReviews(options: ReviewsOptions, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const state = options.all ? undefined : "open";
  const reviews = await client.reviews({ agent: options.agent, state, limit: REVIEWS_SHOWN_MAX });
  if (options.json) {
    shell.out.write(`${JSON.stringify(reviews)}\n`);
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const none = options.all ? "No reviews.\n" : "No review is open.\n";
  shell.out.write(reviews.length === 0 ? none : renderTable(reviews, REVIEW_COLUMNS, output));
  return EXIT.ok;
}

export async function showReview(id: string, options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  show(await client.review(id), options, shell);
  return EXIT.ok;
}

/** Ready to be changed and given back: `reviews change ID --call CALL --arguments @FILE`. */
export async function showCall(
  id: string,
  call: string,
  options: Asking,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const found = await client.callArguments(id, call);
  const text = options.json ? JSON.stringify(found) : JSON.stringify(found.arguments, null, 2);
  shell.out.write(`${text}\n`);
  return EXIT.ok;
}

export interface DecideOptions extends Asking {
  readonly task?: string;
  readonly call?: string;
  readonly message?: string;
  readonly limit?: string;
  /** JSON, or `@FILE`. */
  readonly arguments?: string;
  readonly reason: string;
  /** The version that was looked at. */
  readonly seen?: number;
}

export async function decideReview(
  id: string,
  decision: DecisionRequest["decision"],
  options: DecideOptions,
  shell: Shell,
): Promise<number> {
  const { call, limit, message, reason, seen, task } = options;
  const edited = await argumentsIn(options.arguments, shell);
  const client = await connect(options, shell);
  const version = seen ?? (await client.review(id)).version;
  const about = given({ task, call, message, limit, arguments: edited });
  show(await client.decideReview(id, { version, decision, reason, ...about }), options, shell);
  return EXIT.ok;
}

/** What somebody has proposed, word for word, with a reason of one's own. */
export async function agreeToReview(
  id: string,
  { reason, seen, ...options }: DecideOptions,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const { proposal, version } = await client.review(id);
  if (proposal === null) {
    const hint = "See what waits for it: slipclutch reviews show ID";
    throw new CommandError(EXIT.no, `Nobody has proposed anything of ${id}.`, hint);
  }
  const { decision, task, call, message, limit, arguments: edited } = proposal;
  const about = given({ task, call, message, limit, arguments: edited });
  const asked = { version: seen ?? version, decision, reason, ...about };
  show(await client.decideReview(id, asked), options, shell);
  return EXIT.ok;
}

/** Those that were said. */
function given(about: About): Partial<DecisionRequest> {
  const said = Object.entries(about).filter(([, value]) => value !== undefined && value !== null);
  // `as`: fields of a request, less those that are missing.
  return Object.fromEntries(said) as Partial<DecisionRequest>;
}

type About = {
  readonly [Name in "task" | "call" | "message" | "limit" | "arguments"]: unknown;
};

/** An object of JSON, as text or in a file. */
async function argumentsIn(
  said: string | undefined,
  { folder }: Shell,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (said === undefined) return undefined;
  const hint = `One looks like --arguments '{"amount": 10}' or --arguments @FILE`;
  const text = said.startsWith("@") ? await textOf(resolve(folder, said.slice(1))) : said;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandError(EXIT.usage, `The arguments are no JSON: ${error.message}.`, hint);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new CommandError(EXIT.usage, "The arguments are no JSON object.", hint);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `The file cannot be read: ${because}.`, "Name another.");
  }
}

function show(review: ReviewView, options: Asking, shell: Shell): void {
  const text = options.json
    ? `${JSON.stringify(review)}\n`
    : render(review, paintFor(shell, shell.out));
  shell.out.write(text);
}

const LABEL_COLUMNS = 10;

/** The review for people. */
function render(review: ReviewView, paint: Paint): string {
  const style = review.state === "open" ? "red" : "green";
  const lines = [
    `${paint("bold", clean(review.id))} ${paint(style, review.state)}`,
    field("agent", review.agent),
    field("kind", review.kind),
    field("reason", review.reason),
    field("opened", review.opened_at),
    field("version", String(review.version)),
    field("parked", String(review.parked)),
  ];
  const { because, evidence } = evidenceLines(review);
  for (const [index, text] of because.entries()) {
    lines.push(field(index === 0 ? "because" : "", text));
  }
  for (const [index, text] of evidence.entries()) {
    lines.push(field(index === 0 ? "evidence" : "", text));
  }
  for (const [index, text] of lastApprovedLines(review).entries()) {
    lines.push(field(index === 0 ? "approved" : "", text));
  }
  for (const [index, text] of moneyLines(review).entries()) {
    lines.push(field(index === 0 ? "money" : "", text));
  }
  for (const [index, text] of deadlineLines(review.deadlines).entries()) {
    lines.push(field(index === 0 ? "until" : "", text));
  }
  for (const [index, decided] of review.decisions.entries()) {
    const { at, by, call, decision, reason, task } = decided;
    const what = [decision, task, call].filter((part) => part !== null).join(" ");
    lines.push(field(index === 0 ? "decided" : "", `${at} ${what}, by ${by}: ${reason}`));
  }
  for (const [index, text] of proposalLines(review).entries()) {
    lines.push(field(index === 0 ? "proposed" : "", text));
  }
  for (const [index, call] of review.calls.entries()) {
    lines.push(field(index === 0 ? "calls" : "", callLine(call)));
  }
  return `${lines.join("\n")}\n`;

  function field(name: string, text: string): string {
    return `${paint("dim", name.padEnd(LABEL_COLUMNS))}${clean(text)}`;
  }
}

/** What another person may agree to. */
function proposalLines({ id, proposal }: ReviewView): string[] {
  if (proposal === null) return [];
  const { at, by, decision, reason, ...about } = proposal;
  const { arguments: edited, call, limit, message, task } = about;
  const what = [decision, task, call, limit && `limit ${limit}`].filter((part) => part !== null);
  return [
    `${at} ${what.join(" ")}, by ${by}: ${reason}`,
    ...(edited === null ? [] : [`arguments ${JSON.stringify(edited)}`]),
    ...(message === null ? [] : [`message ${message}`]),
    `another person agrees with: slipclutch reviews agree ${id} --reason …`,
  ];
}

/** What it has cost, and what may come: an end or a denial costs nothing more. */
function moneyLines({ resuming, spent, spent_since: since }: ReviewView): string[] {
  const lines = [
    `spent $${spent.usd} by ${spent.calls} calls in the hour before, $${since.usd} since`,
  ];
  if (resuming.calls === 0) return lines;
  const { calls, unreckoned, worst_case_usd: worst } = resuming;
  const unknown = unreckoned === 0 ? "" : `, and ${unreckoned} of unknown cost`;
  const more = resuming.whole ? "" : " or more";
  lines.push(`resuming lets ${calls} calls go${more}: at most $${worst}${unknown}`);
  return lines;
}

function deadlineLines(deadlines: ReviewView["deadlines"]): string[] {
  const { errors_from: errors, expires_at: expires, held_until: held } = deadlines;
  return [
    ...(expires === null ? [] : [`${expires} it is denied`]),
    ...(held === null ? [] : [`${held} the first connection is held`]),
    ...(errors === null ? [] : [`${errors} no agent sees an error`]),
  ];
}

function askedText({ asked, worst_case_usd: worst }: ParkedView): string {
  const what = "tool" in asked ? `${asked.server}/${asked.tool}` : asked.model;
  return worst === null ? what : `${what}, at most $${worst}`;
}

function callLine(parked: ParkedView): string {
  const { at, call, edited, maybe_sent, state, task, what } = parked;
  const changed = edited ? ", its arguments changed by a person" : "";
  const sent = `${changed}${maybe_sent ? ", may have been sent" : ""}`;
  const asks = `${what} of ${task} (${askedText(parked)})`;
  return `${call} ${asks}, ${at}: ${state}, ${clientText(parked)}${sent}`;
}

/** Whether anybody waits for it, or has had what came of it. */
function clientText({ attached, state }: ParkedView): string {
  if (!attached) return "its client has gone";
  return state === "done" || state === "denied" ? "its client was told" : "its client waits";
}
