import type { TaskRef, TranscriptState, TranscriptStore } from "../../../ports/store.ts";
import { TRANSCRIPT_PRUNED_MAX, TRANSCRIPT_READ_MAX } from "../../../ports/transcripts.ts";
import { conditions } from "./conditions.ts";
import type { Lane } from "./connections.ts";
import { optionalNumber } from "./values.ts";

interface LineRow {
  readonly position: bigint;
  readonly mark: string;
  readonly at: bigint;
  readonly sealed: Uint8Array;
}

interface StateRow {
  readonly dropped: bigint;
  readonly erased_at: bigint | null;
}

/** What tasks said: bytes that only gateways can read. */
export function transcripts(lane: Lane): TranscriptStore {
  return {
    async known({ agent, id }, marks) {
      const text = `SELECT mark FROM transcript_line
        WHERE agent = $1 AND task = $2 AND mark = ANY($3::text[])`;
      const values = [agent, id, marks];
      const rows = await lane.ask<{ mark: string }>({ name: "known_lines", text, values });
      return { ...(await stateOf(lane, { agent, id })), marks: rows.map(({ mark }) => mark) };
    },
    async write({ agent, id }, lines, bytesMax) {
      if (lines.length === 0) return;
      const values = [
        ...[agent, id],
        lines.map(({ mark }) => mark),
        lines.map(({ at }) => at),
        lines.map(({ sealed }) => Buffer.from(sealed).toString("base64")),
        bytesMax,
      ];
      const text = "SELECT write_transcript($1, $2, $3, $4, $5, $6)";
      await lane.ask({ name: "write_transcript", text, values });
    },
    async read({ after, agent, id, limit }) {
      const where = conditions()
        .given("agent = ", agent)
        .given("task = ", id)
        .given("position > ", after);
      const most = Math.min(limit, TRANSCRIPT_READ_MAX);
      const rows = await lane.ask<LineRow>(
        where.select("transcript_line", "ORDER BY position", most),
      );
      const lines = rows.map(({ at, mark, position, sealed }) => {
        const bytes = new Uint8Array(sealed);
        return { position: Number(position), mark, at: Number(at), sealed: bytes };
      });
      return { ...(await stateOf(lane, { agent, id })), lines };
    },
    async erase({ agent, id }, at) {
      const text = "SELECT erase_transcript($1, $2, $3) AS gone";
      const [row] = await lane.ask<{ gone: bigint }>({ text, values: [agent, id, at] });
      return Number(row?.gone ?? 0);
    },
    async prune(before) {
      const text = "SELECT prune_transcripts($1, $2) AS gone";
      const values = [before, TRANSCRIPT_PRUNED_MAX];
      const [row] = await lane.ask<{ gone: bigint }>({ text, values });
      return Number(row?.gone ?? 0) === TRANSCRIPT_PRUNED_MAX;
    },
  };
}

async function stateOf(lane: Lane, { agent, id }: TaskRef): Promise<TranscriptState> {
  const text = "SELECT dropped, erased_at FROM transcript WHERE agent = $1 AND task = $2";
  const [row] = await lane.ask<StateRow>({ name: "transcript_state", text, values: [agent, id] });
  return { dropped: Number(row?.dropped ?? 0), erasedAt: optionalNumber(row?.erased_at ?? null) };
}
