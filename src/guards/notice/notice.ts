/** What people are told: that a review opened, closed or failed its probe, or an alarm. */
import type { MostCost } from "../clutch/waiting.ts";
import type { Millis } from "../money.ts";

/** What a notice is about, as `on:` of a notifier names it: a kind of review, or an alarm. */
export const NOTICE_KINDS = [
  "trip",
  "pause",
  "approval",
  "budget",
  "outcome_unknown",
  "alert",
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** A notice as it is kept until it was told: all that its message says, but for its link. */
export interface Notice {
  /** `again`: the agent tripped while it was probed. */
  readonly what: "opened" | "again" | "closed" | "alert";
  readonly kind: NoticeKind;
  readonly agent: string;
  /** Null: of the agent as a whole, or not known. */
  readonly task: string | null;
  /** By the store's clock. */
  readonly at: Millis;
  readonly review: {
    readonly id: string;
    /** Calls that are stored for it. */
    readonly parked: number;
  } | null;
  /** One sentence, for people. */
  readonly reason: string;
  /** The numbers that decided, and what they are of; in their order. */
  readonly numbers: Readonly<Record<string, string | number>>;
  /** What ended it. */
  readonly decided: {
    readonly decision: string;
    readonly by: string;
    readonly reason: string;
  } | null;
  /** What happens if nobody does anything; null: nothing. */
  readonly next: { readonly what: "denied"; readonly at: Millis } | null;
}

/** A notice with the name it goes by: equal names are one notice. */
export interface NamedNotice {
  readonly subject: string;
  readonly notice: Notice;
}

/** What waits for a person as the message goes out: it moves, so it is not kept with the notice. */
export interface Waiting extends MostCost {
  /** False: more calls wait than were added up. */
  readonly whole: boolean;
  /** When the first agent sees an error; null: none does, or all have. */
  readonly errorsFrom: Millis | null;
}

/** What goes out at once. */
export type Message =
  | {
      readonly kind: "one";
      readonly id: string;
      readonly link: Link | null;
      readonly notice: Notice;
      /** Null: it is about no review, or one that is closed, or nobody could ask. */
      readonly waiting: Waiting | null;
    }
  /** So many came that they are told together. */
  | {
      readonly kind: "folded";
      readonly id: string;
      /** All reviews. */
      readonly link: string;
      readonly at: Millis;
      readonly notices: readonly NamedNotice[];
    }
  /** A person asked whether it arrives. */
  | {
      readonly kind: "test";
      readonly id: string;
      readonly by: string;
      readonly at: Millis;
      readonly link: string;
    };

/** Opens the review, for whoever may sign in there. */
export interface Link {
  readonly url: string;
  readonly expiresAt: Millis;
}
