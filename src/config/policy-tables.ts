/** Tests of policies as tables: a list of questions, each with the answer that it must get. */
import { z } from "zod";
import type { PolicyFile } from "../ports/policy-engine.ts";
import { EMPTY_OBJECT, RegoObject, type Value } from "../rego/values/value.ts";
import type { Issue } from "./configuration.ts";
import { strict } from "./fields.ts";
import { issueAt, issuesOf } from "./issues.ts";
import { DOCUMENT_NESTING_MAX, readDocument } from "./policy-documents.ts";
import { lineOf, parseSource } from "./source.ts";

/** Rows of one table. */
const ROWS_MAX = 10_000;

const text = z.string({ error: "a text" }).min(1, { error: "a text" });

const ROW = strict({
  name: text.describe("What must hold, as a sentence."),
  query: text.describe("What is asked, like `data.agent.authz.allow`."),
  input: z.unknown().optional().describe("The input document; without it there is none."),
  data: z
    .record(z.string(), z.unknown(), { error: "a map" })
    .optional()
    .describe("Laid over the folder's documents: maps are merged, anything else is replaced."),
  want: z.unknown().optional().describe("The answer as JSON; sets are lists in their order."),
  undefined: z.literal(true, { error: "true" }).optional().describe("There is no answer."),
  error: text.optional().describe("The code of the error that it ends with."),
});

const TABLE = z.array(ROW, { error: "a list of tests" }).max(ROWS_MAX);

export type Wanted =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "undefined" }
  | { readonly kind: "error"; readonly code: string };

export interface TableRow {
  readonly file: string;
  readonly line: number | null;
  readonly name: string;
  readonly query: string;
  readonly input: Value | undefined;
  readonly data: RegoObject;
  readonly wanted: Wanted;
}

export interface TableRead {
  readonly rows: readonly TableRow[];
  readonly issues: readonly Issue[];
}

/** With issues there are no rows. */
export function readTable({ file, text }: PolicyFile): TableRead {
  const { source, issues } = parseSource(file, text, DOCUMENT_NESTING_MAX);
  if (issues.length > 0) return { rows: [], issues };
  const table = TABLE.safeParse(source.raw);
  if (!table.success) return { rows: [], issues: issuesOf(source, table.error.issues) };
  // A second time, for its numbers with their digits.
  const exact = readDocument(file, text);
  if (exact.kind === "invalid") return { rows: [], issues: exact.issues };
  const values = Array.isArray(exact.value) ? exact.value : [];

  const wrong: Issue[] = [];
  const rows = table.data.flatMap(({ name, query }, index) => {
    const row: Value = values[index] ?? null;
    const given = row instanceof RegoObject ? row : EMPTY_OBJECT;
    const wanted = wantedOf(given);
    if (wanted === null) {
      const hint = "Say what the answer is, or that there is none.";
      wrong.push(issueAt(source, [index], "one of want, undefined and error", hint));
      return [];
    }
    const data = given.get("data");
    return [
      {
        ...{ file, line: lineOf(source, [index]), name, query, wanted },
        input: given.get("input"),
        data: data instanceof RegoObject ? data : EMPTY_OBJECT,
      },
    ];
  });
  return wrong.length > 0 ? { rows: [], issues: wrong } : { rows, issues: [] };
}

/** Null: none is given, or more than one. */
function wantedOf(row: RegoObject): Wanted | null {
  const given = ["want", "undefined", "error"].filter((name) => row.has(name));
  if (given.length !== 1) return null;
  const value = row.get("want");
  if (value !== undefined) return { kind: "value", value };
  const code = row.get("error");
  return typeof code === "string" ? { kind: "error", code } : { kind: "undefined" };
}
