/** Tools of the Vercel AI SDK, by what they have: it is not imported here. */
import { type Asking, guardedTool } from "./tool.ts";

/** A tool as `tool({ … })` of the package `ai` makes it; without `execute` it runs elsewhere. */
export interface AiTool {
  readonly execute?: ((input: never, options: never) => unknown) | undefined;
}

/** The same tools, each decided before it runs and reported on after. */
export function guardedAiTools<Tools extends Readonly<Record<string, AiTool>>>(
  tools: Tools,
  asking: Asking,
): Tools {
  const guarded = Object.entries(tools).map(([name, tool]) => [
    name,
    guardedAiTool(name, tool, asking),
  ]);
  // The same names with the same fields, of which only `execute` is another function.
  return Object.fromEntries(guarded) as Tools;
}

function guardedAiTool(name: string, tool: AiTool, asking: Asking): AiTool {
  if (tool.execute === undefined) return tool;
  // The SDK calls it with what it has checked by the tool's own schema.
  const execute = tool.execute as (input: object, options: unknown) => unknown;
  return {
    ...tool,
    execute: (input: object, options: unknown) =>
      guardedTool(
        { name },
        async (given: object) => last(await execute(given, options)),
        asking,
      )(input),
  };
}

/** A tool may tell its progress as it goes; its last word is its result. */
async function last(said: unknown): Promise<unknown> {
  if (!isStream(said)) return said;
  let result: unknown;
  for await (const part of said) result = part;
  return result;
}

function isStream(said: unknown): said is AsyncIterable<unknown> {
  return typeof said === "object" && said !== null && Symbol.asyncIterator in said;
}
