/**
 * Models that billed above what they were asked: reserved at their maximum until an operator clears
 * them.
 */
import type { Clock } from "../ports/clock.ts";
import type { ModelFlag, Registry } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";

export class Flags {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #log: Log;
  #flags = new Map<string, readonly ModelFlag[]>();
  /** Raised here and not yet in the store. */
  readonly #untold = new Set<ModelFlag>();
  /** Raised since the last reading of all began: at most one for each model and what it did. */
  #raisedMeanwhile: ModelFlag[] = [];

  constructor(registry: Registry, clock: Clock, log: Log) {
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
  }

  get count(): number {
    return this.#flags.size;
  }

  async load(): Promise<void> {
    await this.tell();
    this.#raisedMeanwhile = [];
    const stored = await this.#registry.flags();
    const flags = new Map<string, readonly ModelFlag[]>();
    for (const flag of stored) add(flags, flag);
    // Raised since the question was asked: the answer may be older than they are.
    for (const flag of new Set([...this.#untold, ...this.#raisedMeanwhile])) add(flags, flag);
    this.#flags = flags;
  }

  has(provider: string, model: string, what: ModelFlag["what"]): boolean {
    const flags = this.#flags.get(flagKey(provider, model));
    return flags?.some((flag) => flag.what === what) ?? false;
  }

  /** Holds here at once, and in the store as soon as it takes it. True when it is new. */
  raise(provider: string, model: string, what: ModelFlag["what"], call: string): boolean {
    if (this.has(provider, model, what)) return false;
    const flag = { provider, model, what, since: this.#clock.wall(), call };
    add(this.#flags, flag);
    this.#untold.add(flag);
    this.#raisedMeanwhile.push(flag);
    void this.tell();
    return true;
  }

  /** Tells the store what it does not know yet; asked again with every flush. */
  async tell(): Promise<void> {
    for (const flag of [...this.#untold]) {
      try {
        await this.#registry.flag(flag);
        this.#untold.delete(flag);
      } catch (error) {
        this.#log.warn("the store did not take a model's flag; it is told again", { error });
        return;
      }
    }
  }
}

function add(flags: Map<string, readonly ModelFlag[]>, flag: ModelFlag): void {
  const key = flagKey(flag.provider, flag.model);
  flags.set(key, [...(flags.get(key) ?? []), flag]);
}

function flagKey(provider: string, model: string): string {
  return `${provider}\u0000${model}`;
}
