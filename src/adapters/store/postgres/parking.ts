import type {
  CallClaim,
  CallClaimed,
  CallClaimStore,
  Claimed,
  Fenced,
  HolderId,
  NewParked,
  ParkAnswer,
  Parked,
  ParkingStore,
  ParkLimits,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane } from "./connections.ts";
import { optionalNumber, type Value } from "./values.ts";

/** Rows of each kind forgotten at a time. */
const PRUNED_MAX = 10_000;

interface Row extends Omit<NewParked, "call" | "at" | "request"> {
  readonly call_id: string;
  readonly at: bigint;
  readonly state: Parked["state"];
  readonly let_go_at: bigint | null;
  readonly attached: HolderId | null;
  readonly claimed_by: HolderId | null;
  readonly attempt: bigint;
  readonly message: string | null;
  readonly maybe_sent: boolean;
  readonly edited: boolean;
}

/** With a kind that finds no call, the rest is null. */
type Answer<Kind extends string> = Row & {
  readonly kind: Kind | "fenced";
  readonly request: Uint8Array | null;
  readonly answer: Uint8Array | null;
};

/** Parked calls and claims, one function call each. */
export function parking(lane: Lane): ParkingStore {
  return {
    park: (holder, parked, limits) => park(lane, parkingOf(holder, parked, limits), limits),
    async attach(holder, { by = null, digest, key, task }) {
      const row = await answerOf<"ok" | "none">(lane, "attach", [holder, key, task, digest, by]);
      if (row.kind === "fenced") return { kind: "fenced" };
      return row.kind === "none" ? null : parkedFrom(row);
    },
    async detach(holder, calls) {
      await withStoreIfAsked(lane, "detach", [holder, calls]);
    },
    async catchUp(holder, changeSeq, calls) {
      const columns = (["agent", "key", "task", "digest", "at"] as const).map((name) => {
        return calls.map((call) => call[name]);
      });
      const text = "SELECT catch_up($1, $2, $3, $4, $5, $6, $7)";
      await lane.ask({ name: "catch_up", text, values: [holder, changeSeq, ...columns] });
    },
    async claim(holder, call) {
      return claimedFrom(await answerOf<Claimed["kind"]>(lane, "claim", [holder, call]));
    },
    async unclaim(holder, call, attempt, again) {
      const values = [holder, call, attempt, again?.cause ?? null, again?.review ?? null];
      await withStoreIfAsked(lane, "unclaim", values);
    },
    async list(filter) {
      const statement = conditions()
        .given("agent = ", filter.agent)
        .given("review = ", filter.review)
        .given("call_id = ", filter.call)
        .given("attached = ", filter.attached)
        .given("state = ANY", filter.states)
        .select("parked_row", "ORDER BY no DESC", filter.limit);
      return (await lane.ask<Row>(statement)).map(parkedFrom);
    },
    async request(call) {
      const text = "SELECT request FROM parked WHERE call_id = $1 AND state = 'parked'";
      const [row] = await lane.ask<{ request: Uint8Array }>({ text, values: [call] });
      return bytesFrom(row?.request);
    },
    async prune(before, trips) {
      const values = [before, trips, PRUNED_MAX];
      await lane.ask({ text: "SELECT prune_parked($1, $2, $3)", values });
    },
    ...claims(lane),
  };
}

/** Both are told by the store where its own row has to be locked first, before anything is done. */
async function withStoreIfAsked(
  lane: Lane,
  name: "detach" | "unclaim",
  values: readonly Value[],
): Promise<void> {
  const parameters = [...values, null].map((_, index) => `$${index + 1}`).join(", ");
  const text = `SELECT ${name}(${parameters}) AS again`;
  for (const withStore of [false, true]) {
    const [row] = await lane.ask<{ again: boolean }>({
      name,
      text,
      values: [...values, withStore],
    });
    if (!row?.again) return;
  }
}

function claims(lane: Lane): CallClaimStore {
  const valuesOf = (holder: HolderId, claim: CallClaim): Value[] => {
    const { at, callId, digest, key, task } = claim;
    return [holder, key, task, callId, digest, at];
  };
  return {
    async claimCall(holder, claim) {
      const [row] = await lane.ask<ClaimRow>({
        name: "claim_call",
        text: "SELECT * FROM claim_call($1, $2, $3, $4, $5, $6)",
        values: valuesOf(holder, claim),
      });
      const kind = row?.kind ?? "fenced";
      return kind === "done" ? { kind, answer: bytesFrom(row?.answer) } : { kind };
    },
    async unclaimCall(holder, claim) {
      const text = "SELECT unclaim_call($1, $2, $3, $4, $5, $6)";
      await lane.ask({ name: "unclaim_call", text, values: valuesOf(holder, claim) });
    },
  };
}

interface ClaimRow {
  readonly kind: CallClaimed["kind"] | "fenced";
  readonly answer: Uint8Array | null;
}

async function answerOf<Kind extends string>(
  lane: Lane,
  name: "park" | "attach" | "claim",
  values: readonly Value[],
): Promise<Answer<Kind>> {
  const parameters = values.map((_, index) => `$${index + 1}`).join(", ");
  const text = `SELECT * FROM ${name}(${parameters})`;
  const [row] = await lane.ask<Answer<Kind>>({ name, text, values });
  if (!row) throw new Error(`${name} answers exactly one row`);
  return row;
}

function parkingOf(holder: HolderId, parked: NewParked, limits: ParkLimits): Value[] {
  const { about, agent, at, call, cause, digest, key, request, review, task } = parked;
  return [
    ...[holder, call, agent, task, key, cause, review, digest, about, at, request],
    ...[limits.callsPerAgent, limits.callsPerTask, limits.bytesPerAgent],
  ];
}

async function park(
  lane: Lane,
  values: readonly Value[],
  limits: ParkLimits,
): Promise<ParkAnswer | Fenced> {
  const row = await answerOf<"ok" | keyof ParkLimits>(lane, "park", values);
  if (row.kind === "fenced") return { kind: "fenced" };
  if (row.kind === "ok") return { kind: "ok", parked: parkedFrom(row) };
  return { kind: "full", limit: row.kind, max: limits[row.kind] };
}

function claimedFrom(row: Answer<Claimed["kind"]>): Claimed | Fenced {
  switch (row.kind) {
    case "fenced":
    case "none":
      return { kind: row.kind };
    case "claimed": {
      const request = bytesFrom(row.request);
      if (!request) throw new Error("a parked call has its request");
      return { kind: row.kind, parked: parkedFrom(row), request };
    }
    case "done":
      return { kind: row.kind, parked: parkedFrom(row), answer: bytesFrom(row.answer) };
    case "waits":
    case "denied":
    case "unknown":
      return { kind: row.kind, parked: parkedFrom(row) };
  }
}

/** The driver's buffers are views of its own memory. */
function bytesFrom(bytes: Uint8Array | null | undefined): Uint8Array | null {
  return bytes ? new Uint8Array(bytes) : null;
}

function parkedFrom(row: Row): Parked {
  const { about, agent, attached, cause, digest, key, message, review, state, task } = row;
  return {
    ...{ call: row.call_id, agent, task, key, cause, review, digest, about, at: Number(row.at) },
    ...{ state, letGoAt: optionalNumber(row.let_go_at), attached, claimedBy: row.claimed_by },
    ...{ attempt: Number(row.attempt), message, maybeSent: row.maybe_sent },
    edited: row.edited,
  };
}
