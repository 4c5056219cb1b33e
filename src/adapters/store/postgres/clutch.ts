import type { Clutch } from "../../../guards/clutch/clutch.ts";
import { evidenceWith } from "../../../guards/clutch/review.ts";
import type {
  ClutchRow,
  ClutchStore,
  Decided,
  NewReview,
  Proposal,
  Review,
  ReviewAnswer,
  ReviewDecision,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane, Statement } from "./connections.ts";

interface State {
  readonly agent: string;
  readonly state: Clutch["state"];
  readonly review: string;
  readonly since: bigint;
  readonly task: string | null;
}

interface ReviewRow extends Omit<Review, "openedAt" | "version" | "parked" | "decisions"> {
  readonly opened_at: bigint;
  readonly version: bigint;
  readonly parked: bigint;
  /** Lists of one length each, or null for none. */
  readonly reasons: readonly string[] | null;
  readonly verbs: readonly Decided["decision"][] | null;
  readonly bys: readonly string[];
  readonly becauses: readonly string[];
  readonly ats: readonly bigint[];
  readonly tasks: readonly (string | null)[];
  readonly calls: readonly (string | null)[];
  readonly messages: readonly (string | null)[];
  readonly ids: readonly string[];
  readonly proposed: readonly (string | null)[];
  readonly sealed: readonly (string | null)[];
  readonly versions: readonly (bigint | null)[];
}

type AnswerRow = ReviewRow & {
  readonly answer: ReviewAnswer["kind"];
  readonly because: string | null;
};

/** A review that is being forgotten takes none. */
const NOTE = `INSERT INTO review_decision (id, review, decision, decided_by, reason, at)
  SELECT $1, r.id, 'note', $3, $4, $5 FROM (SELECT id FROM review WHERE id = $2 FOR SHARE) r
  ON CONFLICT (id) DO NOTHING`;

/** Clutches and reviews, one function call each. */
export function clutch(lane: Lane): ClutchStore {
  return {
    trip: (asked) => opened(lane, "trip", asked),
    open: (asked) => opened(lane, "open_review", asked),
    async decide(decision) {
      const [row] = await lane.ask<AnswerRow>(deciding(decision));
      return row ? answerFrom(row) : { kind: "nothing", because: "the store said nothing" };
    },
    async note({ at, by, id, review, text }) {
      await lane.ask({ name: "note", text: NOTE, values: [id, review, by, text, at] });
      const [found] = await this.reviews({ id: review, limit: 1 });
      return found ?? null;
    },
    async clutches() {
      const text = "SELECT * FROM clutch WHERE state <> 'engaged' ORDER BY agent";
      return (await lane.ask<State>({ text, values: [] })).map(clutchFrom);
    },
    async reviews({ agent, id, kind, limit, state }) {
      const where = conditions()
        .given("state = ", state)
        .given("agent = ", agent)
        .given("kind = ", kind)
        .given("id = ", id)
        .select("review", "ORDER BY no DESC", limit);
      const text = `SELECT s.* FROM review r, shown(NULL, NULL, r) s
        WHERE r.id IN (SELECT found.id FROM (${where.text}) found) ORDER BY r.no DESC`;
      return (await lane.ask<ReviewRow>({ ...where, text })).map(reviewFrom);
    },
  };
}

async function opened(lane: Lane, how: "trip" | "open_review", review: NewReview): Promise<Review> {
  const { agent, at, evidence, id, kind, reason, subject } = review;
  const [row] = await lane.ask<ReviewRow>({
    name: how,
    text: `SELECT * FROM shown_after('ok', NULL, ${how}($1, $2, $3, $4, $5, $6, $7))`,
    values: [id, kind, agent, subject, reason, evidence, at],
  });
  if (!row) throw new Error(`${how} answers exactly one review`);
  return reviewFrom(row);
}

function deciding(decision: ReviewDecision): Statement {
  const { at, by, call, id, message, paceMs, reason, review, task, version } = decision;
  const { change: { edit, raise } = {}, second } = decision;
  return {
    name: "decide",
    text: `SELECT * FROM decide($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
      ROW($12, $13, $14, $15, $16, $17)::decision_change, $18, $19)`,
    values: [
      ...[id, review, version, decision.decision, by, reason, at, task, call, message],
      Math.floor(paceMs),
      ...[raise?.account ?? null, raise?.limit ?? null],
      ...[edit?.call ?? null, edit?.request ?? null, edit?.about ?? null, edit?.evidence ?? null],
      ...[second?.digest ?? null, second?.sealed ?? null],
    ],
  };
}

function answerFrom(row: AnswerRow): ReviewAnswer {
  if (row.answer === "nothing") return { kind: "nothing", because: row.because ?? "" };
  return { kind: row.answer, review: reviewFrom(row) };
}

function clutchFrom({ agent, review, since: at, state, task }: State): ClutchRow {
  const since = Number(at);
  if (state === "probing" && task !== null) {
    return { agent, clutch: { state, review, since, task } };
  }
  // Whatever else it says, nothing goes out.
  return { agent, clutch: { state: "disengaged", review, since } };
}

function reviewFrom(row: ReviewRow): Review {
  const { id, kind, agent, subject, reason, state } = row;
  return {
    ...{ id, kind, agent, subject, reason, state },
    evidence: evidenceWith(row.evidence, row.reasons ?? []),
    openedAt: Number(row.opened_at),
    version: Number(row.version),
    parked: Number(row.parked),
    decisions: (row.verbs ?? []).map((decision, index) => ({
      decision,
      by: row.bys[index] ?? "",
      reason: row.becauses[index] ?? "",
      at: Number(row.ats[index]),
      task: row.tasks[index] ?? null,
      call: row.calls[index] ?? null,
      message: row.messages[index] ?? null,
      proposal: proposalFrom(row, index),
    })),
  };
}

function proposalFrom(row: ReviewRow, index: number): Proposal | null {
  const [digest, sealed] = [row.proposed[index] ?? null, row.sealed[index] ?? null];
  if (digest === null || sealed === null) return null;
  return { id: row.ids[index] ?? "", digest, sealed, version: Number(row.versions[index]) };
}
