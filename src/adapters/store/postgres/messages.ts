import type { AgentMessage, MessageStore } from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";

interface Row extends Omit<AgentMessage, "by" | "at"> {
  readonly said_by: string;
  readonly at: bigint;
}

/** What agents are still to be told. */
export function messages(lane: Lane): MessageStore {
  return {
    async pending(limit) {
      const text = "SELECT * FROM agent_message ORDER BY no LIMIT $1";
      const rows = await lane.ask<Row>({ text, values: [limit] });
      return rows.map(({ agent, at, id, said_by: by, task, text: says }) => {
        return { id, agent, task, text: says, by, at: Number(at) };
      });
    },
    async told(messages) {
      const text = `DELETE FROM agent_message m USING unnest($1::text[], $2::text[]) t(id, task)
        WHERE m.id = t.id AND m.task = t.task`;
      const values = [messages.map(({ id }) => id), messages.map(({ task }) => task)];
      await lane.ask({ text, values });
    },
  };
}
