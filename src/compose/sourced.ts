/** What the parts of this folder say to each other of where configurations come from. */
import type { Configuration, Loaded } from "../config/configuration.ts";
import type { Store } from "../ports/store.ts";

/** What is there now, if that can be said. */
export type Sourced = Loaded | Unavailable;

export interface Unavailable {
  readonly kind: "unavailable";
  readonly because: string;
}

/** Where the configuration of this gateway comes from. */
export interface Guardrails {
  /** What its bundles are known by in the store; null: each gateway has a folder of its own. */
  readonly source: string | null;
  load(): Promise<Sourced>;
  /** That which another gateway of this source has put in force; null: the store has none. */
  kept(digest: string, store: Pick<Store, "bundles">): Promise<Configuration | null>;
}
