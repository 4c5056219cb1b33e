/** What happened, as one union: the journal, the metrics and (later) the dashboard all read it. */
import type { Evidence } from "./budget/release.ts";
import type { Unit } from "./budget/unit.ts";
import type { Format } from "./call.ts";
import type { ClutchEvent } from "./clutch/events.ts";
import type { Committed } from "./commitment/committed.ts";
import type { Millis } from "./money.ts";
import type { NoticeEvent } from "./notice/event.ts";
import type { AskedVerdict } from "./policy/said.ts";
import type { Usage } from "./price/price.ts";
import type { DenialCode, DenialFacts } from "./verdict.ts";

/** Who a call is from. */
export interface Origin {
  readonly decision: string;
  readonly call: string;
  readonly agent: string | null;
  readonly task: string | null;
  readonly key: string | null;
  /** What decided: the beginning of the commit, or of the digest of the folder's files. */
  readonly revision: string;
}

/** What a call asked for: an answer of a model, or a run of a tool. */
export type Asked = ModelAsked | ToolAsked;

export interface ModelAsked {
  readonly format: Format;
  readonly model: string;
  readonly provider: string | null;
  readonly stream: boolean;
  readonly outputCap: number | null;
  readonly bytes: number;
  /** `x-stainless-retry-count`: which attempt of one logical call this is, 0 for the first. */
  readonly attempt: number;
}

export interface ToolAsked {
  readonly server: string;
  readonly tool: string;
  /** The road it came by. */
  readonly by: "mcp" | "dispatcher" | "answer" | "decision" | "gateway";
  /** Of server, tool and arguments: equal calls have an equal one. */
  readonly digest: string;
  readonly bytes: number;
  readonly attempt: number;
}

export function isToolAsked(asked: Asked): asked is ToolAsked {
  return "tool" in asked;
}

export interface LegNumbers {
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly window: Millis;
  /** In its unit; of money nano-USD. */
  readonly reserved: number;
  readonly charged: number | null;
}

/** What one guard answered. */
export interface Answer {
  readonly guard: string;
  readonly answer: string;
  readonly numbers: Readonly<Record<string, string | number>>;
}

/** What a holder's death, or a release, moved on one account. */
export interface Part {
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  /** In its unit, as text: a part of a large limit may be more than a number counts. */
  readonly amount: string;
}

