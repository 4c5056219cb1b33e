/** One adapter for each provider, tool server and notifier of the configuration. */
import { resolve } from "node:path";
import { slackNotifier } from "../adapters/notifier/slack/slack-notifier.ts";
import { webhookNotifier } from "../adapters/notifier/webhook/webhook-notifier.ts";
import { httpProvider } from "../adapters/provider/http/http-provider.ts";
import { simulatedProvider } from "../adapters/provider/simulated/simulated-provider.ts";
import { httpToolServer } from "../adapters/tool-server/http/http-tool-server.ts";
import { mcpChildServer, mcpToolServer } from "../adapters/tool-server/mcp/mcp-tool-server.ts";
import type {
  Configuration,
  NotifierRoad,
  ProviderSettings,
  ToolServerSettings,
} from "../config/configuration.ts";
import { Ruleset } from "../gateway/ruleset.ts";
import type { Clock } from "../ports/clock.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Provider } from "../ports/provider.ts";
import type { Remarks } from "../ports/remarks.ts";
import type { ToolServer } from "../ports/tool-server.ts";
import { Kept } from "./kept.ts";

type MakeProvider = (settings: ProviderSettings, clock: Clock) => Provider;

const PROVIDERS: Readonly<Record<ProviderSettings["kind"], MakeProvider>> = {
  openai: httpProvider,
  anthropic: httpProvider,
  simulated: simulatedProvider,
};

/** Where the gateway goes: `kind: agent` is nowhere. */
type Reached = Exclude<ToolServerSettings, { readonly kind: "agent" }>;

function isReached(settings: ToolServerSettings): settings is Reached {
  return settings.kind !== "agent";
}

/** What adapters have of this machine. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Remarks;
  /** Where relative paths of the configuration begin. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What every program needs to run at all. Nothing else of ours is a started server's business. */
const PASSED_ON = ["PATH", "HOME", "LANG", "TMPDIR"];

function toolServerOf(settings: Reached, around: Surroundings): ToolServer {
  const { clock, environment, folder, log } = around;
  switch (settings.kind) {
    case "mcp":
      return mcpToolServer(settings, clock);
    case "mcp-command": {
      const surroundings: Record<string, string> = {};
      for (const name of PASSED_ON) {
        const value = environment[name];
        if (value !== undefined) surroundings[name] = value;
      }
      const command = { ...settings, surroundings, folder: resolve(folder, settings.folder) };
      return mcpChildServer(command, clock, log);
    }
    case "http":
    case "openapi":
      return httpToolServer(settings, clock);
  }
}

function notifierOf(road: NotifierRoad, { clock }: Surroundings): Notifier {
  switch (road.kind) {
    case "slack":
      return slackNotifier(road, clock);
    case "webhook":
      return webhookNotifier(road, clock);
  }
}

export class Providers {
  readonly #providers: Kept<ProviderSettings, Provider>;
  readonly #toolServers: Kept<Reached, ToolServer>;
  readonly #notifiers: Kept<NotifierRoad, Notifier>;
  /** Those whose requests are not over, and the newest. */
  #rulesets: readonly Ruleset[] = [];

  constructor(around: Surroundings) {
    const { clock } = around;
    this.#providers = new Kept((settings) => PROVIDERS[settings.kind](settings, clock));
    this.#toolServers = new Kept((settings) => toolServerOf(settings, around));
    this.#notifiers = new Kept((road) => notifierOf(road, around));
  }

  rulesetOf(configuration: Configuration): Ruleset {
    const providers = this.#providers.of(configuration.providers);
    const servers = this.#toolServers.of([...configuration.toolServers.values()].filter(isReached));
    const toolServers = servers.map(([, server]) => server);
    const told = this.#notifiers.of(configuration.notifiers.map(({ road }) => road));
    const notifiers = told.map(([, notifier]) => notifier);
    const ruleset = new Ruleset(configuration, providers, toolServers, notifiers);
    this.#rulesets = [...this.#rulesets, ruleset];
    return ruleset;
  }

  /**
   * `inUse`: what calls in flight use whose client, and with it their request, may be gone. How
   * many are left to be closed later.
   */
  async closeRetired(inUse: readonly (Provider | ToolServer)[]): Promise<number> {
    const [kept, over] = partition(this.#rulesets);
    this.#rulesets = kept;
    await Promise.all(over.map(closePolicies));
    const held = this.#rulesets.flatMap((rules) => {
      return [...rules.providers, ...rules.toolServers, ...rules.notifiers];
    });
    const used = new Set<unknown>([...held, ...inUse]);
    const left = await Promise.all([
      this.#providers.closeRetired(used),
      this.#toolServers.closeRetired(used),
      // What is being told through it fails, and is told again through the new one.
      this.#notifiers.closeRetired(used),
    ]);
    return left.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    const all = [this.#providers, this.#toolServers, this.#notifiers];
    await Promise.all(all.map((kept) => kept.close()));
    await Promise.all(this.#rulesets.map(closePolicies));
  }
}

/** The newest is in use, and those whose requests are not over. */
function partition(
  rulesets: readonly Ruleset[],
): readonly [readonly Ruleset[], readonly Ruleset[]] {
  const isKept = (rules: Ruleset) => rules.requests > 0 || rules === rulesets.at(-1);
  return [rulesets.filter(isKept), rulesets.filter((rules) => !isKept(rules))];
}

/** Connections to an OPA. What is here in memory goes by itself, with whatever still asks it. */
async function closePolicies({ configuration }: Ruleset): Promise<void> {
  if (configuration.policies?.engine.kind === "opa") await configuration.policySet?.close();
}
