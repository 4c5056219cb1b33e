/** What reviewers say to agents that go on: told to the model with the task's next call. */
import type { Millis } from "../guards/money.ts";

export interface AgentMessage {
  /** Of the decision that it was said in; one for each task. */
  readonly id: string;
  readonly agent: string;
  readonly task: string;
  readonly text: string;
  readonly by: string;
  readonly at: Millis;
}

/** Written by decisions alone, see `ReviewDecision`. */
export interface MessageStore {
  /** Those that no model was told yet; the oldest first. */
  pending(limit: number): Promise<readonly AgentMessage[]>;
  /** A model has answered a call that told it: it is told no more. */
  told(messages: readonly Pick<AgentMessage, "id" | "task">[]): Promise<void>;
}
