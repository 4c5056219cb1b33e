/** What the store is still to be told of commitments. */
import type { Log } from "../../telemetry/log.ts";

export class Owed {
  readonly #owed = new Map<string, () => Promise<void>>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Told now; until the store has taken it, every second again. Never rejects. */
  async owe(id: string, tell: () => Promise<void>): Promise<void> {
    this.#owed.set(id, tell);
    await this.#pay(id, tell);
  }

  async pay(): Promise<void> {
    for (const [id, tell] of [...this.#owed]) if (!(await this.#pay(id, tell))) return;
  }

  async #pay(id: string, tell: () => Promise<void>): Promise<boolean> {
    try {
      await tell();
      if (this.#owed.get(id) === tell) this.#owed.delete(id);
      return true;
    } catch (error) {
      this.#log.warn("the store was not told of a commitment; it is told again", { id, error });
      return false;
    }
  }
}
