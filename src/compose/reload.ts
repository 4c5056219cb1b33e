/** A new configuration in place of the old one: whole or not at all, between two calls. */
import type { Configuration } from "../config/configuration.ts";
import type { Reloaded } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { keepBundle } from "./bundles.ts";
import type { Providers } from "./providers.ts";
import type { Guardrails, Sourced } from "./sourced.ts";

/** What a reload replaced is looked at again after this, while calls still use it. */
const RETIRED_LOOK_MS = 1_000;

export interface ReloadSettings {
  readonly gateway: Gateway;
  readonly providers: Providers;
  readonly guardrails: Guardrails;
}

export class Reload {
  readonly #settings: ReloadSettings;
  #running: Promise<Reloaded> | null = null;
  #following: { readonly digest: string; readonly done: Promise<void> } | null = null;
  #owesLimits = false;
  /**
   * Sent to the store, which never answered: it may be in force, and the folder may be another one
   * before that is known.
   */
  #unanswered: Configuration | null = null;

  constructor(settings: ReloadSettings) {
    this.#settings = settings;
  }

  /** Asked by somebody: the store's configuration is changed with ours, or neither is. */
  ask(by: string, load = this.#load): Promise<Reloaded> {
    this.#running ??= this.#ask(by, load).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #ask(by: string, load: () => Promise<Sourced>): Promise<Reloaded> {
    const { gateway, guardrails } = this.#settings;
    const loaded = this.#told(await load(), by);
    if (loaded.kind === "invalid") return loaded;
    if (loaded.kind === "unavailable") return { kind: "refused", because: loaded.because };
    const { configuration } = loaded;
    const from = gateway.rules.digest;
    const to = configuration.digest;
    await this.#learn(by);
    await keepBundle(gateway.store, loaded, guardrails.source);
    this.#unanswered = configuration;
    const done = await this.#configure(gateway.rules.digest, to);
    this.#unanswered = null;
    if (!done) {
      return { kind: "refused", because: "another gateway changed the configuration first" };
    }
    const { commit, digest } = gateway.rules.configuration;
    if (digest === to && commit === configuration.commit) await this.#setLimits();
    else await this.#take(configuration, by);
    return from === to ? { kind: "unchanged", configuration: to } : { kind: "ok", from, to };
  }

  /** What became of a change that was not answered: where it is in force, it is gone on from it. */
  async #learn(by: string): Promise<void> {
    const { holding, rules, store } = this.#settings.gateway;
    const unanswered = this.#unanswered;
    if (unanswered === null || unanswered.digest === rules.digest) return;
    const answer = await store.holders.beat(holding.tenure.id);
    const done = answer.kind === "ok" && answer.configuration === unanswered.digest;
    if (done) await this.#take(unanswered, by);
  }

  #configure(from: string, to: string): Promise<boolean> {
    const { holding, store } = this.#settings.gateway;
    return store.holders.configure(holding.tenure.id, from, to);
  }

  /**
   * Another gateway changed the store's configuration: this one follows, or takes no calls. Asked
   * with each heartbeat, and loading may take longer than the time between two.
   */
  follow(digest: string): Promise<void> {
    if (this.#following?.digest === digest) return this.#following.done;
    const done = this.#follow(digest).finally(() => {
      if (this.#following?.done === done) this.#following = null;
    });
    this.#following = { digest, done };
    return done;
  }

  async #follow(digest: string): Promise<void> {
    const { gateway } = this.#settings;
    if (digest === gateway.rules.digest) {
      if (this.#owesLimits) await this.#setLimits();
      gateway.closedBecause = null;
      return;
    }
    if (this.#running !== null) return;
    const by = "another gateway";
    const found = await this.#find(digest, by);
    if (found !== null) {
      // Its row says what it runs, for from that nobody else may go on unasked. One that was fenced
      // says so when it registers anew.
      const { fenced } = gateway.holding.tenure;
      if (!fenced && !(await this.#configure(digest, digest))) return;
      this.#unanswered = null;
      await this.#take(found, by);
      gateway.closedBecause = null;
      return;
    }
    gateway.closedBecause = `the gateways of this store run ${digest}, which this one lacks`;
    gateway.log.error("taking no calls: another configuration is in force", { digest });
  }

  /** From the store, where whoever put it in force has kept it; else from where ours comes from. */
  async #find(digest: string, by: string): Promise<Configuration | null> {
    const { gateway, guardrails } = this.#settings;
    const kept = await guardrails.kept(digest, gateway.store);
    if (kept !== null) return kept;
    const loaded = this.#told(await this.#load(), by);
    const own = loaded.kind === "ok" ? loaded.configuration : null;
    return [own, this.#unanswered].find((one) => one?.digest === digest) ?? null;
  }

  readonly #load = (): Promise<Sourced> => this.#settings.guardrails.load();

  #told(loaded: Sourced, by: string): Sourced {
    if (loaded.kind !== "invalid") return loaded;
    const { gateway } = this.#settings;
    const { commit, issues } = loaded;
    const [one] = issues;
    const first = one === undefined ? "" : `${one.file}: ${one.path}: ${one.expected}`;
    const what = { issues: issues.length, first, commit } as const;
    emit(gateway, gateway.holding.tenure, { kind: "configuration.rejected", ...what, by });
    return loaded;
  }

  async #take(configuration: Configuration, by: string): Promise<void> {
    const { gateway, providers } = this.#settings;
    const from = gateway.rules.digest;
    gateway.rules = providers.rulesetOf(configuration);
    gateway.records.follow(configuration.decisionLog);
    this.#owesLimits = true;
    const { commit, digest: to } = configuration;
    const event = { kind: "configuration.changed", from, to, commit, by } as const;
    emit(gateway, gateway.holding.tenure, event);
    await this.#setLimits();
    void this.#closeRetired();
  }

  /** Not waited for: calls may use them for a while yet, and a child may take its time to end. */
  async #closeRetired(): Promise<void> {
    const { gateway, providers } = this.#settings;
    const inUse = [...gateway.inFlight.values()].flatMap(({ call }) => {
      if (call.kind === "model") return call.route?.provider ?? [];
      return call.incoming.rules.toolServer(call.ask.server) ?? [];
    });
    try {
      const left = await providers.closeRetired(inUse);
      if (left > 0) gateway.clock.after(RETIRED_LOOK_MS, () => void this.#closeRetired());
    } catch (error) {
      gateway.log.error("what a reload replaced could not be closed", { error });
    }
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
  const { budgets, digest } = gateway.rules.configuration;
  const { ledger } = gateway.store;
  const edits = budgets.map(({ limit, name: budget, unit, window }) =>
    ledger.editLimit({ budget, unit, window, limit }, digest),
  );
  await Promise.all(edits);
  for (const account of gateway.holding.tenure.allAccounts()) {
    account.viewedAt = Number.NEGATIVE_INFINITY;
  }
}
