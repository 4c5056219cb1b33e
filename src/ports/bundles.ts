/** The files of configurations, by their content: other gateways follow from them. */

/** The files of one configuration. */
export interface Bundle {
  /** `dir:` and the SHA-256 of its files, with which the digests of configurations begin. */
  readonly id: string;
  /** Of Git: the remote, the ref and the folder it was read from; null: a folder of its own. */
  readonly source: string | null;
  readonly commit: string | null;
  /** The files, packed. */
  readonly content: Uint8Array;
}

export interface BundleStore {
  /**
   * Once for each id; kept again it is the newest, with the source and the commit that it has now
   * (if it has any). Beyond `BUNDLES_MAX` the oldest are dropped, but none that is in force, that a
   * live holder runs, or with which a task began that has not ended.
   */
  keep(bundle: Bundle): Promise<void>;
  find(id: string): Promise<Bundle | null>;
  /** Kept last of this source. */
  latest(source: string): Promise<Bundle | null>;
}

/** Beside those in use. */
export const BUNDLES_MAX = 50;
