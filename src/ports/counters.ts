/** What gateways count and see of agents, put together over all of them, for the breakers. */
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";

export interface CounterKey {
  readonly agent: string;
  /** Empty, as the tool is: of the agent, whatever it calls. */
  readonly server: string;
  readonly tool: string;
  /** What is counted. */
  readonly what: string;
  /** Start of its bucket, the gateway's wall clock rounded down. */
  readonly bucket: Millis;
}

/** One gateway's total of a bucket so far: a lost or repeated message changes nothing. */
export interface CounterTotal extends CounterKey {
  readonly total: number;
}

/** What one gateway sees of something that may be at several: it stands in place of the last. */
export interface Share {
  readonly agent: string;
  /** What it is of: `call` or `task`, and its name. */
  readonly key: string;
  /** What makes shares of one key alike. */
  readonly kind: string;
  readonly value: number;
  readonly at: Millis;
}

export interface ToolMet {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
}

/** One that was met for the first time ever. */
export interface ToolIsNew extends ToolMet {
  /** Tools of the agent that were met before. */
  readonly known: number;
}

/** What is added up of the minutes of an hour, for one signal. */
export interface HourSum {
  readonly signal: string;
  /** Counts of agents themselves, or of their tools. */
  readonly of: "agent" | "tool";
  readonly count: string;
  readonly beside: string;
  /** Minutes in which this was counted are left out. */
  readonly leftOut: string;
}

export interface HourSpan {
  readonly from: Millis;
  readonly until: Millis;
}

export interface HourKey {
  readonly agent: string;
  /** Empty, as the tool is: of the agent, whatever it calls. */
  readonly server: string;
  readonly tool: string;
  readonly signal: string;
}

/** An hour that is over, over all gateways. */
export interface HourTotal extends HourKey {
  readonly count: number;
  readonly beside: number;
  /** So many of it: from its first call on where there was none in any hour before. */
  readonly minutes: number;
}

/** Totals in one message, and about as many sums in its answer. */
export const MERGED_MAX = 2_000;
/** Agents whose minutes are added up at a time, and hours in one answer. */
export const SUMMED_MAX = 100;
export const HOURS_MAX = 2_000;

export interface Merged {
  readonly kind: "ok";
  readonly sums: readonly CounterTotal[];
  readonly seq: number;
  /** There are sums beyond that number. */
  readonly isMore: boolean;
}

export interface CounterStore {
  /**
   * Sets this holder's totals (never lower than they are) and answers the sums over all holders of
   * the buckets that changed since `after`, with the number to ask with next time. Of more than
   * `MERGED_MAX` about as many are answered, and `isMore`.
   */
  merge(holder: HolderId, totals: readonly CounterTotal[], after: number): Promise<Merged | Fenced>;
  /** Sets this holder's shares and answers those of others that changed since `after`. */
  share(
    holder: HolderId,
    shares: readonly Share[],
    after: number,
  ): Promise<
    | {
        readonly kind: "ok";
        readonly others: readonly (Share & { readonly holder: HolderId })[];
        readonly seq: number;
      }
    | Fenced
  >;
  /** Remembers tools that agents call; those of them that were never met, in any order. */
  meet(tools: readonly ToolMet[], at: Millis): Promise<readonly ToolIsNew[]>;
  /** Forgets buckets of these that began before this. */
  prune(whats: readonly string[], before: Millis): Promise<void>;
  /** Forgets shares that are older. */
  pruneShares(before: Millis): Promise<void>;
  /**
   * Adds up the minutes of the hours from one instant until another, of about `SUMMED_MAX` agents
   * after this one, and answers the last of them; null: there are no more. An hour that was added
   * up stays as it is, whoever asks again and whatever was forgotten meanwhile.
   */
  sumHours(sum: HourSum, span: HourSpan, after: string): Promise<string | null>;
  /** At most `HOURS_MAX` of those of one hour after this key, in the order of their keys. */
  hours(hour: Millis, after: HourKey | null): Promise<readonly HourTotal[]>;
  /** Forgets hours that began before. */
  pruneHours(before: Millis): Promise<void>;
}
