/** One model call as the guards see it: what is asked, whatever the wire format was. */

export type Format = "openai-chat" | "anthropic-messages";

/** Everything about a request's input that can cost money, measured without trusting the sender. */
export interface InputMeasure {
  /**
   * Upper bound on the tokens of all text and structure of the request: the bytes of the body, or
   * of its NFKC form where that is longer. Inline base64 data of images, audio and files counts
   * here too.
   */
  readonly textBytes: number;
  readonly messages: number;
  readonly tools: number;
  /** Images, given inline or by URL. */
  readonly images: number;
  /** Bytes of documents and files given inline (decoded size). */
  readonly fileBytes: number;
  /** Bytes of audio given inline (decoded size). */
  readonly audioBytes: number;
  /**
   * What is given by reference and cannot be measured here ("file_id", "document url"), else null.
   */
  readonly unmeasured: string | null;
  /** The longest cache write that the request asks for. */
  readonly cacheWrite: "none" | "5m" | "1h";
}

/** Tools that providers run, by their types without the date. */
export const HOSTED_TOOLS = [
  "web_search",
  "web_fetch",
  "code_execution",
  "tool_search_tool_bm25",
  "tool_search_tool_regex",
] as const;

/** A tool that runs at the provider and costs a fee for each use. */
export interface ServerTool {
  /** Its type without the date suffix: "web_search", "web_fetch", "code_execution", … */
  readonly type: string;
  /** Null when the request sets no bound. */
  readonly maxUses: number | null;
}

export interface ModelAsk {
  readonly format: Format;
  /** As the client wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** The cap that the provider would honour, or null when the client sent none. */
  readonly outputCap: number | null;
  /** Number of choices (`n`), 1 when not given. */
  readonly choices: number;
  readonly input: InputMeasure;
  readonly serverTools: readonly ServerTool[];
  /**
   * Names of the tools that the client offers to run itself, as written, in order, duplicates kept.
   * A tool whose name is missing, too long or said in two ways is "", which nothing can grant.
   */
  readonly offeredTools: readonly string[];
  /** Whether the answer may be audio, which has a rate of its own. */
  readonly audioOutput: boolean;
  /** `thinking.budget_tokens` of Anthropic messages, else null. */
  readonly thinkingBudget: number | null;
  /** Whether the model may think out of sight: its answer need not show all that is billed. */
  readonly mayThink: boolean;
  readonly serviceTier: string | null;
  /**
   * Fields and billing headers that this format does not know, by name ("body foo", "header bar").
   */
  readonly unknownFields: readonly string[];
  /** Known parts that can cost money without a bound that we could compute, by name. */
  readonly unbounded: readonly string[];
}
