/** Where people are told: a chat, a pager, a program of theirs. */
import type { Millis } from "../guards/money.ts";
import type { Message } from "../guards/notice/notice.ts";

/** What became of one attempt. */
export type Delivery =
  | { readonly kind: "ok"; readonly said: string }
  /** It may work later; `afterMs`: the far end says when. It may have arrived all the same. */
  | { readonly kind: "retry"; readonly because: string; readonly afterMs: Millis | null }
  /** The far end does not want this, and would not later. */
  | { readonly kind: "refused"; readonly because: string };

/**
 * One way to tell people. `deliver` never rejects, ends within the time it is given, follows no
 * redirect, and says nothing of its secrets. Every attempt at one message has the message's id, by
 * which a far end that can tells copies apart.
 */
export interface Notifier {
  readonly name: string;
  deliver(message: Message, timeoutMs: Millis): Promise<Delivery>;
  /** What is under way ends as a fault. */
  close(): Promise<void>;
}
