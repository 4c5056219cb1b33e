/** After its client has gone, an answer is read on for its usage: for a while, and not too many. */
import type { Millis } from "../guards/money.ts";
import type { Exchange } from "../ports/provider.ts";
import type { Gateway } from "./gateway.ts";

const DRAIN_MS: Millis = 30_000;
const DRAINS_MAX = 256;

export class Drain {
  readonly #gateway: Gateway;
  #isOn = false;
  #cancel: () => void = () => {};

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Cuts it at once where too many are read on already. */
  begin(exchange: Exchange | null): void {
    if (this.#gateway.drains >= DRAINS_MAX) {
      exchange?.abort();
      return;
    }
    this.#isOn = true;
    this.#gateway.drains += 1;
    exchange?.resume();
    this.#cancel = this.#gateway.clock.after(DRAIN_MS, () => exchange?.abort());
  }

  end(): void {
    this.#cancel();
    if (this.#isOn) this.#gateway.drains -= 1;
    this.#isOn = false;
  }
}
