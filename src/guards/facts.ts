/**
 * Everything the guards are told about one call, read beforehand; and what they pass on to each
 * other.
 */
import type { Purse } from "./budget/slice.ts";
import type { Amounts } from "./budget/unit.ts";
import type { ModelAsk } from "./call.ts";
import type { Clutch } from "./clutch/clutch.ts";
import type { Park } from "./clutch/park.ts";
import type { Answer } from "./events.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { Millis } from "./money.ts";
import type { PolicySaid, Unasked } from "./policy/said.ts";
import type { ModelPrice } from "./price/price.ts";
import type { ProviderRules } from "./provider-rules.ts";
import type { Permits, TakenPermit } from "./rate-limit/permits.ts";
import type { Denial } from "./verdict.ts";

/** Where a call would go. */
export interface Target {
  readonly rules: ProviderRules;
  /** The model's id at the provider. */
  readonly model: string;
  readonly price: ModelPrice | null;
  /** This model once billed above its output cap, or above its input bound. */
  readonly overbillsOutput: boolean;
  readonly overbillsInput: boolean;
}

export interface TaskFacts {
  readonly id: string;
  readonly ended: boolean;
  /** Since it was opened, or the first of those that it was opened under. */
  readonly ageMs: Millis;
  /** Null: it may go on as long as it likes. */
  readonly durationMaxMs: Millis | null;
}

export interface Facts {
  readonly ask: ModelAsk;
  readonly manifest: Manifest;
  readonly task: TaskFacts;
  readonly policy: PolicySaid | Unasked;
  readonly approved: Approval;
  readonly clutch: Clutch;
  /** It was parked, and its review has let it go since. */
  readonly letGo: boolean;
  /** Null: no provider of this format serves the model. */
  readonly target: Target | null;
  /** What the model is told beside what its client wrote, at most: in bytes, and so in tokens. */
  readonly toldBytes: number;
}

/** What is known of a person's word on a call. */
export type Approval =
  /** Nobody has been asked, or it was said of another call. */
  | { readonly kind: "none" }
  | { readonly kind: "given"; readonly review: string }
  | { readonly kind: "expired"; readonly review: string };

/** What the guards so far have narrowed, and what the call would cost at that. */
export interface Bounds {
  /** The output cap to send; null: the provider's own maximum holds. */
  readonly outputCap: number | null;
  /** The least cap that still makes a useful answer: nobody narrows below it. */
  readonly outputFloor: number;
  /** Of the tools that the request offers, those that are not granted, by index. */
  readonly removedTools: ReadonlySet<number>;
  /** The most tokens of input that can be billed. */
  readonly inputTokens: number;
  /** Cost at cap c is `fixedPico + c × perTokenPico`, rounded up to nano-USD. */
  readonly fixedPico: number;
  readonly perTokenPico: number;
  /** Tokens at cap c are `fixedTokens + c × tokensPerCap`: one for each choice. */
  readonly fixedTokens: number;
  readonly tokensPerCap: number;
  /** What is reserved on every account, in its unit. */
  readonly reserve: Amounts;
  /** Of a tool that has a rate limit. */
  readonly permit?: TakenPermit;
  /** Of a tool of which only so many calls may be out at once. */
  readonly slot?: TakenPermit;
}

/** The states that this call touches: one purse for each account it draws on. */
export interface States {
  readonly purses: readonly Purse[];
  /** Of a tool that has a rate limit. */
  readonly permits?: Permits;
  /** Of a tool of which only so many calls may be out at once. */
  readonly slots?: Permits;
}

/** The slices do not cover the call: lease this much in all, then ask again. */
export interface Short {
  readonly kind: "short";
  readonly need: Amounts;
}

/** No permit here is old enough, and the store may have others: ask it, then ask again. */
export interface ShortOfPermits {
  readonly kind: "short-of-permits";
}

export interface Allow {
  readonly kind: "allow";
  readonly bounds: Bounds;
  /** For `explain`: what was looked at. */
  readonly numbers: Answer["numbers"];
}

/** Of a guard that has nothing to tell: one object for all calls. */
export const NO_NUMBERS: Answer["numbers"] = {};

export type Verdict = Allow | Denial;

/** One rule: pure, told everything, answering with the states after it. */
export type Guard<Told = Facts> = (
  facts: Told,
  bounds: Bounds,
  states: States,
) => [States, Allow | Denial | Park | Short | ShortOfPermits];
