/** One tool call as the guards see it, whatever road it came by. */
import type { CommitmentTerms, Ending } from "../commitment/terms.ts";
import type { Millis, NanoUsd } from "../money.ts";
import type { ReadSql } from "../sql/statement.ts";

/** Which tool: the one identity behind all the names that clients call it by. */
export interface ToolId {
  /** The tool server of `slipclutch.yaml` that runs it. */
  readonly server: string;
  /** As that server names it. */
  readonly tool: string;
}

export interface ToolAsk extends ToolId {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Hex SHA-256 of server, tool and the arguments in canonical JSON. */
  readonly digest: string;
  /** Of the arguments as they came. */
  readonly bytes: number;
  /** What the agent calls this call, if it does: the same id twice is the same call. */
  readonly callId: string | null;
  /** What is read, where that is no tool. */
  readonly reading?: Reading;
}

/** A resource or a prompt of a tool server, as it was asked for. */
export interface Reading {
  readonly kind: "resource" | "prompt";
  readonly name: string;
  /** Several servers are granted it, and none was named. */
  readonly isUnclear: boolean;
}

/** What a tool does, as its owner says where the tool server is declared. */
export type Effect = "read" | "write";

/** At most `requests` calls in any window of `perMs`, over all gateways together. */
export interface RateLimit {
  readonly requests: number;
  readonly perMs: Millis;
}

/** What a call of a tool costs, in nano-USD. */
export interface ToolCost {
  /** For one call; or for each unit of the quantity, where there is one. */
  readonly nanoUsd: NanoUsd;
  readonly quantity: Quantity | null;
}

export interface Quantity {
  /** Where it is found: in the call's arguments, or in its result. RFC 6901. */
  readonly pointer: string;
  readonly divideBy: number;
  /** Reserved before the call; charged where the quantity is missing or negative. In units. */
  readonly max: number;
}

/** Where a call's SQL is, and who says what it does: what a tool does is then said by each call. */
export interface SqlArgument {
  /** RFC 6901. */
  readonly pointer: string;
  readonly read: ReadSql;
}

/** Where the call of another tool stands in a call's arguments. RFC 6901. */
export interface Unwraps {
  readonly tool: string;
  readonly arguments: string;
  /** Null: the other tool is one of the same server. */
  readonly server: string | null;
}

/** How arguments become the resources that policies see. */
export type ResourceRule =
  | { readonly kind: "sql-tables"; readonly pointer: string; readonly read: ReadSql }
  | {
      readonly kind: "attributes";
      readonly type: string;
      /** Where each is found in the call. RFC 6901. */
      readonly pointers: ReadonlyMap<string, string>;
    };

/** What is wrong with a call's arguments, in words, by their JSON Schema; null: nothing. */
export type ArgumentsCheck = (value: unknown) => string | null;

/** The same of its result. */
export type ResultCheck = ArgumentsCheck;

/** One tool of a manifest. */
export interface GrantedTool extends ToolId {
  /** False: it is let through only as long as its agent is observed. */
  readonly isGranted: boolean;
  /** With `sql`: a write, for whatever is not decided call by call. */
  readonly effect: Effect;
  /** Null: it takes no SQL, or its owner has said what it does whatever the SQL. */
  readonly sql: SqlArgument | null;
  /** Where its arguments have a call of another tool, which is decided too; null: nowhere. */
  readonly unwraps: Unwraps | null;
  /** May only read: a tool that writes is refused. */
  readonly readOnly: boolean;
  readonly rateLimit: RateLimit | null;
  /** What its server can be sent at all; null: whatever it is. */
  readonly takes: ArgumentsCheck | null;
  readonly check: ArgumentsCheck | null;
  /** What a call is about, for policies: each has to be made out. Empty: nothing is declared. */
  readonly resource: readonly ResourceRule[];
  /** `sha256:…` of the description that was reviewed (`pinText`); null: whatever it offers. */
  readonly pin: string | null;
  readonly cost: ToolCost | null;
  /** Whether a person approves each call; of a check: those whose arguments fit it. */
  readonly approval: "never" | "always" | ArgumentsCheck;
  /** Zero bytes, blank, "", [], {} or null count as an error for the breakers. */
  readonly emptyIsError: boolean;
  /** What its result must be: one that is not counts as an error, and is delivered. */
  readonly output: ResultCheck | null;
  /** From the write to the end of the answer. */
  readonly timeoutMs: Millis;
  /** A larger result is not delivered: it would go into a model's context. */
  readonly resultBytesMax: number;
  /** Calls of it by its agent that may be out at once, over all gateways; null: any number. */
  readonly concurrentMax: number | null;
  /** Polled on purpose: so many identical calls are no alarm; null: the breaker's own number. */
  readonly repeatsMax: number | null;
  /** What its calls go on costing; null: nothing. */
  readonly commitment: CommitmentTerms | null;
  /** The tools of this agent whose commitments a call of this one ends, and where it says which. */
  readonly ends: readonly Ending[];
}

/** How its server describes a pinned tool now. */
export type OfferedPin =
  /** Null: it is not offered, or described in a way that has no pin. */
  | { readonly kind: "known"; readonly pin: string | null }
  /** The server could not be asked. */
  | { readonly kind: "unknown" };

/** What a manifest says of tools. */
export interface ToolGrants {
  readonly allowed: readonly GrantedTool[];
  /** What the tool servers have beside these, while the agent is observed. */
  readonly observed: readonly GrantedTool[];
  /** Types of tools that providers run, like `web_search`. */
  readonly hosted: ReadonlySet<string>;
  /** Folded names (`foldName`): they win over everything. */
  readonly blacklisted: ReadonlySet<string>;
  readonly argumentsBytesMax: number;
}

/** What the name of a call turned out to be. */
export type Resolved = GrantedTool | "unknown" | "blacklisted";
