import type { Format } from "../../../guards/call.ts";

/** What a simulated answer depends on. */
export interface Ask {
  readonly format: Format;
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Tokens of output for one choice, or null where the request sets no cap. */
  readonly cap: number | null;
  readonly choices: number;
  /** Names of the tools that may be called. */
  readonly offered: ReadonlySet<string>;
  /** The last message is the result of a tool. */
  readonly answersTool: boolean;
  readonly inputTokens: number;
}

/** About what a tokenizer makes of English text. */
const BYTES_PER_TOKEN = 4;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a request as a provider would; text is what is wrong with it. */
export function readAsk(format: Format, body: Uint8Array): Ask | string {
  const root = parse(body);
  if (root === null) return "the body is not a JSON object";
  if (typeof root.model !== "string") return "model: a string is required";
  if (!Array.isArray(root.messages) || root.messages.length === 0) {
    return "messages: at least one is required";
  }
  const cap = capOf(format, root);
  if (cap === undefined) return "the output cap must be a positive integer";
  if (cap === null && format === "anthropic-messages") return "max_tokens: Field required";

  return {
    format,
    model: root.model,
    stream: root.stream === true,
    includeUsage: fields(root.stream_options)?.include_usage === true,
    cap,
    choices: format === "openai-chat" && typeof root.n === "number" && root.n > 1 ? root.n : 1,
    offered: toolNames(root),
    answersTool: isToolResult(fields(root.messages.at(-1))),
    inputTokens: Math.max(1, Math.ceil(body.byteLength / BYTES_PER_TOKEN)),
  };
}

function parse(body: Uint8Array): Fields | null {
  try {
    return fields(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)));
  } catch {
    return null; // the answer says so: a provider answers 400, it does not fail
  }
}

function fields(value: unknown): Fields | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Fields; // a JSON object has string keys, and nothing is claimed of its values
}

/** Undefined: not a cap that a provider would accept. */
function capOf(format: Format, root: Fields): number | null | undefined {
  const given =
    format === "openai-chat" ? (root.max_completion_tokens ?? root.max_tokens) : root.max_tokens;
  if (given === undefined || given === null) return null;
  return typeof given === "number" && Number.isInteger(given) && given > 0 ? given : undefined;
}

function toolNames(root: Fields): ReadonlySet<string> {
  const names = new Set<string>();
  if (root.tool_choice === "none" || fields(root.tool_choice)?.type === "none") return names;
  if (!Array.isArray(root.tools)) return names;
  for (const tool of root.tools.map(fields)) {
    const name = fields(tool?.function)?.name ?? tool?.name;
    if (typeof name === "string") names.add(name);
  }
  return names;
}

function isToolResult(message: Fields | null): boolean {
  if (message?.role === "tool") return true;
  const blocks = message?.content;
  return Array.isArray(blocks) && blocks.some((block) => fields(block)?.type === "tool_result");
}
