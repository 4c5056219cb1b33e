import { INPUTS_READ_MAX } from "../../../ports/inputs.ts";
import type { CallInput, InputStore } from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane } from "./connections.ts";

type Row = Omit<CallInput, "at"> & { readonly position: bigint; readonly at: bigint };

const WRITE = `INSERT INTO input (decision, agent, at, sealed)
  SELECT decision, agent, at, decode(sealed, 'base64')
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS i(decision, agent, at, sealed)
  ON CONFLICT DO NOTHING`;

/** What calls asked: bytes that only gateways can read. */
export function inputs(lane: Lane): InputStore {
  return {
    async write(written) {
      const values = [
        written.map(({ decision }) => decision),
        written.map(({ agent }) => agent),
        written.map(({ at }) => at),
        written.map(({ sealed }) => Buffer.from(sealed).toString("base64")),
      ];
      await lane.ask({ name: "write_inputs", text: WRITE, values });
    },
    async read({ after, agent, from, limit }) {
      const where = conditions()
        .given("agent = ", agent)
        .given("at >= ", from)
        .given("position > ", after);
      const statement = where.select(
        "input",
        "ORDER BY position",
        Math.min(limit, INPUTS_READ_MAX),
      );
      const rows = await lane.ask<Row>(statement);
      return rows.map(({ agent: by, at, decision, position, sealed }) => {
        const bytes = new Uint8Array(sealed);
        return { decision, agent: by, at: Number(at), sealed: bytes, position: Number(position) };
      });
    },
    async prune(before) {
      await lane.ask({ text: "DELETE FROM input WHERE at < $1", values: [before] });
    },
  };
}
