/**
 * A wire format: text ⇄ what the guards need. One file for each format; shared code only knows
 * this. Nothing here does I/O; the shell decodes bytes (fatally) before and encodes after.
 */
import type { Format, ModelAsk } from "../guards/call.ts";
import type { Usage } from "../guards/price/price.ts";
import type { ProviderRules } from "../guards/provider-rules.ts";
import type { Denial } from "../guards/verdict.ts";
import type { AnsweredCall, RefusedCalls } from "./answered-calls.ts";
import type { FreshResults } from "./fresh-results.ts";
import type { Member } from "./json.ts";
import type { Conversation } from "./said.ts";

/**
 * A request that was read. `root` and `text` stay as they came, so that an edit touches only its
 * bytes.
 */
export interface ReadRequest {
  readonly ask: ModelAsk;
  /** The body as text, exactly as received. */
  readonly text: string;
  /** The body parsed; never changed. */
  readonly root: Readonly<Record<string, unknown>>;
  /** Where its members stand in the text. */
  readonly members: readonly Member[];
}

export interface ReadOptions {
  /** Bytes of the body as received. */
  readonly bytes: number;
  /** Lower-case names; only those that may be billed are looked at (see each format). */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly allowFields: readonly string[];
  /** Deepest nesting accepted. */
  readonly depthMax: number;
}

/** What the gateway changes in a request. Absent: left as it is. */
export interface Edits {
  /** The model's id at the provider, when it differs from what the client wrote. */
  readonly model?: string;
  /** The output cap to send, in the one spelling that the provider honours; other spellings go. */
  readonly outputCap?: number;
  /** Brings `thinking.budget_tokens` below the cap; never under the format's minimum. */
  readonly thinkingBudget?: number;
  /** Ask for usage at the end of a stream. */
  readonly includeUsage?: boolean;
  /**
   * Places in `ask.offeredTools` of tools that go, and with them what would still choose them. A
   * tool that was forced and is gone leaves the choice to the model.
   */
  readonly removeTools?: ReadonlySet<number>;
  /** One line to put in the system prompt. */
  readonly systemLine?: string;
}

/** What was learned from an answer, whole or streamed. */
export interface AnswerSummary {
  /** Null: none given, or not usable (a string, negative, smaller than what was streamed). */
  readonly usage: Usage | null;
  /** The answer says that it ended because it hit the output cap. */
  readonly capped: boolean;
  /** A well-formed error of the provider (a body or a frame in the format's error shape). */
  readonly error: { readonly type: string; readonly message: string } | null;
  /** The answer came to its own end: a whole well-formed body, or the format's terminal frame. */
  readonly complete: boolean;
  /** Bytes of the answer's payload, an upper bound on the tokens of output that were sent. */
  readonly bytes: number;
  /**
   * Stream only: frames that carried text or arguments, each at least one token where
   * framesAreTokens.
   */
  readonly textFrames: number;
  /** The calls that a client would run, in order. Whole answers only: a stream holds its own. */
  readonly toolCalls: readonly AnsweredCall[];
}

/**
 * What a stream holds back of calls. From the first frame of one on, nothing is given out until
 * they have been decided: a client runs what it has been given.
 *
 *   nothing ──a call begins──► calls ──release──► nothing ──another begins──► late
 *                                └───past its limit─► too much, unreadable─► garbled
 */
export type Held = "nothing" | "calls" | "too much" | "garbled" | "late";

/** Reads one stream as it passes. Text frames are never decoded. */
export interface StreamReader {
  /**
   * Takes the next bytes and gives those to send on: the same array when nothing was taken out, an
   * empty one when a frame is still incomplete. Throws `StreamTooLong` past its frame limit.
   */
  push(chunk: Uint8Array): Uint8Array;
  /** What is left when upstream has ended: an incomplete last frame, sent on as it is. */
  rest(): Uint8Array;
  readonly held: Held;
  /** Nothing has been given out. */
  readonly saysNothing: boolean;
  heldCalls(): readonly AnsweredCall[];
  /** The held calls as a whole answer of this format. */
  heldAnswer(): string;
  /** Gives out what was held, without those calls; each leaves its line of text. */
  release(refused: RefusedCalls): Uint8Array;
  summary(): AnswerSummary;
}

export interface StreamOptions {
  /** Take the usage frame out, because the client did not ask for it. */
  readonly stripUsage: boolean;
  /** Hold the opening frames too, until something is said: the whole answer may yet be another. */
  readonly holdOpening: boolean;
}

export interface WireFormat {
  readonly format: Format;
  /** Path at the provider, after its base URL ("/chat/completions" or "/v1/messages"). */
  readonly path: string;
  /** Request headers that are passed on to the provider when the client sent them (lower case). */
  readonly forwardHeaders: readonly string[];
  read(text: string, options: ReadOptions): ReadRequest | Denial;
  /** The text to send upstream; the very same string when no edit changes anything. */
  rewrite(request: ReadRequest, edits: Edits, rules: ProviderRules): string;
  /** Whether the client itself asked for the usage frame of a stream. */
  wantsUsage(request: ReadRequest): boolean;
  /** What a request that was read brings of calls: tools of the provider are not among them. */
  freshResults(root: ReadRequest["root"]): FreshResults;
  /** Reads a whole answer of so many bytes. Never throws: garbage has no usage, nor is complete. */
  answer(text: string, bytes: number): AnswerSummary;
  /** A whole answer without those calls; each leaves its line of text. */
  withoutCalls(text: string, refused: RefusedCalls): string;
  /**
   * The request with an answer whose calls are all refused, and one refusing result for each. Null:
   * this format cannot say that.
   */
  askAgain(request: ReadRequest, answer: string, refused: RefusedCalls): string | null;
  stream(options: StreamOptions): StreamReader;
  /** What was said, for people to read later. */
  readonly said: Conversation;
}
