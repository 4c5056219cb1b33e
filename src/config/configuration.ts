/**
 * The whole of a guardrails folder, checked and compiled. Immutable: a reload makes another one.
 */
import type { BreakerRule } from "../guards/breaker/rules.ts";
import type { Budget } from "../guards/budget/budget.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { Route } from "../guards/notice/route.ts";
import type { ModelPrice } from "../guards/price/price.ts";
import type { ProviderRules } from "../guards/provider-rules.ts";
import type { HttpPlaces } from "../guards/tool/places.ts";
import type { Effect, GrantedTool, ToolId, Unwraps } from "../guards/tool/tool.ts";
import type { ParkLimits } from "../ports/store.ts";
import type { Deciding } from "./bound-policies.ts";

export interface Configuration extends Deciding {
  /**
   * `dir:<sha256>` of the files of the folder, and a mark of what they take from the environment:
   * equal on all gateways of one store.
   */
  readonly digest: string;
  /** What its files are kept by in the store: with it the digest begins. */
  readonly bundle: string;
  /** Of Git, where the folder is kept there. */
  readonly commit: string | null;
  readonly listeners: Listeners;
  readonly store: StoreSettings;
  readonly providers: readonly ProviderSettings[];
  readonly toolServers: ReadonlyMap<string, ToolServerSettings>;
  /** Those of slipclutch.yaml, and the limits of manifests on the calls of a task. */
  readonly budgets: readonly Budget[];
  /** For every agent whose manifest says nothing of them; and all those of an agent whose does. */
  readonly breakers: readonly BreakerRule[];
  readonly agentBreakers: ReadonlyMap<string, readonly BreakerRule[]>;
  readonly parking: ParkingSettings;
  /** A call that nobody approves is denied after this; so is an approval that nobody used. */
  readonly approvals: { readonly expireAfterMs: Millis };
  /** Decisions on reviews that take two people. */
  readonly twoPeople: ReadonlySet<string>;
  readonly agents: ReadonlyMap<string, Manifest>;
  readonly notifiers: readonly NotifierSettings[];
  readonly inputs: InputSettings;
  /** Null: of no task is kept what it said. */
  readonly transcripts: TranscriptSettings | null;
  /** What a tool of a tool server is without any grant; null: no call of it could be sent. */
  readonly ungranted: (id: ToolId) => GrantedTool | null;
  /** Prices by the provider's `prices_of`, then by exact model id. */
  readonly prices: PriceBook;
  readonly limits: ProcessLimits;
  /** 32 bytes in hex, or null: the embedded store makes its own. */
  readonly encryptionKey: string | null;
}

/** What is kept of calls beside the journal. */
export interface InputSettings {
  /** Of agents that are observed, or of all. */
  readonly of: "observed" | "all";
  /** They are forgotten after this. */
  readonly keepMs: Millis;
}

/** What is kept of what tasks say. */
export interface TranscriptSettings {
  /** It is forgotten after this. */
  readonly keepMs: Millis;
  /** Above it the oldest goes. */
  readonly bytesPerTask: number;
  /** Of what one call adds, and of its answer. */
  readonly bytesPerCall: number;
}

export interface Listeners {
  readonly agent: { readonly host: string; readonly port: number };
  readonly control: { readonly host: string; readonly port: number };
  /** Where people reach the control listener, without a slash at its end; null: where it is. */
  readonly controlUrl: string | null;
  /** Names of the agents' listener beside the one that it listens on; in small letters. */
  readonly agentHosts: readonly string[];
}

export interface StoreSettings {
  /** `postgres://…`, or null for the embedded store. */
  readonly url: string | null;
  /** How long a gateway goes on inside its leases without an answered heartbeat. */
  readonly graceMs: Millis;
  /** When others fence it; ≥ graceMs × 1.002 + 1 s. */
  readonly expiryMs: Millis;
}

export interface ProviderSettings {
  readonly rules: ProviderRules;
  readonly kind: "openai" | "anthropic" | "simulated";
  readonly baseUrl: string | null;
  /** Never in a log, an error, a metric or the digest. */
  readonly apiKey: string | null;
  /** Extra headers for every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** What clients may ask for → the model's id at the provider; null: every id that has a price. */
  readonly models: ReadonlyMap<string, string> | null;
  /** Which part of the price book holds its models: "openai", "anthropic", "simulated", … */
  readonly pricesOf: string;
  readonly connectionsMax: number;
  /** `kind: simulated` only: the script of its answers, checked by its own schema. */
  readonly simulated: SimulatedScript | null;
}

/** How the simulated provider answers. Every number is an amount for each call. */
export interface SimulatedScript {
  readonly latencyMs: Millis;
  /** Between the chunks of a stream. */
  readonly chunkMs: Millis;
  readonly chunks: number;
  /** Tokens of output; never above the request's cap. */
  readonly outputTokens: number;
  /** Asked for when the request offers a tool of that name, but never after a tool's result. */
  readonly toolCalls: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }[];
  /** Bills this many times what it should. */
  readonly overbill: number;
  /** Every n-th call ends with this fault (n = `faultEvery`; 0: never). */
  readonly fault:
    | "error-500"
    | "error-429"
    | "reset"
    | "half-stream"
    | "garbage"
    | "never"
    | "no-usage"
    | null;
  readonly faultEvery: number;
}

