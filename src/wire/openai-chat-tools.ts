/** OpenAI chat completions: tools that the client runs, offered in a request or called. */
import type { ToolCall } from "./format.ts";
import { isObject, type JsonObject } from "./json.ts";
import { oneName, type ToolList } from "./offered-tools.ts";

/** Tools that the client runs itself: the only types of this endpoint. */
const CLIENT_TOOLS: ReadonlySet<unknown> = new Set(["function", "custom"]);

const LEFT_TO_MODEL = "auto";

/** The lists of tools, today's and the one it has replaced, which is still taken. */
export const OPENAI_TOOL_LISTS: readonly ToolList[] = [
  {
    name: "tools",
    choice: "tool_choice",
    dependents: ["parallel_tool_calls"],
    isOffered: isClientTool,
    namesOf,
    leftToModel: () => LEFT_TO_MODEL,
    allowedIn,
  },
  {
    name: "functions",
    choice: "function_call",
    dependents: [],
    isOffered: () => true,
    namesOf,
    leftToModel: () => LEFT_TO_MODEL,
    allowedIn,
  },
];

/** Whether the client runs it; a tool without a type is a function. */
export function isClientTool(tool: JsonObject): boolean {
  return CLIENT_TOOLS.has(tool.type ?? "function");
}

/** The calls in all choices of a whole answer. */
export function readOpenAiCalls(choices: readonly unknown[]): readonly ToolCall[] {
  const calls: ToolCall[] = [];
  for (const choice of choices) {
    const message = isObject(choice) && isObject(choice.message) ? choice.message : {};
    for (const call of Array.isArray(message.tool_calls) ? message.tool_calls : []) {
      calls.push(readCall(call));
    }
    const legacy = message.function_call ?? null;
    if (legacy !== null) calls.push(readCall(legacy));
  }
  return calls;
}

function readCall(call: unknown): ToolCall {
  const { id } = isObject(call) ? call : {};
  const names = isObject(call) ? namesOf(call) : [];
  return { name: oneName(names), id: typeof id === "string" ? id : null };
}

/** Inside `function` or `custom`, and bare in the legacy fields and on servers of this format. */
function namesOf(entry: JsonObject): readonly unknown[] {
  const { function: definition, custom, name } = entry;
  return [
    isObject(definition) ? definition.name : null,
    isObject(custom) ? custom.name : null,
    name,
  ];
}

/** The choice `allowed_tools` holds its list inside; its flat spelling is that of responses. */
function allowedIn(choice: JsonObject): readonly string[] {
  return isObject(choice.allowed_tools) ? ["allowed_tools", "tools"] : ["tools"];
}
