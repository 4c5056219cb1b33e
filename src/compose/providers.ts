/**
 * One adapter for each provider of the configuration; those that did not change are kept by a
 * reload.
 */
import { httpProvider } from "../adapters/provider/http/http-provider.ts";
import { simulatedProvider } from "../adapters/provider/simulated/simulated-provider.ts";
import type { Configuration, ProviderSettings } from "../config/configuration.ts";
import { Ruleset } from "../gateway/ruleset.ts";
import type { Clock } from "../ports/clock.ts";
import type { Provider } from "../ports/provider.ts";

const KINDS: Readonly<
  Record<ProviderSettings["kind"], (settings: ProviderSettings, clock: Clock) => Provider>
> = {
  openai: httpProvider,
  anthropic: httpProvider,
  simulated: simulatedProvider,
};

export class Providers {
  readonly #clock: Clock;
  #open = new Map<string, Provider>();
  /** Replaced by a reload; closed by a later one, or the stop, once no call can use them. */
  readonly retired = new Set<Provider>();
  /** Those whose requests are not over, and the newest. */
  #rulesets: readonly Ruleset[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  rulesetOf(configuration: Configuration): Ruleset {
    const next = new Map<string, Provider>();
    const pairs = configuration.providers.map((settings) => {
      const text = signature(settings);
      const make = KINDS[settings.kind];
      const provider = this.#open.get(text) ?? make(settings, this.#clock);
      next.set(text, provider);
      return [settings, provider] as const;
    });
    for (const [text, provider] of this.#open) if (!next.has(text)) this.retired.add(provider);
    this.#open = next;
    const ruleset = new Ruleset(configuration, pairs);
    this.#rulesets = [...this.#rulesets.filter(({ requests }) => requests > 0), ruleset];
    return ruleset;
  }

  async closeRetired(inUse: ReadonlySet<Provider>): Promise<void> {
    const held = new Set(this.#rulesets.flatMap(({ providers }) => providers));
    for (const provider of this.retired) {
      if (inUse.has(provider) || held.has(provider)) continue;
      this.retired.delete(provider);
      await provider.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values(), ...this.retired].map((one) => one.close()));
  }
}

/**
 * Equal for settings that make the same adapter. Held in memory only: it has the provider's key in
 * it.
 */
function signature(settings: ProviderSettings): string {
  const models = settings.models === null ? null : [...settings.models];
  return JSON.stringify({ ...settings, models });
}
