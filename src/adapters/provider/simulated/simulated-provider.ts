import type { ProviderRules } from "../../../guards/provider-rules.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Exchange, Provider, Sink, UpstreamRequest } from "../../../ports/provider.ts";
import { SimulatedExchange } from "./exchange.ts";
import { DEFAULT_SCRIPT, type Script } from "./script.ts";
import { turnOf } from "./turn.ts";

/** What this adapter needs to know of a provider. The configuration's settings have it all. */
export interface SimulatedSettings {
  readonly rules: ProviderRules;
  readonly simulated: Script | null;
}

/** A provider inside this process that asks no model, for trying the gateway and for tests. */
export function simulatedProvider(settings: SimulatedSettings, clock: Clock): Provider {
  return new SimulatedProvider(settings, clock);
}

class SimulatedProvider implements Provider {
  readonly rules: ProviderRules;
  readonly #script: Script;
  readonly #clock: Clock;
  /** As many as the gateway has calls in flight, which it bounds. */
  readonly #live = new Set<SimulatedExchange>();
  #calls = 0;
  #closed = false;

  constructor(settings: SimulatedSettings, clock: Clock) {
    this.rules = settings.rules;
    this.#script = settings.simulated ?? DEFAULT_SCRIPT;
    this.#clock = clock;
  }

  send(request: UpstreamRequest, sink: Sink): Exchange {
    const { format, body, timeoutMs } = request;
    if (this.#closed) queueMicrotask(() => exchange.reset()); // before its own first step
    const number = ++this.#calls;
    const turn = turnOf({ format, body, number, wall: this.#clock.wall() }, this.#script);
    const { latencyMs, chunkMs } = this.#script;
    const exchange: SimulatedExchange = new SimulatedExchange(
      turn,
      { latencyMs, chunkMs, timeoutMs },
      this.#clock,
      watched(sink, () => this.#live.delete(exchange)),
    );
    this.#live.add(exchange);
    return exchange;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#live) exchange.reset();
  }
}

function watched(sink: Sink, over: () => void): Sink {
  return {
    mayWrite: () => sink.mayWrite(),
    head: (status, headers) => sink.head(status, headers),
    data: (chunk) => sink.data(chunk),
    end: () => {
      over();
      sink.end();
    },
    fail: (fault) => {
      over();
      sink.fail(fault);
    },
  };
}
