/** Tools of which the configuration knows what they take: those over plain HTTP. */
import { misplaced } from "../guards/tool/places.ts";
import type { ArgumentsCheck } from "../guards/tool/tool.ts";
import type { SchemaProblem } from "./argument-schema.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import type { HttpOperation, ToolServerSettings } from "./configuration.ts";
import { nearest } from "./issues.ts";
import { pathText } from "./source.ts";

/** Whether anything is known of its tools: why a document cannot be read is told with it. */
export function isDescribed(server: ToolServerSettings): boolean {
  return !("operations" in server) || server.operations.size + server.leftOut.size > 0;
}

/** Why a server does not have a tool; null: it has it, or nobody can know before it is asked. */
export function missingTool(server: ToolServerSettings, tool: string): string | null {
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

/** Problems of a document's schemas, which are looked at for tools that are granted only. */
export function documentProblems(
  server: ToolServerSettings,
  tool: string,
  schemas: ArgumentSchemas,
): readonly (SchemaProblem & { readonly at: string })[] {
  const operation = server.kind === "openapi" ? operationAt(server, tool) : null;
  if (operation === null) return [];
  return schemas
    .problems(operation.inputSchema)
    .map((problem) => ({ ...problem, at: pathText(problem.path) }));
}

/** What the manifest says of arguments, and what their server does: both hold. */
export function argumentsCheck(
  own: ArgumentsCheck | null,
  server: ToolServerSettings,
  tool: string,
  schemas: ArgumentSchemas,
): ArgumentsCheck | null {
  const operation = operationAt(server, tool);
  if (operation === null) return own;
  const { inputSchema, places } = operation;
  const fits = schemas.check(inputSchema);
  return (value) => fits(value) ?? misplaced(places, Object(value)) ?? own?.(value) ?? null;
}
