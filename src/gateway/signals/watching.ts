/**
 * Once a second the breakers look. Beside the upkeep, and not in it: of very many agents a look may
 * take longer than the books are to wait for.
 */
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { follow } from "./follow.ts";

const TICK_MS: Millis = 1_000;

export class Watching {
  readonly #gateway: Gateway;
  #cancel: () => void = () => {};
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  start(): void {
    this.#cancel = this.#gateway.clock.after(TICK_MS, () => {
      this.#running = this.tick().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Waits for the look under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** Never rejects. */
  async tick(): Promise<void> {
    const { holding, log, metrics, rules, signals } = this.#gateway;
    try {
      const alarms = await signals.tick(holding.tenure, rules, holding.storeNow());
      for (const alarm of alarms) follow(holding.tenure, alarm, this.#gateway);
    } catch (error) {
      metrics.error("signals");
      log.warn("the breakers were cut short; they look again a second later", { error });
    }
  }
}
