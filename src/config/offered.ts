/** Tools of which the configuration knows what they take: those over plain HTTP. */
import { misplaced } from "../guards/tool/places.ts";
import type { ArgumentsCheck } from "../guards/tool/tool.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import type { HttpOperation, ToolServerSettings } from "./configuration.ts";
import { type Entry, refuse } from "./grant-entry.ts";
import { issueAt, nearest } from "./issues.ts";
import { pathText } from "./source.ts";

/** Whether anything is known of its tools: why a document cannot be read is told with it. */
function isDescribed(server: ToolServerSettings): boolean {
  return !("operations" in server) || server.operations.size + server.leftOut.size > 0;
}

/** Why a server does not have a tool; null: it has it, or nobody can know before it is asked. */
function missingTool(server: ToolServerSettings, tool: string): string | null {
  if (!("operations" in server) || server.operations.has(tool)) return null;
  const why = server.leftOut.get(tool);
  if (why !== undefined) return `${server.name} has it in its document, but ${why}.`;
  const near = nearest(tool, server.operations.keys());
  if (near !== null) return `Did you mean "${near}"?`;
  const known = [...server.operations.keys()].slice(0, 20).join(", ");
  return `${server.name} has: ${known}.`;
}

function operationAt(server: ToolServerSettings, tool: string): HttpOperation | null {
  return "operations" in server ? (server.operations.get(tool) ?? null) : null;
}

/** What a server's own description does not have will never be there to call. */
export function checkOffered(entry: Entry, server: ToolServerSettings): boolean {
  if (!isDescribed(server)) return false;
  const why = missingTool(server, entry.tool.tool_name);
  if (why !== null) refuse(entry, ["tool_name"], "a tool that its server has", why);
  return why === null;
}

/** Schemas of a document are looked at for tools that are granted only: most of them never are. */
export function checkDocument(
  { issues, path, source, tool, warnings }: Entry,
  server: ToolServerSettings,
  schemas: ArgumentSchemas,
): void {
  const operation = server.kind === "openapi" ? operationAt(server, tool.tool_name) : null;
  if (operation === null) return;
  for (const { expected, hint, path: inside, warning } of schemas.problems(operation.inputSchema)) {
    const at = pathText(inside) || "its root";
    const where = `In its document, in the schema of its arguments at ${at}: ${hint}`;
    const issue = issueAt(source, [...path, "tool_name"], expected, where);
    (warning ? warnings : issues).push(issue);
  }
}

/** What a server can be sent by its own description; null: nobody knows before it is asked. */
export function takenArguments(
  server: ToolServerSettings,
  tool: string,
  schemas: ArgumentSchemas,
): ArgumentsCheck | null {
  const operation = operationAt(server, tool);
  if (operation === null) return null;
  const { inputSchema, places } = operation;
  const fits = schemas.check(inputSchema);
  return (value) => fits(value) ?? misplaced(places, Object(value)) ?? null;
}

/** Whether there can be calls of it at all: not of what its description does not have. */
export function isCallable(
  server: ToolServerSettings,
  tool: string,
  schemas: ArgumentSchemas,
): boolean {
  if (missingTool(server, tool) !== null) return false;
  const operation = operationAt(server, tool);
  if (operation === null) return true;
  return schemas.problems(operation.inputSchema).every(({ warning }) => warning);
}
