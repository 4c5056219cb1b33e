/** Anthropic messages: what was said in requests, answers and streams. */
import { textOrNull } from "./fresh-results.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import {
  argumentsText,
  type Conversation,
  eventsIn,
  type Message,
  type Part,
  spoken,
  textOf,
  thing,
} from "./said.ts";

/** Calls that the client, the provider or a server of the provider's runs. */
const CALLS: ReadonlySet<unknown> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);
const RESULTS: ReadonlySet<unknown> = new Set(["tool_result", "mcp_tool_result"]);
/** A result may hold blocks, and a document in it too; no deeper. */
const DEPTH_MAX = 3;

export const ANTHROPIC_MESSAGES_SAID: Conversation = {
  request: ({ messages, system }) => {
    const told = contentParts(system);
    const first = told.length === 0 ? [] : [{ role: "system", parts: told }];
    return [
      ...first,
      ...(Array.isArray(messages) ? messages : []).filter(isObject).map(readMessage),
    ];
  },
  answer: (text) => {
    const root = parseOrNothing(text);
    return isObject(root) && Array.isArray(root.content) ? [readMessage(root)] : [];
  },
  stream: (bytes) => {
    const blocks = new Map<unknown, Block>();
    for (const event of eventsIn(bytes)) see(event, blocks);
    const parts = [...blocks.values()].flatMap(streamedParts);
    return parts.length === 0 ? [] : [{ role: "assistant", parts }];
  },
};

function readMessage({ content, role }: JsonObject): Message {
  return { role: textOrNull(role) ?? "unknown", parts: contentParts(content) };
}

function contentParts(content: unknown, depth = 0): readonly Part[] {
  if (typeof content === "string") return spoken("text", content);
  const blocks = isObject(content) ? [content] : Array.isArray(content) ? content : [];
  if (depth > DEPTH_MAX) return blocks.length === 0 ? [] : [thing("more, nested deeper")];
  return blocks.flatMap((block) => (isObject(block) ? blockParts(block, depth) : thing(null)));
}

function blockParts(block: JsonObject, depth: number): readonly Part[] {
  const { content, id, input, name, source, text, thinking, tool_use_id, type } = block;
  if (type === "text") return spoken("text", text);
  if (type === "thinking") return spoken("thinking", thinking);
  if (CALLS.has(type)) return [callPart(id, name, argumentsText(input ?? {}))];
  if (RESULTS.has(type)) {
    const said = textOf(contentParts(content, depth + 1));
    return [{ kind: "result", id: textOrNull(tool_use_id), name: null, text: said }];
  }
  if (!isObject(source)) return [thing(type)];
  if (source.type === "text") return [thing(type), ...spoken("text", source.data)];
  return [thing(type, source.data ?? source.url)];
}

function callPart(id: unknown, name: unknown, given: string): Part {
  return { kind: "call", id: textOrNull(id), name: textOrNull(name) ?? "", arguments: given };
}

/** One block of a stream, as far as it has come. */
interface Block {
  readonly start: JsonObject;
  text: string;
  thinking: string;
  input: string;
}

function see({ content_block, delta, index, type }: JsonObject, blocks: Map<unknown, Block>): void {
  if (type === "content_block_start" && isObject(content_block)) {
    blocks.set(index, { start: content_block, text: "", thinking: "", input: "" });
  }
  const block = blocks.get(index);
  if (type !== "content_block_delta" || block === undefined || !isObject(delta)) return;
  block.text += textOrNull(delta.text) ?? "";
  block.thinking += textOrNull(delta.thinking) ?? "";
  block.input += textOrNull(delta.partial_json) ?? "";
}

function streamedParts({ input, start, text, thinking }: Block): readonly Part[] {
  if (CALLS.has(start.type) && input !== "") return [callPart(start.id, start.name, input)];
  const said = {
    ...start,
    ...(start.type === "text" && { text: (textOrNull(start.text) ?? "") + text }),
    ...(start.type === "thinking" && { thinking: (textOrNull(start.thinking) ?? "") + thinking }),
  };
  return blockParts(said, 0);
}
