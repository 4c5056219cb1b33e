import { evidenceWith } from "../../../guards/clutch/review.ts";
import type { Decided, NewReview, Review } from "../../../ports/store.ts";
import type { Sql, Value } from "./sql.ts";

/** One statement, for a reader must not see half of a decision. */
const REVIEW = `SELECT id, kind, agent, subject, reason, evidence, opened_at AS openedAt, version,
  state,
  (SELECT count(*) FROM parked WHERE parked.review = review.id AND parked.state = 'parked')
    AS parked,
  (SELECT json_group_array(json_object('decision', decision, 'by', decided_by, 'reason', reason,
      'at', at, 'task', task, 'call', call, 'message', message,
      'proposal', CASE WHEN proposed IS NOT NULL THEN json_object('id', id, 'digest', proposed,
        'sealed', sealed, 'version', version) END) ORDER BY no)
    FROM review_decision WHERE review_decision.review = review.id) AS decisions,
  (SELECT json_group_array(reason ORDER BY no) FROM review_merged
    WHERE review_merged.review = review.id AND reason IS NOT NULL) AS reasons
  FROM review`;

interface Row extends Omit<Review, "decisions"> {
  /** JSON text. */
  readonly decisions: string;
  readonly reasons: string;
}

/** Reviews as people see them; `rest` is a constant of the caller. */
export function found(sql: Sql, rest: string, ...values: Value[]): Review[] {
  return sql.all<Row>(`${REVIEW} ${rest}`, ...values).map(({ decisions, reasons, ...review }) => {
    // `as`: both are written by the statement above alone.
    const [decided, also] = [JSON.parse(decisions) as Decided[], JSON.parse(reasons) as string[]];
    return { ...review, evidence: evidenceWith(review.evidence, also), decisions: decided };
  });
}

export function shownReview(sql: Sql, id: string): Review {
  const [review] = found(sql, "WHERE id = ?", id);
  if (!review) throw new Error(`review ${id} is there`);
  return review;
}

/** What a decision is weighed against. */
export interface ReviewRow {
  readonly id: string;
  readonly kind: Review["kind"];
  readonly agent: string;
  readonly version: number;
  readonly state: Review["state"];
}

export function reviewRow(sql: Sql, id: string): ReviewRow | undefined {
  const text = "SELECT id, kind, agent, version, state FROM review WHERE id = ?";
  return sql.first<ReviewRow>(text, id);
}

/** The review of an id, or that which stood when it was asked for. */
export function knownReview(sql: Sql, id: string): string | undefined {
  const text = `SELECT id FROM review WHERE id = ?
    UNION ALL SELECT review FROM review_merged WHERE id = ?`;
  return sql.first<{ id: string }>(text, id, id)?.id;
}

/** The one that is open for the same. */
export function standing(sql: Sql, { kind, agent, subject }: NewReview): string | undefined {
  const text = `SELECT id FROM review
    WHERE kind = ? AND agent = ? AND subject = ? AND state = 'open'`;
  return sql.first<{ id: string }>(text, kind, agent, subject)?.id;
}

/** Opens a review, which nobody has yet. */
export function openReview(sql: Sql, review: NewReview): void {
  const { id, kind, agent, subject, reason, evidence, at } = review;
  sql.run(
    `INSERT INTO review (id, kind, agent, subject, reason, evidence, opened_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[id, kind, agent, subject, reason, evidence, at],
  );
}
