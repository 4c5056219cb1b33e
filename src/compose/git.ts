/** A branch or tag of a Git remote as the source of configurations. */
import { TreeUnreadable } from "../adapters/guardrails/git/git-source.ts";
import { bundleOf } from "../config/bundle.ts";
import type { Configuration } from "../config/configuration.ts";
import { loadTree } from "../config/load.ts";
import type { GuardrailsSource, GuardrailsTree } from "../ports/guardrails.ts";
import type { Store } from "../ports/store.ts";
import { type Reading, readBundle } from "./bundles.ts";
import type { Guardrails, Sourced } from "./sourced.ts";
import { todayText } from "./today.ts";

/** The newest commit that the remote has shown. */
export interface SeenCommit {
  readonly commit: string;
  readonly tree: GuardrailsTree;
  /** The one before, if this does not follow from it. */
  readonly rewrittenFrom: string | null;
}

export class GitGuardrails implements Guardrails {
  readonly source: string;
  readonly #remote: GuardrailsSource;
  readonly #reading: Reading;
  #seen: SeenCommit | null = null;
  #looking: Promise<string | null> | null = null;

  constructor(remote: GuardrailsSource, reading: Reading) {
    this.source = remote.name;
    this.#remote = remote;
    this.#reading = reading;
  }

  get seen(): SeenCommit | null {
    return this.#seen;
  }

  /** Asks the remote; null, or why it could not be asked. Two never fetch at once. */
  look(): Promise<string | null> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async load(): Promise<Sourced> {
    const because = await this.look();
    return because === null ? this.readSeen() : { kind: "unavailable", because };
  }

  /** What was seen last, without asking again. */
  async readSeen(): Promise<Sourced> {
    if (this.#seen === null) return { kind: "unavailable", because: "nothing was fetched yet" };
    const { commit, tree } = this.#seen;
    try {
      return await loadTree(tree, { ...this.#reading, today: todayText(), commit });
    } catch (error) {
      if (!(error instanceof TreeUnreadable)) throw error;
      // What was fetched is damaged: it is fetched again at the next look.
      this.#seen = null;
      await this.#remote.close();
      return { kind: "unavailable", because: error.message };
    }
  }

  /** The environment may be another one here: what it makes of the files has to be the same. */
  async kept(digest: string, { bundles }: Pick<Store, "bundles">): Promise<Configuration | null> {
    const bundle = await bundles.find(bundleOf(digest));
    if (bundle?.source !== this.source) return null;
    const loaded = await readBundle(bundle, this.#reading);
    const isSame = loaded.kind === "ok" && loaded.configuration.digest === digest;
    return isSame ? loaded.configuration : null;
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  async #look(): Promise<string | null> {
    const known = this.#seen?.commit ?? null;
    const looked = await this.#remote.look(known);
    switch (looked.kind) {
      case "same":
        return null;
      case "failed":
        return looked.because;
      case "commit": {
        const { commit, rewritten, tree } = looked;
        this.#seen = { commit, tree, rewrittenFrom: rewritten ? known : null };
        return null;
      }
    }
  }
}
