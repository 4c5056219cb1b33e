/** Everything the guards are told about one tool call, read beforehand. */
import type { Clutch } from "../clutch/clutch.ts";
import type { TaskFacts } from "../facts.ts";
import type { Millis, NanoUsd } from "../money.ts";
import type { ToolRate } from "../rate-limit/permits.ts";
import type { Denial } from "../verdict.ts";
import type { GrantedTool, OfferedPin, ToolAsk, ToolGrants } from "./tool.ts";

export interface ToolFacts extends ToolLook {
  readonly task: TaskFacts;
  /** Null: its manifest sets none. */
  readonly rate: ToolRateNow | null;
  /** Null: its manifest does not say how many of its calls may be out at once. */
  readonly slots: ToolRateNow | null;
  /** The most that it can cost, nano-USD; with the first horizon of what it goes on costing. */
  readonly reserve: NanoUsd;
  /** Of a tool that goes on costing: what the store said; null: it does not. */
  readonly commitments: { readonly active: number } | null;
  readonly approved: Approval;
  readonly clutch: Clutch;
  /** It was parked, and this gateway has claimed it since its review let it go. */
  readonly letGo: boolean;
}

/** What is asked of a call wherever it is seen: nothing of it has state. */
export interface ToolLook {
  readonly manifest: { readonly agent: string; readonly observing: boolean };
  readonly ask: ToolAsk;
  readonly grants: ToolGrants;
  /** What `resolveTool` made of the name that the client wrote. */
  readonly resolved: GrantedTool | "unknown" | "blacklisted";
  /** Null: nobody asked, as nothing is pinned, or as it is not called here. */
  readonly offered: OfferedPin | null;
}

/** What is known of a person's word on this call. */
export type Approval =
  /** Nobody has been asked, or it was said of another call. */
  | { readonly kind: "none" }
  | { readonly kind: "given"; readonly review: string }
  | { readonly kind: "expired"; readonly review: string };

/** A limit on the tool's calls, and what is known of its permits now. */
export interface ToolRateNow {
  readonly limit: ToolRate;
  /** The store has been asked for this call, and has no more. */
  readonly asked: boolean;
  /** Monotonic. */
  readonly now: Millis;
}

export interface ToolAllow {
  readonly kind: "allow";
  /** For `explain`: what was looked at. */
  readonly numbers: Readonly<Record<string, string | number>>;
}

/** A rule that takes nothing: pure, told everything. */
export type ToolGuard = (facts: ToolLook) => ToolAllow | Denial;
