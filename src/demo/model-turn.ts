/**
 * What the demo's model does next, by the conversation so far. It is as diligent and as blind as
 * the agent of the story: what came back empty, or was told to be asked for again, it asks for
 * again with the same arguments.
 */
import { isObject, type JsonObject, parseOrNothing } from "../wire/json.ts";

export const TRANSCRIBE = "transcribe_audio";
export const UPDATE = "update_ticket_status";

export type Step =
  | { readonly kind: "call"; readonly name: string; readonly arguments: JsonObject }
  | { readonly kind: "say"; readonly text: string };

export function nextStep(messages: readonly JsonObject[]): Step {
  const ticket = ticketOf(messages);
  if (ticket === null) return { kind: "say", text: "Which ticket is it?" };
  const listen: Step = {
    kind: "call",
    name: TRANSCRIBE,
    arguments: { recording: `call-${ticket}.wav` },
  };
  const solve: Step = { kind: "call", name: UPDATE, arguments: { ticket, status: "solved" } };

  const last = messages.at(-1);
  if (last?.role !== "tool") return listen;
  const result = parseOrNothing(typeof last.content === "string" ? last.content : "");
  if (!isObject(result)) return nameOf(last.tool_call_id, messages) === UPDATE ? solve : listen;
  if (result.status === "solved") return { kind: "say", text: `Ticket ${ticket} is solved.` };
  return typeof result.text === "string" ? solve : listen;
}

function ticketOf(messages: readonly JsonObject[]): number | null {
  const task = messages.find(({ role }) => role === "user")?.content;
  const found = /\bticket (\d{1,9})\b/i.exec(typeof task === "string" ? task : "");
  return found === null ? null : Number(found[1]);
}

/** The tool whose call this id is. */
function nameOf(id: unknown, messages: readonly JsonObject[]): unknown {
  for (const { tool_calls: calls } of messages) {
    if (!Array.isArray(calls)) continue;
    const call: unknown = calls.find((each) => isObject(each) && each.id === id);
    if (isObject(call) && isObject(call.function)) return call.function.name;
  }
  return null;
}