export type Event =
  /** A call in flight at a flush, so that it can be explained even if this process dies. */
  | ({
      readonly kind: "call.admitted";
      readonly asked: Asked;
      readonly answers: readonly Answer[];
      readonly legs: readonly LegNumbers[];
    } & Origin)
  | ({
      readonly kind: "call.refused";
      readonly asked: Asked | null;
      readonly code: DenialCode;
      readonly facts: DenialFacts;
      readonly answers: readonly Answer[];
    } & Origin)
  /** Let through because its agent is observed: what would have refused it. */
  | ({
      readonly kind: "call.spared";
      readonly asked: Asked;
      readonly code: DenialCode;
      readonly facts: DenialFacts;
    } & Origin)
  | ({
      readonly kind: "call.settled";
      readonly asked: Asked;
      readonly answers: readonly Answer[];
      readonly legs: readonly LegNumbers[];
      readonly outcome: "ok" | "error" | "fault" | "aborted" | "dropped";
      /** Status of the provider; null when none came. */
      readonly status: number | null;
      readonly fault: string | null;
      /** Digest of what a tool answered: equal results have an equal one. */
      readonly result: string | null;
      readonly usage: Usage | null;
      /** Charged without a usage of the provider. */
      readonly estimated: boolean;
      /** Nano-USD. */
      readonly reserved: number;
      readonly charged: number;
      readonly sentCap: number | null;
      readonly capped: boolean;
      /** From the request's last byte: to the decision, to the answer's first byte, to its end. */
      readonly decidedMs: number;
      readonly firstByteMs: number | null;
      readonly endedMs: number;
    } & Origin)
  /** It waits, durably: `call` is what it is known by from here on. */
  | ({ readonly kind: "call.parked"; readonly asked: Asked; readonly review: string } & Origin)
  /** The same request again took the place of one that waits, or did: `call` names that one. */
  | ({ readonly kind: "call.attached"; readonly asked: Asked; readonly state: string } & Origin)
  /** A request had the result of a call that is refused, or that the model never asked for. */
  | ({
      readonly kind: "result.unallowed";
      /** As the call names it, or else the result; null: neither does. */
      readonly tool: string | null;
      /** What the call is refused with; null: it stands nowhere. */
      readonly code: DenialCode | null;
      readonly facts: DenialFacts;
      /** Results like this in the same request that have no entry of their own. */
      readonly beyond: number;
    } & Origin)
  /** An agent asked a policy itself, as it would ask an OPA: nothing was let through by that. */
  | ({
      readonly kind: "policy.asked";
      /** Null: none that this agent may ask is at that path. */
      readonly policy: string | null;
      /** Below `data`, its parts as in a URL. */
      readonly path: string;
      readonly verdict: AskedVerdict;
      /** In the policy's words, or why it has none. */
      readonly because: string | null;
    } & Origin)
  | ({ readonly kind: "call.capped"; readonly model: string; readonly cap: number } & Origin)
  | ({
      readonly kind: "budget.overbilled";
      readonly provider: string;
      readonly model: string;
      /** Of both amounts. */
      readonly unit: "usd" | "tokens";
      readonly reserved: number;
      readonly charged: number;
    } & Origin)
  | {
      readonly kind: "model.flagged";
      readonly provider: string;
      readonly model: string;
      readonly what: "output" | "input";
    }
  | {
      readonly kind: "model.cleared";
      readonly provider: string;
      readonly model: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly kind: "key.created";
      readonly key: string;
      readonly holder: string;
      readonly by: string;
    }
  | ClutchEvent
  /** Its first horizon is set aside: `legs` are of that, and not of the call. */
  | ({
      readonly kind: "commitment.opened";
      readonly server: string;
      readonly tool: string;
      /** Nano-USD. */
      readonly perHour: number;
      readonly horizonMs: Millis;
      readonly legs: readonly LegNumbers[];
    } & Origin)
  | ({ readonly kind: "commitment.renewed" } & Committed)
  /** It may be running, and nobody knows under which name: a person is to look, and to end it. */
  | ({ readonly kind: "commitment.unknown" } & Committed)
  /** No budget covers another horizon of it: that which has least left, nano-USD. */
  | ({
      readonly kind: "commitment.unrenewable";
      readonly budget: string;
      readonly left: string;
    } & Committed)
  | ({
      readonly kind: "commitment.ended";
      readonly by: string;
      readonly reason: string;
    } & Committed)
  | { readonly kind: "key.revoked"; readonly key: string; readonly by: string }
  | {
      readonly kind: "task.opened";
      readonly agent: string;
      readonly task: string;
      readonly parent: string | null;
      readonly how: "named" | "opened" | "unnamed";
    }
  | {
      readonly kind: "task.ended";
      readonly agent: string;
      readonly task: string;
      readonly outcome: "ok" | "failed" | "unknown";
      readonly by: string;
    }
  /** Somebody read what a task said, or a part of it. */
  | {
      readonly kind: "transcript.read";
      readonly agent: string;
      readonly task: string;
      readonly by: string;
    }
  | {
      readonly kind: "transcript.erased";
      readonly agent: string;
      readonly task: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly kind: "gateway.started";
      readonly version: string;
      readonly configuration: string;
      /** Of Git; null: a folder of its own. */
      readonly commit: string | null;
      readonly host: string;
      readonly pid: number;
    }
  | { readonly kind: "gateway.stopped"; readonly forfeited: boolean }
  | { readonly kind: "gateway.fenced"; readonly because: string }
  /**
   * Another process died or was cut off: what it held is charged, and up to 1 s of its journal is
   * missing.
   */
  | {
      readonly kind: "journal.gap";
      readonly writer: string;
      readonly lastNo: number;
      readonly forfeits: readonly Part[];
    }
  /** An operator gave back what a process that died had held, but for what was billed of it. */
  | {
      readonly kind: "forfeit.released";
      readonly release: string;
      readonly holder: string;
      /** `none`: by force, and the budgets may be overspent by what was released. */
      readonly evidence: Evidence;
      /** Of what was billed; null: nothing, of all units. */
      readonly unit: Unit | null;
      readonly billed: string;
      readonly releases: readonly Part[];
      readonly by: string;
      readonly reason: string;
    }
  /**
   * This process had more to say than the store would take for too long: so many events are missing
   * here.
   */
  | { readonly kind: "journal.overflowed"; readonly dropped: number }
  | NoticeEvent
  | { readonly kind: "store.lost"; readonly message: string }
  | { readonly kind: "store.found"; readonly afterMs: Millis }
  | {
      readonly kind: "configuration.changed";
      readonly from: string;
      readonly to: string;
      /** Of Git; null: a folder of its own. */
      readonly commit: string | null;
      readonly by: string;
    }
  | {
      readonly kind: "configuration.rejected";
      readonly issues: number;
      readonly first: string;
      readonly commit: string | null;
      readonly by: string;
    }
  /** The Git remote does not answer: what is in force stays, however long that takes. */
  | { readonly kind: "remote.lost"; readonly because: string }
  | { readonly kind: "remote.found"; readonly afterMs: Millis }
  /** A branch whose history was rewritten, or a tag that was moved: taken all the same. */
  | { readonly kind: "remote.rewritten"; readonly from: string; readonly to: string };

export type EventKind = Event["kind"];
