/** Anthropic messages: the request as it goes to the provider. */
import { ANTHROPIC_TOOL_LISTS } from "./anthropic-messages-tools.ts";
import type { Edits, ReadRequest } from "./format.ts";
import { removeTools } from "./offered-tools.ts";
import { RequestEdits } from "./request-edits.ts";

/** The least thinking budget that the provider accepts. */
export const THINKING_BUDGET_MIN = 1024;

/** Applies the edits; this format has one spelling of the cap, whatever the provider. */
export function rewriteAnthropicMessages(request: ReadRequest, edits: Edits): string {
  const { ask } = request;
  const change = new RequestEdits(request);
  if (edits.removeTools) removeTools(request, edits.removeTools, ANTHROPIC_TOOL_LISTS, change);
  if (edits.model !== undefined) change.set("model", edits.model);
  if (edits.outputCap !== undefined) change.set("max_tokens", edits.outputCap);
  if (edits.thinkingBudget !== undefined && ask.thinkingBudget !== null) {
    const budget = Math.max(edits.thinkingBudget, THINKING_BUDGET_MIN);
    change.setInner("thinking", "budget_tokens", Math.min(budget, ask.thinkingBudget));
  }
  if (edits.systemLine !== undefined) addSystemLine(change, request, edits.systemLine);
  return change.apply();
}

/** In front of what the client says there: as a block of its own, or as the string's first line. */
function addSystemLine(change: RequestEdits, request: ReadRequest, line: string): void {
  const system = request.root.system ?? null;
  const member = change.member("system");
  if (Array.isArray(system)) change.prepend("system", { type: "text", text: line });
  else if (!member || typeof system !== "string") change.set("system", line);
  else {
    const inside = member.valueFrom + 1;
    const json = JSON.stringify(system === "" ? line : `${line}\n\n`).slice(1, -1);
    change.splices.push({ from: inside, to: inside, text: json });
  }
}
