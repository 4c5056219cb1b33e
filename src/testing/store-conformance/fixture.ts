import type { Store } from "../../ports/store.ts";

/** One fresh, empty store, as the suites need it. */
export interface Fixture {
  /**
   * One more handle on the same data, as another process would have it. An adapter that has only
   * one process may answer the same object again. The suites close none: `dispose` does.
   */
  store(): Promise<Store>;
  /** Moves the adapter's clock, where it can be moved. */
  advance?(ms: number): void;
  /** Where it cannot: lets what notifiers are held by be so much older, in the data itself. */
  ageNotifiers?(ms: number): Promise<void>;
  /** Closes every handle and removes the data. */
  dispose(): Promise<void>;
}

export type OpenFixture = () => Promise<Fixture>;
