/** Routes: what happened, and why. */
import { explanationView } from "../explanation.ts";
import { Problem } from "../problem.ts";
import { INPUTS_QUERY, inputsQuery, JOURNAL_QUERY, journalQuery } from "../queries.ts";
import { ENTRY, EXPLANATION, INPUT_PAGE, JOURNAL_PAGE, VERIFIED } from "../schemas/journal.ts";
import { entryView, inputView } from "../views.ts";
import { param, type Route, type Visit } from "./route.ts";

const NDJSON = "application/x-ndjson";

async function journal({ context, operations, now }: Visit): Promise<Response> {
  const query = journalQuery(context.req.query(), now);
  const entries = (await operations.journal(query)).map(entryView);
  if (context.req.header("accept")?.toLowerCase() === NDJSON) {
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
    return context.body(lines.join(""), 200, { "content-type": NDJSON });
  }
  return context.json({ entries, next: entries.at(-1)?.position ?? null });
}

async function inputs({ context, operations, now }: Visit): Promise<Response> {
  const rows = await operations.inputs(inputsQuery(context.req.query(), now));
  return context.json({ inputs: rows.map(inputView), next: rows.at(-1)?.position ?? null });
}

async function verify({ context, operations }: Visit): Promise<Response> {
  const verified = await operations.verifyJournal();
  const { kind, ...rest } = verified;
  return context.json({ ok: kind === "ok", ...rest });
}

async function decision({ context, operations }: Visit): Promise<Response> {
  const id = param(context, "id");
  const records = await operations.decision(id);
  const view = records ? explanationView(records) : null;
  if (!view) throw new Problem("decision.unknown", `Nothing is known of the decision ${id}.`);
  return context.json(view);
}

export const JOURNAL_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/journal", role: "viewer", name: "readJournal" },
    says: "Entries of the [journal](events.md): the newest, or those after a position. With `accept: application/x-ndjson` one entry a line.",
    query: JOURNAL_QUERY,
    content: { schema: JOURNAL_PAGE, lines: ENTRY },
    answer: journal,
  },
  {
    // Arguments are more than who watches is to see.
    ...{ method: "GET", path: "/api/v1/inputs", role: "operator", name: "readInputs" },
    says: "What calls of an agent asked, arguments and all, where that is kept (`journal.inputs`), oldest first.",
    query: INPUTS_QUERY,
    content: { schema: INPUT_PAGE },
    answer: inputs,
  },
  {
    ...{ method: "GET", path: "/api/v1/journal/verify", role: "viewer", name: "verifyJournal" },
    says: "Whether the journal is what was written, or the first entry that is not.",
    content: { schema: VERIFIED },
    answer: verify,
  },
  {
    ...{ method: "GET", path: "/api/v1/decisions/:id", role: "viewer", name: "explainDecision" },
    says: "One decision explained.",
    content: { schema: EXPLANATION },
    problems: ["decision.unknown"],
    answer: decision,
  },
];
