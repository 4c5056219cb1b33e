import type { NoticeCounts, NoticeStore, StoredNotice } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

const PRUNED_MAX = 5_000;

interface UntoldRow {
  readonly review: string;
  readonly told: bigint;
}

/** All null: whoever asks is live, and nothing else is said. */
interface ClaimRow extends Omit<StoredNotice, "notifier" | "at" | "attempts"> {
  readonly notifier: string | null;
  readonly number: bigint;
  readonly at: bigint;
  readonly attempts: bigint;
}

interface CountRow {
  readonly notifier: string;
  readonly pending: bigint;
  readonly sent: bigint;
  readonly given_up: bigint;
  readonly last_sent_at: bigint | null;
  readonly failed_at: bigint | null;
  readonly error: string | null;
}

const COUNTS = `SELECT u.name AS notifier, count(*) FILTER (WHERE n.state = 'pending') AS pending,
    count(*) FILTER (WHERE n.state = 'sent') AS sent,
    count(*) FILTER (WHERE n.state = 'given_up') AS given_up,
    max(n.finished_at) FILTER (WHERE n.state = 'sent') AS last_sent_at,
    max(n.failed_at) AS failed_at,
    (array_agg(n.error ORDER BY n.failed_at DESC NULLS LAST, n.no DESC))[1] AS error
  FROM unnest($1::text[]) WITH ORDINALITY AS u(name, i)
  LEFT JOIN notice n ON n.notifier = u.name GROUP BY u.name, u.i ORDER BY u.i`;

const PRUNE = `DELETE FROM notice WHERE (notifier, subject) IN (
  SELECT n.notifier, n.subject FROM notice n WHERE n.at < $1 AND NOT EXISTS (
    SELECT 1 FROM review r WHERE r.id = n.review AND r.state = 'open') LIMIT $2)`;

/** Notices, one statement each. */
export function noticeRows(lane: Lane): NoticeStore {
  return {
    async untold(limit) {
      const text =
        "SELECT id AS review, told FROM review WHERE told < version ORDER BY no LIMIT $1";
      const rows = await lane.ask<UntoldRow>({ name: "untold", text, values: [limit] });
      return rows.map(({ review, told }) => ({ review, told: Number(told) }));
    },
    async tell(notices, told) {
      const values = [
        notices.map(({ notifier }) => notifier),
        notices.map(({ subject }) => subject),
        notices.map(({ review }) => review),
        notices.map(({ body }) => body),
        ...[told?.review ?? null, told?.version ?? null],
      ];
      const text = "SELECT tell_notices($1, $2, $3, $4, $5, $6)";
      await lane.ask({ name: "tell_notices", text, values });
    },
    async claim(holder, notifiers, limit) {
      const text = "SELECT * FROM claim_notices($1, $2, $3)";
      const values = [holder, notifiers, limit];
      const rows = await lane.ask<ClaimRow>({ name: "claim_notices", text, values });
      return rows.length === 0 ? { kind: "fenced" } : claimedFrom(rows);
    },
    async settle({ became, notifier, number, subjects }) {
      const text = "SELECT settle_notices($1, $2, $3, $4, $5, $6, $7) AS done";
      const retry = became.kind === "retry" ? became : { afterMs: 0, pauseMs: null };
      const state = became.kind === "retry" ? "pending" : became.kind;
      const error = became.kind === "sent" ? null : became.error;
      const pauseMs = retry.pauseMs ?? 0;
      const values = [notifier, number, subjects, state, error, retry.afterMs, pauseMs];
      const [row] = await lane.ask<{ done: boolean }>({ name: "settle_notices", text, values });
      return row?.done === true;
    },
    async counts(notifiers) {
      const rows = await lane.ask<CountRow>({ text: COUNTS, values: [notifiers] });
      return rows.map(countsFrom);
    },
    async prune(before) {
      await lane.ask({ text: PRUNE, values: [before, PRUNED_MAX] });
    },
  };
}

function claimedFrom(rows: readonly ClaimRow[]) {
  const byNotifier = Map.groupBy(rows, ({ notifier }) => notifier);
  byNotifier.delete(null);
  return [...byNotifier].map(([name, found]) => {
    const notifier = name ?? "";
    const notices = found.map(({ at, attempts, body, review, subject }) => {
      return { notifier, subject, review, body, at: Number(at), attempts: Number(attempts) };
    });
    return { notifier, number: Number(found[0]?.number), notices };
  });
}

function countsFrom(row: CountRow): NoticeCounts {
  const { error, failed_at, last_sent_at, notifier } = row;
  const isKnown = failed_at !== null && error !== null;
  return {
    notifier,
    pending: Number(row.pending),
    sent: Number(row.sent),
    givenUp: Number(row.given_up),
    lastSentAt: last_sent_at === null ? null : Number(last_sent_at),
    lastError: isKnown ? { at: Number(failed_at), error } : null,
  };
}
