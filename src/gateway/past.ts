/** The manifests under which running tasks began, where they are no longer the ones in force. */
import type { Configuration } from "../config/configuration.ts";
import { governing } from "../guards/manifest/change.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import { revisionOf } from "./ruleset.ts";

/** Configurations held at once; the longest unused is read from the store again. */
const HELD_MAX = 16;
/** What was put together for one manifest of now; beyond it all of that is put together anew. */
const MERGED_MAX = 100;

/** Null: the store has none, or it is none that this version can read. */
export type ReadPast = (bundle: string) => Promise<Configuration | null>;

export class Past {
  readonly #read: ReadPast;
  readonly #reading = new Map<string, Promise<Configuration | null>>();
  readonly #held = new Map<string, Configuration>();
  /** By the manifest of now, which is another object after each change, then by the old files. */
  readonly #merged = new WeakMap<Manifest, Map<string, Manifest>>();

  constructor(read: ReadPast) {
    this.#read = read;
  }

  /** Null: what it was cannot be said. */
  async manifest(now: Manifest, bundle: string): Promise<Manifest | null> {
    const known = this.#merged.get(now)?.get(bundle);
    if (known !== undefined) return known;
    const past = await this.#configuration(bundle);
    const before = past?.agents.get(now.agent);
    if (past === null || before === undefined) return null;
    const merged = { ...governing(now, before), began: revisionOf(past) };
    const all = this.#merged.get(now) ?? new Map<string, Manifest>();
    if (all.size >= MERGED_MAX) all.clear();
    this.#merged.set(now, all.set(bundle, merged));
    return merged;
  }

  async #configuration(bundle: string): Promise<Configuration | null> {
    const past = this.#held.get(bundle) ?? (await this.#readOnce(bundle));
    this.#held.delete(bundle);
    if (past === null) return null;
    this.#held.set(bundle, past);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD_MAX && oldest !== undefined) this.#held.delete(oldest);
    return past;
  }

  /** After a change all running tasks ask for the same files at once. */
  #readOnce(bundle: string): Promise<Configuration | null> {
    const reading = this.#reading.get(bundle) ?? this.#read(bundle);
    this.#reading.set(bundle, reading);
    return reading.finally(() => this.#reading.delete(bundle));
  }
}
