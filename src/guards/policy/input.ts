/**
 * The document that policies are asked with, version 1. This type is the one source of it: the
 * gateway fills it, and its reference (docs/reference/policy-input.md) is generated from it.
 */

export interface PolicyInput {
  /** Of this document. A name is never given another meaning within one version. */
  readonly version: 1;
  /** The agent, by its key: nothing that it sends can change it. */
  readonly agent_id: string;
  /** The piece of work that the call is part of. */
  readonly task: TaskInput;
  /** What is asked for: a call of a tool, or of a model. */
  readonly call: ToolCallInput | ModelCallInput;
  /**
   * What a call of a tool is about, where its manifest declares `resource`. A call about several is
   * asked once for each, and all must be allowed. Absent: nothing is declared.
   */
  readonly resource?: ResourceInput;
  /** The budgets that the call draws on, as this gateway knows them at this moment. */
  readonly budgets: readonly BudgetInput[];
  /** What breakers measure of the agent, its task and this tool, by the breaker's name. */
  readonly metrics: Readonly<Record<string, MetricInput>>;
  /** Now, by the store's clock, in RFC 3339. `time.now_ns()` is the same moment. */
  readonly time: string;
  /** Of the manifest; a label that it does not set is absent. */
  readonly labels: LabelsInput;
  /** Under which state of the rules it is asked. */
  readonly commits: CommitsInput;
}

export interface TaskInput {
  /** As its agent names it; that of a key and a day where it names none. */
  readonly id: string;
  /** The task that it was opened under; null: none. */
  readonly parent: string | null;
  /** Since it was opened. */
  readonly age_seconds: number;
  /**
   * Calls of it that were let through before this one, of models and tools together. Those at other
   * gateways are known a second later.
   */
  readonly calls: number;
}

/** A call of a tool, on whichever road it came. */
export interface ToolCallInput {
  /** Which of the two it is. */
  readonly kind: "tool";
  /** The tool server of `slipclutch.yaml`. */
  readonly server: string;
  /** As that server names it. */
  readonly tool: string;
  /** What the agent wrote, within what its manifest allows. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What this call does, by its owner's word or by its SQL. */
  readonly effect: "read" | "write";
  /** The tool whose arguments this call was found in, for tools that call others; null: none. */
  readonly inside: string | null;
  /** What is read, where that is a resource or a prompt of an MCP server; null: it is a tool. */
  readonly reading: {
    /** Which of the two it is. */
    readonly kind: "resource" | "prompt";
    /** The URI of a resource, the name of a prompt. */
    readonly name: string;
  } | null;
}

export interface ModelCallInput {
  /** Which of the two it is. */
  readonly kind: "model";
  /** As its client asks for it. */
  readonly model: string;
  /** That of `slipclutch.yaml` which would answer. */
  readonly provider: string | null;
  /** Of its request. */
  readonly format: "openai-chat" | "anthropic-messages";
  /** Whether its answer is to be streamed. */
  readonly stream: boolean;
  /** As its client asks for; null: it sets none. */
  readonly max_output_tokens: number | null;
  /** Answers that are asked for (`n`). */
  readonly choices: number;
  /** Of its text and structure, at most. */
  readonly input_bytes: number;
  /** Of the conversation, so many. */
  readonly messages: number;
  /** In the conversation, so many. */
  readonly images: number;
  /** Names of the tools that the client offers to run. */
  readonly tools: readonly string[];
  /** Tools that run at the provider, like `web_search`. */
  readonly hosted_tools: readonly string[];
}

/** Beside `type` one field for each declared attribute: a text, a number or a boolean. */
export type ResourceInput = {
  /** As the manifest says it, like `database`. */
  readonly type: string;
} & Readonly<Record<string, string | number | boolean>>;

export interface BudgetInput {
  /** As the configuration names it; several accounts of one budget are several elements. */
  readonly name: string;
  /** Of amounts here: USD, tokens or calls. */
  readonly unit: "usd" | "tokens" | "calls";
  /** Of one window. */
  readonly limit: number;
  /** Neither spent nor set aside for calls that are out. */
  readonly remaining: number;
  /** In RFC 3339; null: its window has no end. */
  readonly window_ends_at: string | null;
}

export interface MetricInput {
  /** What it measures, like `calls_per_tool`. */
  readonly signal: string;
  /** In the signal's unit. */
  readonly value: number;
  /** Where it would alarm; null: that is not known yet. */
  readonly line: number | null;
}

export interface LabelsInput {
  /** The team that the agent belongs to. */
  readonly team?: string;
  /** The organisation that it belongs to. */
  readonly org?: string;
  /** Who answers for it. */
  readonly owner?: string;
}

export interface CommitsInput {
  /** Of the guardrails folder; null: it is not kept in Git. */
  readonly guardrails: string | null;
  /** Of the policies that are asked: the commit, or a digest of them and their data. */
  readonly policies: string;
}
