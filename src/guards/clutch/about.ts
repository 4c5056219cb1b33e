/** What people are shown of a call that waits: what it asks for and the most it can cost. */
import type { Millis, NanoUsd } from "../money.ts";

export interface About {
  /** What is asked for: a tool of a server, or an answer of a model. */
  readonly asked: { readonly server: string; readonly tool: string } | { readonly model: string };
  readonly bytes: number;
  /** At the prices of when it was parked; null: it was parked before anybody reckoned it. */
  readonly worstNano: NanoUsd | null;
  /** Its connection is held for so long each time it comes. */
  readonly holdMs: Millis;
  /** So often its client comes again by itself before it says that it failed. */
  readonly retries: number;
}

export function aboutText(about: About): string {
  return JSON.stringify(about);
}

/** Of a text that `aboutText` made: the store keeps it as it is. */
export function aboutOf(text: string): About {
  // `as`: every version of ours made it like this.
  return JSON.parse(text) as About;
}
