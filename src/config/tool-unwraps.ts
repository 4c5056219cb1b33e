/** Tools of a server whose arguments are calls of other tools: where in them those stand. */
import type { Unwraps } from "../guards/tool/tool.ts";
import type { Issue } from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";
import type { RawToolServer } from "./tool-schema.ts";

export function unwrapsOf({ tools = {} }: RawToolServer): ReadonlyMap<string, Unwraps> {
  return new Map(
    Object.entries(tools).flatMap(([name, { unwraps }]) => {
      if (unwraps === undefined) return [];
      const { arguments: given, server = null, tool } = unwraps;
      return [[name, { tool, arguments: given, server }] as const];
    }),
  );
}

/** One place cannot be two things: each call would be refused. */
export function unwrapsIssues(
  name: string,
  server: RawToolServer,
  source: Source,
): readonly Issue[] {
  return [...unwrapsOf(server)].flatMap(
    ([tool, { arguments: given, server: on, tool: called }]) => {
      const places = [called, given, ...(on === null ? [] : [on])];
      if (new Set(places).size === places.length) return [];
      const path = ["tool_servers", name, "tools", tool, "unwraps"];
      const hint = "The name, the arguments and the server stand in places of their own.";
      return [issueAt(source, path, "a different pointer for each", hint)];
    },
  );
}
