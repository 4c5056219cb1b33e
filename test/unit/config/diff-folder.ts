/** Folders as data, and what is told of two of them. */
import { stringify } from "yaml";
import type { Environment } from "../../../src/config/environment.ts";
import { changesBetween } from "../../../src/config/review/diff.ts";
import { type Reading, readForReview } from "../../../src/config/review/reading.ts";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";

const sql = await sqlReaderFor(new Map([["slipclutch.yaml", "sql"]]));

// Folders are data here: each case changes what it likes.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

/** `bot`: null for a folder without its manifest. */
export interface Folder {
  main: Json;
  bot: Json;
  /** Documents by their names. */
  documents?: Json;
  /** Files of policies by their names, as they are written. */
  policies?: Readonly<Record<string, string>>;
}

function readingOf(
  { bot, documents = {}, main, policies = {} }: Folder,
  environment: Environment,
): Reading {
  const files = new Map([
    ["slipclutch.yaml", stringify(main)],
    ...(bot === null ? [] : [["agents/bot.yaml", stringify(bot)] as const]),
    ["agents/red.yaml", stringify({ version: 1, agent: "red", labels: { team: "red" } })],
    ...Object.entries(policies).map(([name, text]) => [`policies/${name}`, text] as const),
    ...Object.entries(documents).map(([name, document]) => [name, stringify(document)] as const),
  ]);
  const read = readForReview(files, environment, sql);
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.issues, null, 1));
  return read.reading;
}

/** `wider bot desk__close: says [details]`, one a line. */
export function linesOf(before: Folder, after: Folder, environment: Environment = {}): string[] {
  const [from, to] = [readingOf(before, environment), readingOf(after, environment)];
  return changesBetween(from, to).map(
    ({ about, agent, details, direction, says }) =>
      `${direction} ${agent ?? "*"} ${about}: ${says}${details.length > 0 ? ` [${details.join("; ")}]` : ""}`,
  );
}
