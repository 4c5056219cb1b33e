/** What tool servers offer now, for commands that review a folder without a gateway. */
import type { Configuration } from "../config/configuration.ts";
import { pinOf } from "../gateway/tools/pins.ts";
import { type OfferedTool, ToolServerUnreachable } from "../ports/tool-server.ts";
import { Providers, type Surroundings } from "./providers.ts";

/** A tool as its server describes it. */
export interface DescribedTool {
  readonly name: string;
  /** Null: it is nested too deep to have one. */
  readonly pin: string | null;
  readonly description: unknown;
  readonly inputSchema: unknown;
}

export type Described =
  | { readonly kind: "offered"; readonly tools: ReadonlyMap<string, DescribedTool> }
  | { readonly kind: "away"; readonly because: string };

/** Asks each of these servers once, all at once; those that nobody reaches are left out. */
export async function describedBy(
  configuration: Configuration,
  names: Iterable<string>,
  around: Surroundings,
): Promise<ReadonlyMap<string, Described>> {
  const providers = new Providers(around);
  try {
    const rules = providers.rulesetOf(configuration);
    const asked = [...new Set(names)].flatMap((name) => rules.toolServer(name) ?? []);
    return new Map(
      await Promise.all(
        asked.map(async (server) => {
          const listed = server.list().then((tools) => describe(server.name, tools));
          return [server.name, await listed.catch(away)] as const;
        }),
      ),
    );
  } finally {
    await providers.close();
  }
}

function describe(server: string, tools: readonly OfferedTool[]): Described {
  const described = tools.map((offered) => {
    const { name, raw } = offered;
    const pin = pinOf({ server, tool: name }, offered);
    const { description = null, inputSchema = null } = raw;
    return [name, { name, pin, description, inputSchema }] as const;
  });
  return { kind: "offered", tools: new Map(described) };
}

function away(error: unknown): Described {
  if (!(error instanceof ToolServerUnreachable)) throw error;
  return { kind: "away", because: error.message };
}