/** A tool server: one variant for each kind, as each is reached in its own way. */
export type ToolServerSettings =
  | McpServerSettings
  | McpCommandSettings
  | HttpServerSettings
  | AgentToolsSettings;

interface DeclaredTools {
  readonly name: string;
  /** What its tools do, as its owner says; a tool that is not here is taken to write. */
  readonly tools: ReadonlyMap<string, Effect>;
  /** Tools whose calls do what their SQL does: where it is in a call. RFC 6901. */
  readonly sql: ReadonlyMap<string, string>;
  /** Tools whose calls are calls of other tools too. */
  readonly unwraps: ReadonlyMap<string, Unwraps>;
}

/** The agent runs these tools itself: the gateway never goes there. */
export interface AgentToolsSettings extends DeclaredTools {
  readonly kind: "agent";
  /** It asks for a decision before each call. */
  readonly asks: boolean;
}

export interface McpServerSettings extends DeclaredTools {
  readonly kind: "mcp";
  readonly url: string;
  /** Never in a log, an error, a metric or the digest. */
  readonly bearer: string | null;
  /** Extra headers for every request; as secret as the bearer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectionsMax: number;
}

/** `kind: mcp` with a `command`: started here, and spoken to over its pipes. */
export interface McpCommandSettings extends DeclaredTools {
  readonly kind: "mcp-command";
  readonly command: readonly [string, ...string[]];
  /** As secret as a bearer. */
  readonly env: Readonly<Record<string, string>>;
  /** From the guardrails folder. */
  readonly folder: string;
  readonly callsMax: number;
}

/** Its tools are requests: described by hand, or by an OpenAPI document. */
export interface HttpServerSettings extends DeclaredTools {
  readonly kind: "http" | "openapi";
  readonly url: string;
  readonly connectionsMax: number;
  /** Networks beside the public ones that may be connected to. */
  readonly allowAddresses: readonly string[];
  /** All its tools: there are no others. */
  readonly operations: ReadonlyMap<string, HttpOperation>;
  /** Operations of the document that are no tools, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** One tool as a request. */
export interface HttpOperation {
  readonly method: string;
  readonly places: HttpPlaces;
  /** Extra headers; as secret as credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Never in a log, an error, a metric or the digest. */
  readonly credentials: readonly HttpCredential[];
  readonly description: string;
  /** JSON Schema of its arguments; held against them, and shown to agents. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly isRead: boolean;
}

export interface HttpCredential {
  readonly in: "header" | "query" | "cookie";
  readonly name: string;
  readonly value: string;
  /** What must not come back: the value, or what is encoded in it. */
  readonly secrets: readonly string[];
}

/** Where people are told, and of what. */
export interface NotifierSettings {
  readonly road: NotifierRoad;
  readonly route: Route;
}

/** One variant for each kind. Neither URLs nor secrets: never in a log, an error or the digest. */
export type NotifierRoad = SlackSettings | WebhookSettings;

export interface SlackSettings {
  readonly kind: "slack";
  readonly name: string;
  /** Whoever knows it can post there. */
  readonly webhookUrl: string;
}

export interface WebhookSettings {
  readonly kind: "webhook";
  readonly name: string;
  readonly url: string;
  /** Each signs: the one in use, and the one before while receivers change over. */
  readonly secrets: readonly string[];
  /** Extra headers for every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How calls wait while their agent is paused. */
export interface ParkingSettings {
  /**
   * A waiting client's connection is held so long before it is told to come back; null: as long as
   * clients of its kind were seen to wait.
   */
  readonly holdMs: Millis | null;
  readonly keepAlive: "auto" | "informational" | "none";
  /** How long the answer of a call waits for a client that has gone. */
  readonly keepAnswersMs: Millis;
  readonly limits: ParkLimits;
}

export interface PriceBook {
  /** Exact ids and listed aliases only; null: no price. */
  find(pricesOf: string, model: string): ModelPrice | null;
  /** Day the built-in table was made, ISO date, for the alarm when it is older than 90 days. */
  readonly tableDate: string;
}

export interface ProcessLimits {
  readonly maxRequestBytes: number;
  readonly callsInFlightMax: number;
  /** A body must have arrived whole after this. */
  readonly requestMs: Millis;
}

/** Names of files, relative to the folder, with their texts as written. */
export type Files = ReadonlyMap<string, string>;

/** One thing that is wrong with a file of the folder. */
export interface Issue {
  /** Relative to the folder. */
  readonly file: string;
  /** 1-based; null where the file is missing or unreadable. */
  readonly line: number | null;
  /** `budgets[0].limit_usd`. */
  readonly path: string;
  readonly got: string;
  readonly expected: string;
  readonly hint: string;
}

export type Loaded =
  | {
      readonly kind: "ok";
      readonly configuration: Configuration;
      readonly files: Files;
      readonly warnings: readonly Issue[];
    }
  | {
      readonly kind: "invalid";
      readonly issues: readonly Issue[];
      readonly commit: string | null;
    };
