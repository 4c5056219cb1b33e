import { passes } from "../../../guards/clutch/review.ts";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type {
  Claimed,
  HolderId,
  NewParked,
  ParkAnswer,
  Parked,
  ParkedAgain,
  ParkingStore,
  ParkLimits,
} from "../../../ports/store.ts";
import { claimCall, isClaimedBy, pruneClaims, unclaimCall } from "./claims.ts";
import { catchUp, doubtCopies, isAwaited, leave } from "./copies.ts";
import type { MemoryData } from "./data.ts";
import { clutchOf } from "./reviews.ts";
import type { ParkedRow } from "./rows.ts";

const FENCED = { kind: "fenced" } as const;
/** What counts against the limits: all that is not finished, but what waits for a person's word. */
const COUNTED = ["parked", "let_go", "claimed"];

/** Parked calls on data in memory. */
export function memoryParking(data: MemoryData, clock: Clock): ParkingStore {
  const live = (id: HolderId): boolean => data.holders.get(id)?.state === "live";
  return {
    park: async (holder, asked, limits) =>
      live(holder) ? park(data, { holder, asked, limits, now: clock.wall() }) : FENCED,
    attach: async (holder, same) => (live(holder) ? attach(data, holder, same) : FENCED),
    detach: async (holder, calls) => {
      for (const call of calls) {
        const row = data.parked.get(call);
        if (row?.parked.attached !== holder) continue;
        leave(row);
        doubtCopies(data, clock, [row]);
      }
    },
    catchUp: async (holder, changeSeq, calls) => catchUp(data, clock, { holder, changeSeq, calls }),
    claim: async (holder, call) =>
      live(holder) ? claim(data, { holder, call, now: clock.wall() }) : FENCED,
    unclaim: async (holder, call, attempt, again) => {
      if (live(holder)) unclaim(data, clock, { holder, call, attempt, again });
    },
    claimCall: async (holder, asked) => (live(holder) ? claimCall(data, holder, asked) : FENCED),
    unclaimCall: async (holder, asked) => {
      if (live(holder)) unclaimCall(data, holder, asked);
    },
    list: async (filter) => list(data, filter),
    request: async (call) => {
      const row = data.parked.get(call);
      return row?.parked.state === "parked" ? row.request.slice() : null;
    },
    prune: async (before, trips) => prune(data, before, trips),
  };
}

function park(
  data: MemoryData,
  asked: {
    readonly holder: HolderId;
    readonly asked: NewParked;
    readonly limits: ParkLimits;
    readonly now: Millis;
  },
): ParkAnswer {
  const { holder, limits, now } = asked;
  const { request, ...call } = asked.asked;
  const known = data.parked.get(call.call);
  if (known) return { kind: "ok", parked: known.parked };
  const limit = passed(data, asked.asked, limits);
  if (limit) return { kind: "full", limit, max: limits[limit] };
  const { lifted, review } = waitsFor(data, asked.asked);
  const parked: Parked = {
    ...call,
    review,
    state: lifted ? "let_go" : "parked",
    letGoAt: lifted ? now : null,
    attached: holder,
    claimedBy: null,
    attempt: 0,
    message: null,
    maybeSent: false,
    edited: false,
  };
  const bytes = request.slice();
  const nothing = {
    answer: null,
    finishedAt: null,
    by: null,
    wasLeft: false,
    copied: "no",
  } as const;
  data.parked.set(call.call, {
    parked,
    request: bytes,
    arrivedAt: now,
    parkedBy: holder,
    seq: data.changeSeq,
    ...nothing,
  });
  return { kind: "ok", parked };
}

/** Is what it waits for over, and which review will say so? */
function waitsFor(
  data: MemoryData,
  { agent, cause, review, task }: NewParked,
): { readonly lifted: boolean; readonly review: string } {
  if (cause !== "clutch") return { lifted: data.reviews.get(review)?.state === "closed", review };
  const clutch = clutchOf(data, agent);
  return {
    lifted: passes(clutch, task),
    review: clutch.state === "engaged" ? review : clutch.review,
  };
}

/** The first limit that one more call would pass. */
function passed(
  data: MemoryData,
  { agent, request, task }: NewParked,
  limits: ParkLimits,
): keyof ParkLimits | null {
  const rows = [...data.parked.values()].filter(
    ({ parked }) => parked.agent === agent && COUNTED.includes(parked.state),
  );
  const ofTask = rows.filter(({ parked }) => parked.task === task);
  const bytes = rows.reduce((sum, row) => sum + row.request.byteLength, 0);
  if (rows.length >= limits.callsPerAgent) return "callsPerAgent";
  if (ofTask.length >= limits.callsPerTask) return "callsPerTask";
  return bytes + request.byteLength > limits.bytesPerAgent ? "bytesPerAgent" : null;
}

