/** Anthropic messages: what a request asks for and what its input can cost. */
import type { ModelAsk } from "../guards/call.ts";
import type { Denial } from "../guards/verdict.ts";
import { longestCacheWrite, readBlock } from "./anthropic-messages-blocks.ts";
import { ANTHROPIC_TOOL_LISTS, readTools } from "./anthropic-messages-tools.ts";
import { Fields, firstProblem, notAllowed, unknownFields } from "./fields.ts";
import type { ReadOptions, ReadRequest } from "./format.ts";
import { Measure, textBytes } from "./input-measure.ts";
import { isObject, type JsonObject, parseObject } from "./json.ts";
import { offeredTools } from "./offered-tools.ts";

/**
 * The last three have left the official clients' types, but not the agents and frameworks in use.
 */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  (
    "max_tokens messages model cache_control container diagnostics inference_geo metadata " +
    "output_config service_tier speed stop_sequences stream system thinking tool_choice tools " +
    "user_profile_id workspace_id " +
    "betas billing_policy compaction context_management fallback_credit_token fallbacks " +
    "mcp_servers output_format thread temperature top_p top_k"
  ).split(" "),
);

/**
 * Fields that can cost money without a bound, and the values of each that cannot. Other models and
 * other accounts (`fallbacks`, `billing_policy`, `workspace_id`), calls inside the call
 * (`compaction`, `mcp_servers`), input that is not here (`thread`, `container`), dearer rates
 * (`speed`, `inference_geo`): the price book has no bound for any of them.
 */
const UNBOUNDED_UNLESS: Readonly<Record<string, (value: unknown) => boolean>> = {
  billing_policy: never,
  compaction: never,
  container: never,
  context_management: onlyClears,
  fallback_credit_token: never,
  fallbacks: never,
  inference_geo: (value) => value === "global",
  mcp_servers: (value) => Array.isArray(value) && value.length === 0,
  speed: (value) => value === "standard",
  thread: never,
  user_profile_id: never,
  workspace_id: never,
};

/** Edits that only take input away; any other kind (compaction) is a call of its own. */
const CLEARING_EDIT = "clear_";

/** Reads a body, or says what is wrong with it. */
export function readAnthropicMessages(text: string, options: ReadOptions): ReadRequest | Denial {
  const parsed = parseObject(text, options.depthMax);
  if ("kind" in parsed) return parsed;
  const { root } = parsed;

  const fields = new Fields(root);
  const thinking = fields.inner("thinking");
  const messages = fields.filledList("messages");
  const tools = readTools(fields.list("tools"));
  const measure = new Measure(readBlock);
  measure.messages(messages);
  measure.content(root.system ?? null, "system", 0);
  const ask: ModelAsk = {
    format: "anthropic-messages",
    model: fields.model(),
    stream: fields.flag("stream"),
    outputCap: fields.count("max_tokens"),
    choices: 1,
    input: measure.total({
      textBytes: textBytes(text, root, options.bytes),
      messages: messages.length,
      tools: tools.count,
      cacheWrite: longestCacheWrite(text, root),
    }),
    serverTools: tools.server,
    offeredTools: offeredTools(root, ANTHROPIC_TOOL_LISTS),
    audioOutput: false,
    thinkingBudget: thinking.count("budget_tokens"),
    // What an answer shows of it is a summary, and some models think unasked.
    mayThink: !isObject(root.thinking) || root.thinking.type !== "disabled",
    serviceTier: fields.text("service_tier"),
    unknownFields: unknownFields(root, KNOWN_FIELDS, options),
    unbounded: notAllowed(
      [...unboundedFields(root), ...tools.unbounded, ...measure.unbounded],
      options.allowFields,
    ),
  };
  return firstProblem(fields, thinking, tools, measure) ?? { ask, text, ...parsed };
}

function unboundedFields(root: JsonObject): readonly string[] {
  const names: string[] = [];
  for (const [name, isHarmless] of Object.entries(UNBOUNDED_UNLESS)) {
    const value = root[name] ?? null;
    if (value !== null && !isHarmless(value)) names.push(`body ${name}`);
  }
  return names;
}

function never(): boolean {
  return false;
}

function onlyClears(value: unknown): boolean {
  if (!isObject(value)) return false;
  const edits = value.edits ?? [];
  return Array.isArray(edits) && edits.every(isClearing);
}

function isClearing(edit: unknown): boolean {
  const type = isObject(edit) ? edit.type : null;
  return typeof type === "string" && type.startsWith(CLEARING_EDIT);
}
