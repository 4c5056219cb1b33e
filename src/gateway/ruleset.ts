/** The configuration in force, indexed for the path of a call. A reload makes another one. */
import type { Configuration, ProviderSettings } from "../config/configuration.ts";
import type { BreakerRule } from "../guards/breaker/rules.ts";
import type { Budget } from "../guards/budget/budget.ts";
import { type Belongs, scopeValue, windowAt } from "../guards/budget/draws.ts";
import type { Format } from "../guards/call.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { ModelPrice } from "../guards/price/price.ts";
import { taskLimitOf } from "../guards/task/limits.ts";
import { displayNames, usableTools } from "../guards/tool/names.ts";
import type { GrantedTool, RateLimit, ToolId } from "../guards/tool/tool.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Provider } from "../ports/provider.ts";
import type { AccountSpec } from "../ports/store.ts";
import type { ToolServer } from "../ports/tool-server.ts";

export interface Route {
  readonly provider: Provider;
  /** The model's id at the provider. */
  readonly model: string;
  readonly price: ModelPrice | null;
}

/** A tool that exists for an agent, and the name by which it is shown. */
export interface ShownTool {
  readonly tool: GrantedTool;
  readonly name: string;
}

/** Routes remembered: names come from clients, so their number has an end. */
const ROUTES_MAX = 10_000;
/** Of a commit or a digest in the journal, where each is in full in the entry of the change. */
const REVISION_CHARS = 12;

export class Ruleset {
  readonly configuration: Configuration;
  /** Requests that arrived under these rules and are not over: its providers may yet be asked. */
  requests = 0;
  readonly #revision: string;
  readonly #providers: readonly (readonly [ProviderSettings, Provider])[];
  readonly #toolServers: ReadonlyMap<string, ToolServer>;
  readonly #notifiers: ReadonlyMap<string, Notifier>;
  readonly #budgets = new Map<string, readonly Budget[]>();
  readonly #routes = new Map<string, Route>();
  readonly #shown = new WeakMap<Manifest, Map<string | null, readonly ShownTool[]>>();

  constructor(
    configuration: Configuration,
    providers: readonly (readonly [ProviderSettings, Provider])[],
    toolServers: readonly ToolServer[] = [],
    notifiers: readonly Notifier[] = [],
  ) {
    this.configuration = configuration;
    this.#revision = revisionOf(configuration);
    this.#toolServers = new Map(toolServers.map((server) => [server.name, server]));
    this.#notifiers = new Map(notifiers.map((notifier) => [notifier.name, notifier]));
    this.#providers = providers;
    const { agents, budgets } = configuration;
    // One or two an agent: of thousands of agents each looks at its own alone.
    const limits = Map.groupBy(budgets.filter(isTaskLimit), ({ only }) => only.agent);
    const others = budgets.filter((budget) => !isTaskLimit(budget));
    for (const manifest of agents.values()) {
      const belonging = others.filter((budget) => covers(budget, manifest));
      this.#budgets.set(manifest.agent, [...belonging, ...(limits.get(manifest.agent) ?? [])]);
    }
  }

  get providers(): readonly Provider[] {
    return this.#providers.map(([, provider]) => provider);
  }

