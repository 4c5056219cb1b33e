import type { KeyRecord, ModelFlag, Registry, Role } from "../../../ports/store.ts";
import type { Lane, Statement } from "./connections.ts";
import { optionalNumber } from "./values.ts";

interface KeyRow {
  readonly id: string;
  readonly hash: string;
  readonly kind: "agent" | "task" | "operator";
  readonly agent: string | null;
  readonly task: string | null;
  readonly name: string | null;
  readonly role: Role | null;
  readonly created_at: bigint;
  readonly expires_at: bigint | null;
  readonly revoked_at: bigint | null;
}

interface FlagRow {
  readonly provider: string;
  readonly model: string;
  readonly what: "output" | "input";
  readonly since: bigint;
  readonly call_id: string;
}

/** Keys and flags. */
export function registry(lane: Lane): Registry {
  return {
    async createKey(key) {
      await lane.ask(creation(key));
    },
    revokeKey: (id, at) =>
      isTrue(lane, { text: "SELECT revoke_key($1, $2) AS done", values: [id, at] }),
    async keys(all) {
      const text = `SELECT * FROM key${all ? "" : " WHERE revoked_at IS NULL"} ORDER BY no`;
      return (await lane.ask<KeyRow>({ text, values: [] })).map(keyRecord);
    },
    async keyByHash(hash) {
      const [row] = await lane.ask<KeyRow>({
        name: "key_by_hash",
        text: "SELECT * FROM key WHERE hash = $1",
        values: [hash],
      });
      return row ? keyRecord(row) : null;
    },
    async flag(flag) {
      const { provider, model, what, since, call } = flag;
      const values = [provider, model, what, since, call];
      await lane.ask({ text: "SELECT raise_flag($1, $2, $3, $4, $5)", values });
    },
    clearFlag: (provider, model) =>
      isTrue(lane, { text: "SELECT clear_flag($1, $2) AS done", values: [provider, model] }),
    async flags() {
      const text = "SELECT * FROM flag ORDER BY provider, model, what";
      return (await lane.ask<FlagRow>({ text, values: [] })).map(modelFlag);
    },
  };
}

async function isTrue(lane: Lane, statement: Statement): Promise<boolean> {
  const [row] = await lane.ask<{ done: boolean }>(statement);
  return row?.done === true;
}

function creation(key: KeyRecord): Statement {
  const { holder } = key;
  return {
    name: "create_key",
    text: "SELECT create_key($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    values: [
      key.id,
      key.hash,
      holder.kind,
      holder.kind === "operator" ? null : holder.agent,
      holder.kind === "task" ? holder.task : null,
      holder.kind === "operator" ? holder.name : null,
      holder.kind === "operator" ? holder.role : null,
      key.createdAt,
      key.expiresAt,
      key.revokedAt,
    ],
  };
}

function keyRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    hash: row.hash,
    holder: keyHolder(row),
    createdAt: Number(row.created_at),
    expiresAt: optionalNumber(row.expires_at),
    revokedAt: optionalNumber(row.revoked_at),
  };
}

/** A row that lacks what its kind needs names nobody, and a viewer at most. */
function keyHolder(row: KeyRow): KeyRecord["holder"] {
  const agent = row.agent ?? "";
  switch (row.kind) {
    case "agent":
      return { kind: "agent", agent };
    case "task":
      return { kind: "task", agent, task: row.task ?? "" };
    case "operator":
      return { kind: "operator", name: row.name ?? "", role: row.role ?? "viewer" };
  }
}

function modelFlag(row: FlagRow): ModelFlag {
  const { provider, model, what } = row;
  return { provider, model, what, since: Number(row.since), call: row.call_id };
}
