import type { Commitment, Hold, Step } from "../../../guards/commitment/commitment.ts";
import type {
  CommitmentFilter,
  CommitmentMoved,
  CommitmentOpened,
  CommitmentStore,
  Commitments,
  Fenced,
  NewCommitment,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane, Statement } from "./connections.ts";
import { type AccountRow, accountState, optionalNumber } from "./values.ts";

interface Row {
  readonly id: string;
  readonly agent: string;
  readonly task: string;
  readonly key: string;
  readonly server: string;
  readonly tool: string;
  readonly nano_usd_per_hour: bigint;
  readonly horizon_ms: bigint;
  readonly version: bigint;
  readonly state: Commitment["state"];
  readonly service: string | null;
  readonly opened_at: bigint;
  readonly seen_at: bigint;
  readonly elapsed_ms: bigint;
  readonly due_at: bigint | null;
  /** Amounts as texts: a JSON number would lose digits. */
  readonly holds: readonly (readonly [number, string])[];
  readonly renewals: bigint;
  readonly unrenewable: boolean;
  readonly ended_at: bigint | null;
  readonly ended_by: string | null;
  readonly reason: string | null;
}

type OpenRow = Row & {
  readonly kind: "opened" | "full" | "not-held" | "fenced";
  readonly active: bigint;
  readonly done_no: bigint;
};
type MoveRow = Row & {
  readonly kind: CommitmentMoved["kind"];
  readonly accounts: readonly bigint[] | null;
};
/** All null but the clock if there is none. */
type ListRow = { readonly now: bigint } & ({ readonly id: null } | Row);

/** Commitments, one function call each. */
export function commitments(lane: Lane): CommitmentStore {
  return {
    async open(holder, opening) {
      const [row] = await lane.ask<OpenRow>(openStatement(holder, opening));
      return row ? openedFrom(row) : { kind: "fenced" };
    },
    async move(step) {
      const [row] = await lane.ask<MoveRow>(moveStatement(step));
      if (!row) return { kind: "none" };
      if (row.kind === "short") return { kind: "short", accounts: await accountsOf(lane, row) };
      return row.kind === "none" ? { kind: "none" } : { kind: row.kind, commitment: from(row) };
    },
    async count({ agent, server, tool }) {
      const text = `SELECT count(*) AS active FROM commitment
        WHERE agent = $1 AND server = $2 AND tool = $3 AND state <> 'ended'`;
      const values = [agent, server, tool];
      const [row] = await lane.ask<{ active: bigint }>({ name: "count_commitments", text, values });
      return Number(row?.active ?? 0n);
    },
    list: (filter) => list(lane, filter),
    async prune(before) {
      await lane.ask({ text: "DELETE FROM commitment WHERE ended_at < $1", values: [before] });
    },
  };
}

function openStatement(holder: string, opening: NewCommitment): Statement {
  const { activeMax, agent, holds, horizonMs, id, key, nanoUsdPerHour, server, task, tool } =
    opening;
  return {
    name: "open_commitment",
    text: `SELECT o.kind, o.active, o.done_no, (o.commitment).*
      FROM open_commitment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) o`,
    values: [
      ...[holder, id, agent, task, key, server, tool],
      ...[nanoUsdPerHour, horizonMs, activeMax, pairsText(holds)],
    ],
  };
}

/** Only `opened` opens: anything unexpected is a refusal. */
function openedFrom(row: OpenRow): CommitmentOpened | Fenced {
  switch (row.kind) {
    case "opened":
      return { kind: "opened", commitment: from(row), doneNo: Number(row.done_no) };
    case "full":
      return { kind: "full", active: Number(row.active) };
    case "not-held":
    case "fenced":
      return { kind: row.kind };
  }
}

function moveStatement({ charges, next }: Step): Statement {
  const { dueAt, elapsedMs, endedAt, endedBy, holds, id, reason, renewals, seenAt } = next;
  const parameters = Array.from({ length: 14 }, (_, index) => `$${index + 1}`);
  const charged = charges.map(({ account, amount }) => ({ account, held: amount }));
  return {
    name: "move_commitment",
    text: `SELECT m.kind, m.accounts, (m.commitment).*
      FROM move_commitment(${parameters.join(", ")}) m`,
    values: [
      ...[id, next.version, next.state, next.service, seenAt, elapsedMs, dueAt],
      ...[pairsText(holds), renewals, next.unrenewable, endedAt, endedBy, reason],
      pairsText(charged),
    ],
  };
}

async function accountsOf(lane: Lane, { accounts }: MoveRow) {
  const text = "SELECT * FROM account WHERE id = ANY($1)";
  return (await lane.ask<AccountRow>({ text, values: [accounts ?? []] })).map(accountState);
}

async function list(lane: Lane, filter: CommitmentFilter): Promise<Commitments> {
  const { agent, due, id, limit, server, service, states, tool } = filter;
  const where = conditions()
    .given("id = ", id)
    .given("agent = ", agent)
    .given("server = ", server)
    .given("tool = ", tool)
    .given("service = ", service)
    .given("state = ANY", states)
    // Seen in what is to come: the clock was set back, and waiting for it would charge nothing.
    .when(due === true, "due_at IS NOT NULL AND (due_at <= now_ms() OR seen_at > now_ms())")
    .select("commitment", due === true ? "ORDER BY due_at, no" : "ORDER BY no DESC", limit);
  const order = due === true ? "c.due_at, c.no" : "c.no DESC";
  const text = `SELECT n.now, c.* FROM (SELECT now_ms() AS now) n
    LEFT JOIN (${where.text}) c ON true ORDER BY ${order}`;
  const rows = await lane.ask<ListRow>({ text, values: where.values });
  const found = rows.flatMap((row) => (row.id === null ? [] : [from(row)]));
  return { now: Number(rows[0]?.now ?? 0n), commitments: found };
}

function pairsText(holds: readonly Hold[]): string {
  return JSON.stringify(holds.map(({ account, held }) => [account, held.toString()]));
}

function from(row: Row): Commitment {
  const { agent, id, key, reason, server, service, state, task, tool, unrenewable } = row;
  return {
    ...{ id, agent, task, key, server, tool, state, service, reason, unrenewable },
    nanoUsdPerHour: row.nano_usd_per_hour,
    horizonMs: Number(row.horizon_ms),
    version: Number(row.version),
    openedAt: Number(row.opened_at),
    seenAt: Number(row.seen_at),
    elapsedMs: Number(row.elapsed_ms),
    dueAt: optionalNumber(row.due_at),
    holds: row.holds.map(([account, held]) => ({ account, held: BigInt(held) })),
    renewals: Number(row.renewals),
    endedAt: optionalNumber(row.ended_at),
    endedBy: row.ended_by,
  };
}