function attach(
  data: MemoryData,
  holder: HolderId,
  { by, digest, key, task }: Parameters<ParkingStore["attach"]>[1],
): Parked | null {
  const same = [...data.parked.values()].filter(({ answer, parked }) => {
    const gives = parked.state !== "done" || answer !== null || parked.message !== null;
    return gives && parked.key === key && parked.task === task && parked.digest === digest;
  });
  const before = same.find((row) => {
    return by !== undefined && row.by === by && row.parked.attached === holder;
  });
  if (before) return before.parked;
  const row = same.find(({ parked }) => parked.attached === null);
  if (!row) return null;
  row.parked = { ...row.parked, attached: holder };
  row.by = by ?? null;
  return row.parked;
}

function claim(
  data: MemoryData,
  asked: { readonly holder: HolderId; readonly call: string; readonly now: Millis },
): Claimed {
  const row = data.parked.get(asked.call);
  if (!row) return { kind: "none" };
  const { parked } = row;
  switch (parked.state) {
    case "parked":
      return { kind: "waits", parked };
    case "let_go":
      return isItsTurn(data, row, asked.now) ? begin(row, asked.holder) : waits(row);
    case "claimed":
      return parked.claimedBy === asked.holder ? claimed(row) : waits(row);
    case "done":
      return { kind: "done", parked, answer: row.answer };
    case "denied":
    case "unknown":
      return { kind: parked.state, parked };
  }
}

function isItsTurn(data: MemoryData, row: ParkedRow, now: Millis): boolean {
  const { agent, letGoAt, task } = row.parked;
  const due = (letGoAt ?? now) <= now && passes(clutchOf(data, agent), task);
  return due && !isAwaited(data, row);
}

function begin(row: ParkedRow, holder: HolderId): Claimed {
  const { attempt } = row.parked;
  row.parked = { ...row.parked, state: "claimed", claimedBy: holder, attempt: attempt + 1 };
  return claimed(row);
}

function claimed({ parked, request }: ParkedRow): Claimed {
  return { kind: "claimed", parked, request };
}

function waits({ parked }: ParkedRow): Claimed {
  return { kind: "waits", parked };
}

function unclaim(
  data: MemoryData,
  clock: Clock,
  asked: {
    readonly holder: HolderId;
    readonly call: string;
    readonly attempt: number;
    readonly again: ParkedAgain | undefined;
  },
): void {
  const { again } = asked;
  const row = data.parked.get(asked.call);
  if (!row || !isClaimedBy(row, asked.holder, asked.attempt)) return;
  const clutch = clutchOf(data, row.parked.agent);
  const free = { ...row.parked, claimedBy: null };
  const waits = { ...free, state: "parked", letGoAt: null } as const;
  if (clutch.state !== "engaged" && !passes(clutch, free.task)) {
    row.parked = { ...waits, cause: "clutch", review: clutch.review };
  } else if (again !== undefined && data.reviews.get(again.review)?.state === "open") {
    row.parked = { ...waits, ...again };
  } else {
    row.parked = { ...free, state: "let_go" };
  }
  doubtCopies(data, clock, [row]);
}

function list(data: MemoryData, filter: Parameters<ParkingStore["list"]>[0]): Parked[] {
  const { agent, attached, call, limit, review, states } = filter;
  return [...data.parked.values()]
    .map((row) => row.parked)
    .filter((parked) => agent === undefined || parked.agent === agent)
    .filter((parked) => review === undefined || parked.review === review)
    .filter((parked) => call === undefined || parked.call === call)
    .filter((parked) => states?.includes(parked.state) ?? true)
    .filter((parked) => attached === undefined || parked.attached === attached)
    .reverse()
    .slice(0, limit);
}

function prune(data: MemoryData, before: Millis, trips: Millis): void {
  for (const [call, row] of data.parked) {
    if (row.finishedAt !== null && row.finishedAt < before) data.parked.delete(call);
  }
  pruneClaims(data, before);
  for (const [key, { at }] of data.messages) if (at < trips) data.messages.delete(key);
  const awaited = new Set(
    [...data.parked.values()].flatMap(({ finishedAt, parked }) =>
      finishedAt === null ? [parked.review] : [],
    ),
  );
  for (const [id, { closedAt, kind }] of data.reviews) {
    const limit = kind === "trip" ? trips : before;
    if (closedAt === null || closedAt >= limit || awaited.has(id)) continue;
    data.reviews.delete(id);
    forget(data.merged, id);
    forget(data.decided, id);
  }
}

function forget(ids: Map<string, string>, review: string): void {
  for (const [id, of] of ids) if (of === review) ids.delete(id);
}
