import type { Clock } from "../../../ports/clock.ts";
import { NOTICE_LEASE_MS } from "../../../ports/notices.ts";
import type {
  ClaimedNotices,
  HolderId,
  NewNotice,
  NoticeCounts,
  NoticeStore,
  SettledNotices,
} from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";
import type { NoticeRow, NotifierRow } from "./rows.ts";

/** Notices on data in memory. */
export function memoryNotices(data: MemoryData, clock: Clock): NoticeStore {
  return {
    untold: async (limit) =>
      [...data.reviews.values()]
        .filter(({ told, version }) => told < version)
        .slice(0, limit)
        .map(({ id, told }) => ({ review: id, told })),
    tell: async (notices, told) => {
      for (const notice of notices) add(data, notice, clock.wall());
      const review = data.reviews.get(told?.review ?? "");
      if (review && told) review.told = Math.max(review.told, told.version);
    },
    claim: async (holder, notifiers, limit) => {
      if (data.holders.get(holder)?.state !== "live") return { kind: "fenced" };
      const asked = { holder, limit, now: clock.wall() };
      return notifiers.flatMap((notifier) => claim(data, { ...asked, notifier }) ?? []);
    },
    settle: async (settled) => settle(data, settled, clock.wall()),
    counts: async (notifiers) => notifiers.map((notifier) => countsOf(data, notifier)),
    prune: async (before) => {
      for (const [key, { at, notice }] of data.notices) {
        const isOpen = data.reviews.get(notice.review)?.state === "open";
        if (at < before && !isOpen) data.notices.delete(key);
      }
    },
  };
}

function keyOf({ notifier, subject }: Pick<NewNotice, "notifier" | "subject">): string {
  return JSON.stringify([notifier, subject]);
}

function add({ notices }: MemoryData, notice: NewNotice, now: number): void {
  const key = keyOf(notice);
  if (notices.has(key)) return;
  const state = { state: "pending", attempts: 0, nextAt: now, finishedAt: null } as const;
  notices.set(key, { notice, at: now, ...state, failed: null });
}

interface Claiming {
  readonly notifier: string;
  readonly holder: HolderId;
  readonly limit: number;
  readonly now: number;
}

function claim(data: MemoryData, asked: Claiming): ClaimedNotices | null {
  const { holder, limit, notifier, now } = asked;
  const row = data.notifiers.get(notifier);
  if (row && (row.pausedUntil > now || !mayHave(data, row, asked))) return null;
  const due = [...data.notices.values()]
    .filter(({ nextAt, notice, state }) => {
      return notice.notifier === notifier && state === "pending" && nextAt <= now;
    })
    .sort((one, two) => one.nextAt - two.nextAt);
  if (due.length === 0) return null;
  const number = (row?.number ?? 0) + (row?.holder === holder ? 0 : 1);
  const pausedUntil = row?.pausedUntil ?? 0;
  data.notifiers.set(notifier, { holder, number, claimedAt: now, pausedUntil });
  const notices = due
    .slice(0, limit)
    .map(({ at, attempts, notice }) => ({ ...notice, at, attempts }));
  return { notifier, number, notices };
}

function mayHave(data: MemoryData, row: NotifierRow, { holder, now }: Claiming): boolean {
  if (row.holder === holder || row.claimedAt <= now - NOTICE_LEASE_MS) return true;
  return data.holders.get(row.holder)?.state !== "live";
}

function settle(data: MemoryData, settled: SettledNotices, now: number): boolean {
  const { became, notifier, number, subjects } = settled;
  const lease = data.notifiers.get(notifier);
  if (lease?.number !== number) return false;
  if (became.kind === "retry" && became.pauseMs !== null) {
    lease.pausedUntil = Math.max(lease.pausedUntil, now + became.pauseMs);
  }
  for (const subject of subjects) {
    const row = data.notices.get(keyOf({ notifier, subject }));
    if (row?.state === "pending") settleRow(row, became, now);
  }
  return true;
}

function settleRow(row: NoticeRow, became: SettledNotices["became"], now: number): void {
  row.attempts += 1;
  if (became.kind !== "sent") row.failed = { at: now, error: became.error };
  if (became.kind === "retry") {
    row.nextAt = now + became.afterMs;
    return;
  }
  row.state = became.kind;
  row.finishedAt = now;
}

function countsOf({ notices }: MemoryData, notifier: string): NoticeCounts {
  const rows = [...notices.values()].filter(({ notice }) => notice.notifier === notifier);
  const inState = (state: NoticeRow["state"]) => rows.filter((row) => row.state === state);
  const sent = inState("sent");
  const sentAt = sent.flatMap(({ finishedAt }) => finishedAt ?? []);
  const failures = rows.flatMap(({ failed }) => failed ?? []);
  const last = failures.reduce<(typeof failures)[number] | null>(
    (newest, one) => (newest === null || one.at >= newest.at ? one : newest),
    null,
  );
  return {
    notifier,
    pending: inState("pending").length,
    sent: sent.length,
    givenUp: inState("given_up").length,
    lastSentAt: sentAt.length === 0 ? null : Math.max(...sentAt),
    lastError: last,
  };
}
