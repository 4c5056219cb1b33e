import type { AnsweredOutcome, OutcomeStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

interface WaitingRow {
  readonly id: string;
  readonly body: Uint8Array;
}

/** Reported outcomes: a statement each. */
export function outcomes(lane: Lane): OutcomeStore {
  return {
    async put(idBegins, { body, id }) {
      const text = "SELECT put_outcome($1, $2, $3) AS done";
      const [row] = await lane.ask<{ done: boolean }>({ text, values: [id, idBegins, body] });
      return row?.done === true;
    },
    async waiting(holder, limit) {
      const text = `SELECT id, body FROM outcome WHERE holder = $1 AND answer IS NULL
        ORDER BY no LIMIT $2`;
      const rows = await lane.ask<WaitingRow>({ text, values: [holder, limit] });
      return rows.map(({ body, id }) => ({ id, body: new Uint8Array(body) }));
    },
    async answer(holder, answered) {
      const ids = answered.map(({ id }) => id);
      const values = [holder, ids, answered.map(({ answer }) => answer)];
      await lane.ask({ text: "SELECT answer_outcomes($1, $2, $3)", values });
    },
    async answers(ids) {
      const text = `SELECT o.id, coalesce(o.answer, 'gone') AS answer FROM outcome o
        LEFT JOIN holder h ON h.id = o.holder AND h.state = 'live'
        WHERE o.id = ANY($1) AND (o.answer IS NOT NULL OR h.id IS NULL)`;
      return await lane.ask<AnsweredOutcome>({ text, values: [ids] });
    },
    async forget(ids) {
      await lane.ask({ text: "DELETE FROM outcome WHERE id = ANY($1)", values: [ids] });
    },
    async prune(before) {
      await lane.ask({ text: "DELETE FROM outcome WHERE at < $1", values: [before] });
    },
  };
}
