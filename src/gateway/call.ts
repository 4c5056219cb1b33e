/** One call on its way: who asks, for what, where it would go, and what has been learned since. */
import type { ServerResponse } from "node:http";
import type { Outcome, Terms } from "../guards/budget/settle.ts";
import type { Answer, Asked, ModelAsked, Origin, ToolAsked } from "../guards/events.ts";
import type { Bounds } from "../guards/facts.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { Resolved, ToolAsk } from "../guards/tool/tool.ts";
import type { Denial } from "../guards/verdict.ts";
import type { AgentMessage, CallClaim, KeyRecord, Parked } from "../ports/store.ts";
import type { ToolProgress, ToolResult, ToolServer } from "../ports/tool-server.ts";
import type { ReadRequest, WireFormat } from "../wire/format.ts";
import type { Trace } from "../wire/trace-context.ts";
import type { Account } from "./account.ts";
import type { Body } from "./body.ts";
import type { Ask } from "./cashier.ts";
import type { Client } from "./client.ts";
import type { StoredAnswer } from "./parking/answer.ts";
import type { Route, Ruleset } from "./ruleset.ts";
import type { Tenure } from "./tenure.ts";

/** Who asks, whatever the connection. */
export interface Caller {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly key: KeyRecord;
  readonly manifest: Manifest;
  /** The rules in force when it arrived: a reload does not change them half-way. */
  readonly rules: Ruleset;
  readonly tenure: Tenure;
  readonly decision: string;
  /** The call that it is a part of: its own decision, or the parked call whose place it takes. */
  readonly call: string;
  /** What names its task. */
  readonly taskName: { readonly id: string; readonly how: "named" | "unnamed" };
  /** Monotonic, when the last byte of the request was here. */
  receivedAt: Millis;
}

/** A request whose sender is known. */
export interface Incoming extends Caller {
  readonly response: ServerResponse;
}

/** A parked call that this gateway has claimed: from there on its row is its only road. */
export interface Turn {
  readonly call: string;
  readonly attempt: number;
  /** The review by which it was approved, if that is what it waited for. */
  readonly approval: string | null;
  /** The arguments that a person has put in the place of its agent's, if so. */
  readonly edited: Edited | "unreadable" | null;
}

export interface Edited {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** Of what its agent asked: by this it is still the same call. */
  readonly askedDigest: string;
}

/** A call that was read: two readers, and one path for what they read. */
export type Call = ModelCall | ToolCall;

export interface ModelCall {
  readonly kind: "model";
  readonly incoming: Incoming;
  readonly wire: WireFormat;
  readonly body: Body;
  readonly read: ReadRequest;
  readonly route: Route | null;
  readonly asked: ModelAsked;
  readonly client: Client;
  readonly turn: Turn | null;
  /** The gateway asks on its own, after an answer whose calls were all refused. */
  readonly round: Round | null;
  /** What reviewers have said, and its model is still to be told. */
  readonly told: readonly AgentMessage[];
}

/** One more question to the model, in a call whose client waits for one answer. */
export interface Round {
  /** From 1 on. */
  readonly number: number;
  /** Sends the answer before, without its calls: it stands wherever this one comes to nothing. */
  fallBack(): void;
}

export interface ToolCall {
  readonly kind: "tool";
  readonly incoming: Caller;
  readonly ask: ToolAsk;
  readonly resolved: Resolved;
  readonly asked: ToolAsked;
  /** The trace that its agent says it belongs to; its server is told. */
  readonly trace: Trace;
  /** How whoever asked is answered. */
  readonly desk: Desk;
  readonly client: Client;
  readonly turn: Turn | null;
  /** Where it runs, if that is no tool server: at its agent. */
  readonly runner: ToolRunner | null;
  /** A call that writes and named itself: it runs once, whoever asks for it how often. */
  readonly claim: CallClaim | null;
}

/** The one thing that running a call needs of a tool server. */
export type ToolRunner = Pick<ToolServer, "call">;

/** The far end of a tool call: the same verdict, told as each road tells it. */
export interface Desk {
  refuse(denial: Denial, origin: Origin, headers: Readonly<Record<string, string>>): void;
  answer(result: ToolResult, headers: Readonly<Record<string, string>>): void;
  /** Tells how far the call has come, before it is answered; null: nobody wants to hear of it. */
  readonly progress: ((heard: ToolProgress) => void) | null;
}

/** Everything that deciding needed. */
export interface Gathered {
  /** The guards of this kind of call, told everything but the states. */
  readonly ask: Ask;
  readonly accounts: readonly Account[];
  /** Asks the store for permits of the call's rate limit, once the guards were short of them. */
  lease(): Promise<void>;
}

/** A refusal; or an allowed call with everything that its admission rested on. */
export type Decided =
  | {
      readonly kind: "deny";
      readonly denial: Denial;
      readonly answers: readonly Answer[];
      /** Those that it draws on, as far as they were known. */
      readonly accounts: readonly Account[];
    }
  | {
      readonly kind: "allow";
      readonly bounds: Bounds;
      readonly answers: readonly Answer[];
      readonly accounts: readonly Account[];
    };

/** Why a call waits: its agent is paused, a person is to approve it, or a budget is spent. */
export type Why =
  | { readonly cause: "clutch"; readonly review: string }
  | { readonly cause: "approval"; readonly reasons: readonly string[] }
  /** What it would be refused with, if it did not wait. */
  | { readonly cause: "budget"; readonly spent: Denial };

/** Not refused, and not let through. */
export interface Waits {
  readonly kind: "park";
  readonly why: Why;
  /** That of a call whose place it takes; null: it is to be parked. */
  readonly row: Parked | null;
  readonly answers: readonly Answer[];
  readonly accounts: readonly Account[];
}

export type Allowed = Extract<Decided, { kind: "allow" }>;

/** A model call that was let through: its money is reserved until `settle`. */
export interface Admitted {
  readonly call: ModelCall;
  readonly route: Route;
  readonly bounds: Bounds;
  readonly accounts: readonly Account[];
  readonly terms: Terms;
  readonly answers: readonly Answer[];
  /** The output cap that is sent, where it differs from what the client wrote. */
  readonly sentCap: number | null;
  readonly decidedMs: number;
}

/** What the shell saw of a call besides what the guards need. */
export interface Seen {
  readonly outcome: Outcome;
  readonly capped: boolean;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  /** What its client had, or would have had: of a call that was parked. */
  readonly answer: StoredAnswer | null;
}

export function originOf(caller: Caller): Origin {
  const { call, decision, key, manifest, rules, taskName } = caller;
  const who = { agent: manifest.agent, task: taskName.id, key: key.id };
  return { decision, call, ...who, revision: revisionFor(manifest, rules) };
}

/** Of a task that began under older rules both, with how they are put together. */
function revisionFor({ began, onChange }: Manifest, { revision }: Ruleset): string {
  return began === undefined ? revision : `${revision} ${onChange} ${began}`;
}

/** Of a request whose sender is not known. */
export function unknownOrigin(decision: string, { revision }: Ruleset): Origin {
  return { decision, call: decision, agent: null, task: null, key: null, revision };
}

/** A refusal with what is known of who was refused. */
export interface Refusal {
  readonly denial: Denial;
  readonly origin: Origin;
  readonly asked: Asked | null;
}
