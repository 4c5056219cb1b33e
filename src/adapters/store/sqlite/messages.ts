import type { AgentMessage, MessageStore } from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

/** The oldest first. */
export function pending({ sql }: Transaction, limit: number): AgentMessage[] {
  const columns = `id, agent, task, text, said_by AS "by", at`;
  return sql.all(`SELECT ${columns} FROM agent_message ORDER BY no LIMIT ?`, limit);
}

export function told({ sql }: Transaction, messages: Parameters<MessageStore["told"]>[0]): void {
  for (const { id, task } of messages) {
    sql.run("DELETE FROM agent_message WHERE id = ? AND task = ?", id, task);
  }
}
