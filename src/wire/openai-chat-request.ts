/** OpenAI chat completions: what a request asks for and what its input can cost. */
import type { ModelAsk, ServerTool } from "../guards/call.ts";
import type { Denial } from "../guards/verdict.ts";
import { Fields, firstProblem, notAllowed, unknownFields } from "./fields.ts";
import type { ReadOptions, ReadRequest } from "./format.ts";
import { inlineBytes, Measure, textBytes } from "./input-measure.ts";
import { describe, isObject, type JsonObject, malformed, parseObject, shortName } from "./json.ts";
import { offeredTools } from "./offered-tools.ts";
import { isClientTool, OPENAI_TOOL_LISTS } from "./openai-chat-tools.ts";

const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  (
    "messages model audio frequency_penalty function_call functions logit_bias logprobs " +
    "max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls " +
    "prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention " +
    "reasoning_effort response_format safety_identifier seed service_tier stop store stream " +
    "stream_options temperature tool_choice tools top_logprobs top_p user verbosity " +
    "web_search_options"
  ).split(" "),
);

/**
 * `prediction`: tokens that were predicted and rejected are billed as output, and the cap does not
 * hold with it. `moderation`: runs another model of the client's choice.
 */
const UNBOUNDED_FIELDS = ["prediction", "moderation"];

/** Reads a body, or says what is wrong with it. */
export function readOpenAiChat(text: string, options: ReadOptions): ReadRequest | Denial {
  const parsed = parseObject(text, options.depthMax);
  if ("kind" in parsed) return parsed;
  const { root } = parsed;

  const fields = new Fields(root);
  const streamOptions = fields.inner("stream_options");
  streamOptions.flag("include_usage");
  const measure = new Measure(readPart);
  const messages = fields.filledList("messages");
  const tools = [...fields.list("tools"), ...fields.list("functions")];
  const outputCap = smaller(fields.count("max_completion_tokens"), fields.count("max_tokens"));
  const ask: ModelAsk = {
    format: "openai-chat",
    model: fields.model(),
    stream: fields.flag("stream"),
    outputCap,
    choices: fields.count("n") ?? 1,
    input: measureInput(measure, messages, {
      textBytes: textBytes(text, root, options.bytes),
      messages: messages.length,
      tools: tools.length,
      // Caching is implicit here: any call to a model that bills cache writes may be billed one.
      cacheWrite: "5m",
    }),
    serverTools: serverTools(root),
    offeredTools: offeredTools(root, OPENAI_TOOL_LISTS),
    audioOutput: fields.list("modalities").includes("audio") || (root.audio ?? null) !== null,
    thinkingBudget: null,
    // Which models reason nobody tells; only this value says that none of them does.
    mayThink: root.reasoning_effort !== "none",
    serviceTier: fields.text("service_tier"),
    unknownFields: unknownFields(root, KNOWN_FIELDS, options),
    unbounded: notAllowed(unboundedParts(root, tools), options.allowFields),
  };
  const problem = firstProblem(fields, streamOptions, measure, toolProblem(tools));
  return problem ?? { ask, text, ...parsed };
}

/** Two spellings of one cap: the smaller is reserved, and it is the one sent. */
function smaller(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function measureInput(
  measure: Measure,
  messages: readonly unknown[],
  counts: Parameters<Measure["total"]>[0],
): ModelAsk["input"] {
  measure.messages(messages);
  for (const message of messages) {
    // An earlier spoken answer comes back by its id alone.
    if (isObject(message) && (message.audio ?? null) !== null) audioElsewhere("audio id", measure);
  }
  return measure.total(counts);
}

/** One part of a message; a part is what it carries, whatever its `type` claims. */
function readPart(part: JsonObject, measure: Measure): void {
  const { type } = part;
  if (carries(part, "image_url")) measure.images += 1;
  if (carries(part, "input_audio")) {
    const audio = part.input_audio;
    const bytes = inlineBytes(isObject(audio) ? audio.data : null);
    if (bytes === null) audioElsewhere("input_audio", measure);
    else measure.audioBytes += bytes;
  }
  if (carries(part, "file")) {
    const file = isObject(part.file) ? part.file : {};
    const bytes = inlineBytes(file.file_data);
    if (bytes === null || (file.file_id ?? null) !== null) measure.cannotMeasure("file_id");
    measure.fileBytes += bytes ?? 0;
  }
  if (!KNOWN_PARTS.has(type)) measure.cannotMeasure(`content part ${partName(type)}`);
}

/** Audio that is not here: a byte of it stands for all, so that input is reserved at its rate. */
function audioElsewhere(what: string, measure: Measure): void {
  measure.cannotMeasure(what);
  measure.audioBytes += 1;
}

function carries(part: JsonObject, kind: string): boolean {
  return part.type === kind || (part[kind] ?? null) !== null;
}

/** Frameworks send answers back with parts that have no type; their keys say what they are. */
const KNOWN_PARTS: ReadonlySet<unknown> = new Set([
  undefined,
  "text",
  "refusal",
  "image_url",
  "input_audio",
  "file",
]);

function partName(type: unknown): string {
  return typeof type === "string" ? shortName(type) : describe(type);
}

/** Search models of this endpoint search on their own; nothing in the request bounds how often. */
function serverTools(root: JsonObject): readonly ServerTool[] {
  const searches = (root.web_search_options ?? null) !== null;
  return searches ? [{ type: "web_search", maxUses: null }] : [];
}

function unboundedParts(root: JsonObject, tools: readonly unknown[]): readonly string[] {
  const parts = UNBOUNDED_FIELDS.filter((name) => (root[name] ?? null) !== null);
  const names = parts.map((name) => `body ${name}`);
  for (const tool of tools) {
    if (isObject(tool) && !isClientTool(tool)) names.push(`tool ${partName(tool.type)}`);
  }
  return names;
}

function toolProblem(tools: readonly unknown[]): { readonly problem: Denial | null } {
  const wrong = tools.find((tool) => !isObject(tool));
  if (wrong === undefined) return { problem: null };
  return { problem: malformed("tools[]", describe(wrong), "an object") };
}
