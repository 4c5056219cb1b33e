/** What became of telling people, for the journal. */
import type { NoticeKind } from "./notice.ts";

interface Of {
  readonly notifier: string;
  /** Names it: a far end that tells copies apart does so by this, unless it was folded. */
  readonly notice: string;
  readonly about: NoticeKind;
  readonly agent: string;
  readonly review: string | null;
  readonly attempts: number;
}

export type NoticeEvent =
  /** `folded`: with others, in one message. */
  | ({ readonly kind: "notice.sent"; readonly folded: boolean } & Of)
  /** Nobody was told: the far end did not want it, or failed for a day. */
  | ({ readonly kind: "notice.given-up"; readonly because: string } & Of);
