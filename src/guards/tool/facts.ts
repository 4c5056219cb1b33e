/** Everything the guards are told about one tool call, read beforehand. */
import type { Clutch } from "../clutch/clutch.ts";
import type { Approval, TaskFacts } from "../facts.ts";
import type { Millis, NanoUsd } from "../money.ts";
import type { PolicySaid, Unasked } from "../policy/said.ts";
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
  /** What policies have said of it, and of the calls inside it. */
  readonly policy: PolicySaid | Unasked;
}

/** A call before any policy was asked of it. */
export type Unpoliced = Omit<ToolLook, "policy">;

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

/** A rule of the manifest, which takes nothing: pure, told everything. */
export type ToolGuard = (facts: Unpoliced) => ToolAllow | Denial;
