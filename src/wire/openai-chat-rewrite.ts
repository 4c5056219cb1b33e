/** OpenAI chat completions: the request as it goes to the provider. */
import type { ProviderRules } from "../guards/provider-rules.ts";
import type { Edits, ReadRequest } from "./format.ts";
import { removeTools } from "./offered-tools.ts";
import { OPENAI_TOOL_LISTS } from "./openai-chat-tools.ts";
import { RequestEdits } from "./request-edits.ts";

/**
 * Applies the edits. A cap always goes out in the one spelling that the provider honours, the
 * client's own too: of two spellings that disagree, the provider would pick one and the reservation
 * the other.
 */
export function rewriteOpenAiChat(
  request: ReadRequest,
  edits: Edits,
  rules: ProviderRules,
): string {
  const { ask } = request;
  const change = new RequestEdits(request);
  if (edits.removeTools) removeTools(request, edits.removeTools, OPENAI_TOOL_LISTS, change);
  if (edits.model !== undefined) change.set("model", edits.model);
  const cap = edits.outputCap ?? ask.outputCap;
  if (cap !== null) change.setOneOf(rules.capField, otherSpelling(rules.capField), cap);
  if (edits.includeUsage && ask.stream && rules.streamOptions) {
    change.setInner("stream_options", "include_usage", true);
  }
  if (edits.systemLine !== undefined) {
    change.prepend("messages", { role: "system", content: edits.systemLine });
  }
  return change.apply();
}

function otherSpelling(capField: ProviderRules["capField"]): string {
  return capField === "max_tokens" ? "max_completion_tokens" : "max_tokens";
}

/** Whether the client itself asked for the usage frame. */
export function wantsUsageFrame(request: ReadRequest): boolean {
  const options = request.root.stream_options;
  return typeof options === "object" && options !== null && "include_usage" in options
    ? options.include_usage === true
    : false;
}