  get toolServers(): readonly ToolServer[] {
    return [...this.#toolServers.values()];
  }

  toolServer(name: string): ToolServer | null {
    return this.#toolServers.get(name) ?? null;
  }

  get notifiers(): readonly Notifier[] {
    return [...this.#notifiers.values()];
  }

  notifier(name: string): Notifier | null {
    return this.#notifiers.get(name) ?? null;
  }

  get digest(): string {
    return this.configuration.digest;
  }

  get revision(): string {
    return this.#revision;
  }

  /** What the agent's behaviour is held to. */
  breakersOf(agent: string): readonly BreakerRule[] {
    const { agentBreakers, breakers } = this.configuration;
    return agentBreakers.get(agent) ?? breakers;
  }

  /** Of all agents. */
  get allBreakers(): readonly BreakerRule[] {
    const { agentBreakers, breakers } = this.configuration;
    return [...breakers, ...[...agentBreakers.values()].flat()];
  }

  /** Null: the tool has none, or is not the agent's. */
  rateLimitOf(agent: string, tool: ToolId): RateLimit | null {
    return this.#grantOf(agent, tool)?.rateLimit ?? null;
  }

  /** In place of a breaker's own number; null: the tool has none. */
  repeatsMaxOf(agent: string, tool: ToolId): number | null {
    return this.#grantOf(agent, tool)?.repeatsMax ?? null;
  }

  manifest(agent: string): Manifest | null {
    return this.configuration.agents.get(agent) ?? null;
  }

  /**
   * The tools of an agent, in the order of its manifest: all, or those of one server that it has a
   * tool of. Worked out once: folding names against a blacklist is dear.
   */
  shownTools(manifest: Manifest, server: string | null): readonly ShownTool[] {
    const known = this.#shown.get(manifest) ?? new Map<string | null, readonly ShownTool[]>();
    this.#shown.set(manifest, known);
    const shown = known.get(server) ?? shownTools(manifest, server);
    known.set(server, shown);
    return shown;
  }

  /** The first provider of this format that lists the model, or has a price for it; null: none. */
  route(format: Format, model: string): Route | null {
    const key = `${format}\u0000${model}`;
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const found = this.#findRoute(format, model);
    if (found?.price && this.#routes.size < ROUTES_MAX) this.#routes.set(key, found);
    return found;
  }

  #grantOf(agent: string, { server, tool }: ToolId): GrantedTool | undefined {
    const allowed = this.manifest(agent)?.tools.allowed ?? [];
    return allowed.find((one) => one.server === server && one.tool === tool);
  }

  #findRoute(format: Format, model: string): Route | null {
    let unpriced: Route | null = null;
    for (const [settings, provider] of this.#providers) {
      if (!settings.rules.formats.includes(format)) continue;
      const id = settings.models === null ? model : settings.models.get(model);
      if (id === undefined) continue;
      const price = this.configuration.prices.find(settings.pricesOf, id);
      const route = { provider, model: id, price };
      if (price !== null) return route;
      unpriced ??= route;
    }
    return unpriced;
  }

  /** Models an agent may ask for on this format, as far as they are listed by name. */
  listed(format: Format): readonly string[] {
    const names = new Set<string>();
    for (const [settings] of this.#providers) {
      if (!settings.rules.formats.includes(format)) continue;
      for (const name of settings.models?.keys() ?? []) names.add(name);
    }
    return [...names];
  }

  /** The accounts a call draws on now: one for each budget it is in, one for each task above it. */
  accountsOf(belongs: Omit<Belongs, "task">, tasks: readonly string[], now: Millis): AccountSpec[] {
    const specs: AccountSpec[] = [];
    for (const budget of this.#budgets.get(belongs.agent ?? "") ?? []) {
      const { limit, name, unit, window } = budget;
      for (const task of budget.each === "task" ? tasks : tasks.slice(0, 1)) {
        const scope = scopeValue(budget, { ...belongs, task });
        if (scope === null) continue;
        const { ends, starts } = windowAt(window, now);
        specs.push({ budget: name, scope, unit, window, limit, starts, ends });
      }
    }
    return specs;
  }
}

function isTaskLimit({ name }: Budget): boolean {
  return taskLimitOf(name) !== null;
}

/** What decisions name: enough of the commit, or of the files' digest, to find it by. */
export function revisionOf({ commit, digest }: Configuration): string {
  const [kind = "", sum = ""] = commit === null ? digest.split(":") : ["git", commit];
  return `${kind}:${sum.slice(0, REVISION_CHARS)}`;
}

/** Whether a budget can ever be drawn on by this agent, whatever its key, task or model. */
function covers(budget: Budget, { agent, labels }: Manifest): boolean {
  const { only } = budget;
  if (only.agent !== undefined && only.agent !== agent) return false;
  if (only.team !== undefined && only.team !== labels.team) return false;
  return only.org === undefined || only.org === labels.org;
}

function shownTools({ tools }: Manifest, server: string | null): readonly ShownTool[] {
  const names = displayNames(usableTools(tools, server));
  return [...names].map(([tool, name]) => ({ tool, name }));
}
