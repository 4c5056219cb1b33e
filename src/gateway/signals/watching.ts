/**
 * Once a second the breakers look. Beside the upkeep, and not in it: of very many agents a look may
 * take longer than the books are to wait for.
 */
import { EverySecond } from "../every-second.ts";
import type { Gateway } from "../gateway.ts";
import { follow } from "./follow.ts";

export class Watching {
  readonly #gateway: Gateway;
  readonly #loop: EverySecond;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#loop = new EverySecond(gateway.clock, () => this.tick());
  }

  start(): void {
    this.#loop.start();
  }

  /** Waits for the look under way. */
  stop(): Promise<void> {
    return this.#loop.stop();
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
