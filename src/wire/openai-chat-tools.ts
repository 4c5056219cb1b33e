/** OpenAI chat completions: tools that the client runs, offered in a request or called. */
import { isObject, type JsonObject } from "./json.ts";
import type { ToolList } from "./offered-tools.ts";

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

/** Inside `function` or `custom`, and bare in the legacy fields and on servers of this format. */
export function namesOf(entry: JsonObject): readonly unknown[] {
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
