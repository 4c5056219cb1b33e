/** Routes: what tasks said. */
import { Problem } from "../problem.ts";
import { parsed, TRANSCRIPT_QUERY } from "../queries.ts";
import { REASON_BODY } from "../requests.ts";
import {
  ERASED,
  type ErasedView,
  TRANSCRIPT,
  type TranscriptView,
} from "../schemas/transcripts.ts";
import { iso, isoOrNull } from "../views.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";

const PAGE = 100;

async function readTranscript({ context, operations, operator }: Visit): Promise<Response> {
  const { after = 0, limit = PAGE } = parsed(TRANSCRIPT_QUERY, context.req.query());
  const [agent, task] = [param(context, "agent"), param(context, "id")];
  const read = await operations.transcript({ agent, id: task, after, limit }, operator.name);
  if (read === null) throw unknown(agent, task);
  const { dropped, erasedAt, keeps } = read;
  const view: TranscriptView = {
    ...{ agent, task, keeps, dropped, erased_at: isoOrNull(erasedAt) },
    entries: read.entries.map(({ at, ...entry }) => ({ ...entry, at: iso(at) })),
    next: read.more ? (read.entries.at(-1)?.position ?? null) : null,
  };
  // What customers wrote stays in no cache.
  return context.json(view, 200, { "cache-control": "no-store" });
}

async function eraseTranscript({ context, operations, operator }: Visit): Promise<Response> {
  const { reason } = parsed(REASON_BODY, await bodyOf(context));
  const [agent, task] = [param(context, "agent"), param(context, "id")];
  const erased = await operations.eraseTranscript({ agent, id: task }, reason, operator.name);
  if (erased === null) throw unknown(agent, task);
  const view: ErasedView = { agent, task, erased };
  return context.json(view);
}

function unknown(agent: string, task: string): Problem {
  return new Problem("task.unknown", `${agent} has no task ${task}.`);
}

export const TRANSCRIPT_ROUTES: readonly Route[] = [
  {
    // What was said is more than who watches is to see.
    ...{ method: "GET", path: "/api/v1/tasks/:agent/:id/transcript", role: "operator" },
    name: "readTranscript",
    says: "What a task said and was told, where that is kept (`transcripts`), oldest first. Each reading is in the journal.",
    query: TRANSCRIPT_QUERY,
    content: { schema: TRANSCRIPT },
    problems: ["task.unknown"],
    answer: readTranscript,
  },
  {
    ...{ method: "DELETE", path: "/api/v1/tasks/:agent/:id/transcript", role: "admin" },
    name: "eraseTranscript",
    says: "Erases what a task said, and keeps nothing of it from then on. The journal, which holds digests alone, stays whole.",
    body: REASON_BODY,
    content: { schema: ERASED },
    problems: ["task.unknown"],
    answer: eraseTranscript,
  },
];
