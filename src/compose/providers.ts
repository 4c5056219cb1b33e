/** One adapter for each provider and each tool server of the configuration. */
import { httpProvider } from "../adapters/provider/http/http-provider.ts";
import { simulatedProvider } from "../adapters/provider/simulated/simulated-provider.ts";
import { httpToolServer } from "../adapters/tool-server/http/http-tool-server.ts";
import { mcpToolServer } from "../adapters/tool-server/mcp/mcp-tool-server.ts";
import type {
  Configuration,
  ProviderSettings,
  ToolServerSettings,
} from "../config/configuration.ts";
import { Ruleset } from "../gateway/ruleset.ts";
import type { Clock } from "../ports/clock.ts";
import type { Provider } from "../ports/provider.ts";
import type { ToolServer } from "../ports/tool-server.ts";
import { Kept } from "./kept.ts";

type Make<Settings, Adapter> = (settings: Settings, clock: Clock) => Adapter;

const PROVIDERS: Readonly<Record<ProviderSettings["kind"], Make<ProviderSettings, Provider>>> = {
  openai: httpProvider,
  anthropic: httpProvider,
  simulated: simulatedProvider,
};

/** Where the gateway goes: `kind: agent` is nowhere. */
type Reached = Exclude<ToolServerSettings, { readonly kind: "agent" }>;

function toolServerOf(settings: Reached, clock: Clock): ToolServer {
  switch (settings.kind) {
    case "mcp":
      return mcpToolServer(settings, clock);
    case "http":
    case "openapi":
      return httpToolServer(settings, clock);
  }
}

function isReached(settings: ToolServerSettings): settings is Reached {
  return settings.kind !== "agent";
}

export class Providers {
  readonly #providers: Kept<ProviderSettings, Provider>;
  readonly #toolServers: Kept<Reached, ToolServer>;
  /** Those whose requests are not over, and the newest. */
  #rulesets: readonly Ruleset[] = [];

  constructor(clock: Clock) {
    this.#providers = new Kept((settings) => PROVIDERS[settings.kind](settings, clock));
    this.#toolServers = new Kept((settings) => toolServerOf(settings, clock));
  }

  rulesetOf(configuration: Configuration): Ruleset {
    const providers = this.#providers.of(configuration.providers);
    const servers = this.#toolServers.of([...configuration.toolServers.values()].filter(isReached));
    const toolServers = servers.map(([, server]) => server);
    const ruleset = new Ruleset(configuration, providers, toolServers);
    this.#rulesets = [...this.#rulesets.filter(({ requests }) => requests > 0), ruleset];
    return ruleset;
  }

  /** `inUse`: what calls in flight use whose client, and with it their request, may be gone. */
  async closeRetired(inUse: readonly (Provider | ToolServer)[]): Promise<void> {
    const held = this.#rulesets.flatMap((rules) => [...rules.providers, ...rules.toolServers]);
    const used = new Set<unknown>([...held, ...inUse]);
    await this.#providers.closeRetired(used);
    await this.#toolServers.closeRetired(used);
  }

  async close(): Promise<void> {
    await Promise.all([this.#providers.close(), this.#toolServers.close()]);
  }
}
