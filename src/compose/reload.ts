/** A new configuration in place of the old one: whole or not at all, between two calls. */
import type { Configuration, Loaded } from "../config/configuration.ts";
import type { Reloaded } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import type { Providers } from "./providers.ts";

export interface ReloadSettings {
  readonly gateway: Gateway;
  readonly providers: Providers;
  readonly load: () => Promise<Loaded>;
}

export class Reload {
  readonly #settings: ReloadSettings;
  #running: Promise<Reloaded> | null = null;
  #owesLimits = false;

  constructor(settings: ReloadSettings) {
    this.#settings = settings;
  }

  /** An operator asks: the store's configuration is changed with ours, or neither is. */
  ask(by: string): Promise<Reloaded> {
    this.#running ??= this.#ask(by).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #ask(by: string): Promise<Reloaded> {
    const { gateway } = this.#settings;
    const loaded = await this.#load(by);
    if (loaded.kind === "invalid") return loaded;
    const { configuration } = loaded;
    const from = gateway.rules.digest;
    const to = configuration.digest;
    if (from === to) {
      await this.#setLimits();
      return { kind: "unchanged", configuration: to };
    }
    const { holders } = gateway.store;
    if (!(await holders.configure(gateway.holding.tenure.id, from, to))) {
      return { kind: "refused", because: "another gateway changed the configuration first" };
    }
    await this.#take(configuration, by);
    return { kind: "ok", from, to };
  }

  /** Another gateway changed the store's configuration: this one follows, or takes no calls. */
  async follow(digest: string): Promise<void> {
    const { gateway } = this.#settings;
    if (digest === gateway.rules.digest) {
      if (this.#owesLimits) await this.#setLimits();
      gateway.closedBecause = null;
      return;
    }
    if (this.#running !== null) return;
    const loaded = await this.#load("another gateway");
    if (loaded.kind === "ok" && loaded.configuration.digest === digest) {
      await this.#take(loaded.configuration, "another gateway");
      gateway.closedBecause = null;
      return;
    }
    gateway.closedBecause = `the gateways of this store run ${digest}, which this one lacks`;
    gateway.log.error("taking no calls: another configuration is in force", { digest });
  }

  async #load(by: string): Promise<Loaded> {
    const { gateway, load } = this.#settings;
    const loaded = await load();
    if (loaded.kind === "invalid") {
      const { issues } = loaded;
      const [one] = issues;
      const first = one === undefined ? "" : `${one.file}: ${one.path}: ${one.expected}`;
      const event = { kind: "configuration.rejected", issues: issues.length, first, by } as const;
      emit(gateway, gateway.holding.tenure, event);
    }
    return loaded;
  }

  async #take(configuration: Configuration, by: string): Promise<void> {
    const { gateway, providers } = this.#settings;
    const from = gateway.rules.digest;
    gateway.rules = providers.rulesetOf(configuration);
    this.#owesLimits = true;
    const event = { kind: "configuration.changed", from, to: configuration.digest, by } as const;
    emit(gateway, gateway.holding.tenure, event);
    await this.#setLimits();
    const inUse = [...gateway.inFlight.values()].flatMap(({ call }) => call.route?.provider ?? []);
    await providers.closeRetired(new Set(inUse));
  }

  /**
   * The store may be lost between the change and its limits. The old ones may be higher, so no call
   * is taken until it has the new ones: they are sent again with every heartbeat.
   */
  async #setLimits(): Promise<void> {
    const { gateway } = this.#settings;
    try {
      await applyLimits(gateway);
      this.#owesLimits = false;
    } catch (error) {
      gateway.closedBecause = "the store has not taken the limits of the new configuration yet";
      throw error;
    }
  }
}

/** The limits of open accounts follow the configuration; what was spent stays. */
export async function applyLimits(gateway: Gateway): Promise<void> {
  const { budgets } = gateway.rules.configuration;
  const { ledger } = gateway.store;
  const edits = budgets.map(({ limit, name, window }) => ledger.editLimit(name, window, limit));
  await Promise.all(edits);
  for (const account of gateway.holding.tenure.allAccounts()) {
    account.viewedAt = Number.NEGATIVE_INFINITY;
  }
}
