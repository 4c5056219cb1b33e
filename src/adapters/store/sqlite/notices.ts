import type { Millis } from "../../../guards/money.ts";
import { NOTICE_LEASE_MS } from "../../../ports/notices.ts";
import type {
  ClaimedNotices,
  Fenced,
  HolderId,
  NewNotice,
  NoticeCounts,
  NoticeStore,
  SettledNotices,
  StoredNotice,
  Untold,
} from "../../../ports/store.ts";
import { liveNo } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

/** Forgotten at a time: a beat waits for no more than these. */
const PRUNED_MAX = 5_000;

export function untold({ sql }: Transaction, limit: number): readonly Untold[] {
  const text = "SELECT id AS review, told FROM review WHERE told < version ORDER BY no LIMIT ?";
  return sql.all<Untold>(text, limit);
}

export function tell(
  { now, sql }: Transaction,
  notices: readonly NewNotice[],
  told: Parameters<NoticeStore["tell"]>[1],
): void {
  for (const { body, notifier, review, subject } of notices) {
    sql.run(
      `INSERT INTO notice (notifier, subject, review, body, at, next_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      ...[notifier, subject, review, body, now, now],
    );
  }
  if (told === null) return;
  sql.run(
    "UPDATE review SET told = ? WHERE id = ? AND told < ?",
    ...[told.version, told.review, told.version],
  );
}

export function claim(
  transaction: Transaction,
  holder: HolderId,
  notifiers: readonly string[],
  limit: number,
): readonly ClaimedNotices[] | Fenced {
  if (liveNo(transaction, holder) === undefined) return { kind: "fenced" };
  return notifiers.flatMap((notifier) => {
    const notices = due(transaction, notifier, limit);
    const number = notices.length === 0 ? null : leased(transaction, holder, notifier);
    return number === null ? [] : [{ notifier, number, notices }];
  });
}

function due({ now, sql }: Transaction, notifier: string, limit: number): StoredNotice[] {
  return sql.all<StoredNotice>(
    `SELECT notifier, subject, review, body, at, attempts FROM notice
       WHERE notifier = ? AND state = 'pending' AND next_at <= ? ORDER BY next_at, no LIMIT ?`,
    ...[notifier, now, limit],
  );
}

/** Its number, if this holder has it now; null: it is paused, or another has it. */
function leased({ now, sql }: Transaction, holder: HolderId, notifier: string): number | null {
  const row = sql.first<{ number: number }>(
    `INSERT INTO notifier (name, holder, number, claimed_at) VALUES (?, ?, 1, ?)
       ON CONFLICT DO UPDATE SET number = number + (holder <> excluded.holder),
         holder = excluded.holder, claimed_at = excluded.claimed_at
       WHERE paused_until <= excluded.claimed_at
         AND (holder = excluded.holder OR claimed_at <= excluded.claimed_at - ?
           OR NOT EXISTS (SELECT 1 FROM holder h WHERE h.id = notifier.holder AND state = 'live'))
       RETURNING number`,
    ...[notifier, holder, now, NOTICE_LEASE_MS],
  );
  return row?.number ?? null;
}

export function settle(
  { now, sql }: Transaction,
  { became, notifier, number, subjects }: SettledNotices,
): boolean {
  const pauseMs = became.kind === "retry" ? (became.pauseMs ?? 0) : 0;
  const held = sql.run(
    `UPDATE notifier SET paused_until = max(paused_until, ?) WHERE name = ? AND number = ?`,
    ...[pauseMs === 0 ? 0 : now + pauseMs, notifier, number],
  );
  if (held === 0) return false;
  const state = became.kind === "retry" ? "pending" : became.kind;
  const afterMs = became.kind === "retry" ? became.afterMs : 0;
  const error = became.kind === "sent" ? null : became.error;
  sql.run(
    `UPDATE notice SET state = ?, attempts = attempts + 1, next_at = ?, finished_at = ?,
         failed_at = CASE WHEN ? IS NULL THEN failed_at ELSE ? END, error = coalesce(?, error)
       WHERE notifier = ? AND state = 'pending' AND subject IN (SELECT value FROM json_each(?))`,
    ...[state, now + afterMs, state === "pending" ? null : now, error, now, error],
    ...[notifier, JSON.stringify(subjects)],
  );
  return true;
}

interface CountRow extends Omit<NoticeCounts, "notifier" | "lastError"> {
  readonly failedAt: Millis | null;
  readonly error: string | null;
}

/** One statement for each: there are few notifiers. */
export function counts(
  { sql }: Transaction,
  notifiers: readonly string[],
): readonly NoticeCounts[] {
  return notifiers.map((notifier) => {
    const row = sql.first<CountRow>(
      `SELECT count(*) FILTER (WHERE state = 'pending') AS pending,
           count(*) FILTER (WHERE state = 'sent') AS sent,
           count(*) FILTER (WHERE state = 'given_up') AS givenUp,
           max(finished_at) FILTER (WHERE state = 'sent') AS lastSentAt,
           (SELECT failed_at FROM notice f WHERE f.notifier = n.notifier AND failed_at IS NOT NULL
             ORDER BY failed_at DESC, no DESC LIMIT 1) AS failedAt,
           (SELECT error FROM notice f WHERE f.notifier = n.notifier AND failed_at IS NOT NULL
             ORDER BY failed_at DESC, no DESC LIMIT 1) AS error
         FROM notice n WHERE n.notifier = ?`,
      notifier,
    );
    const { error = null, failedAt = null, ...counted } = row ?? NOTHING;
    const lastError = failedAt === null || error === null ? null : { at: failedAt, error };
    return { notifier, ...counted, lastError };
  });
}

const NOTHING = { pending: 0, sent: 0, givenUp: 0, lastSentAt: null, failedAt: null, error: null };

export function prune({ sql }: Transaction, before: Millis): void {
  sql.run(
    `DELETE FROM notice WHERE no IN (SELECT no FROM notice n WHERE at < ? AND NOT EXISTS (
       SELECT 1 FROM review r WHERE r.id = n.review AND r.state = 'open') LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
}
