/** The provider of a simulation: it decides by chance how each call goes, and keeps what it bills. */
import type { Gateway } from "../../src/gateway/gateway.ts";
import { type Amounts, NOTHING, type Unit } from "../../src/guards/budget/unit.ts";
import type { ProviderRules } from "../../src/guards/provider-rules.ts";
import type { Exchange, Fault, Provider, Sink, UpstreamRequest } from "../../src/ports/provider.ts";
import type { Process, World } from "./world.ts";

/** Nano-USD for a token; the prices of the simulation's folder. */
export const INPUT_NANO = 1_000;
export const OUTPUT_NANO = 10_000;

/** One call, as somebody sees it who knows everything. */
export interface Truth {
  readonly id: string;
  readonly holder: string;
  readonly legs: readonly Leg[];
  /** When the provider had the whole request. */
  writtenAt: number | null;
  /** Written after the process had stood still between its check and the write. */
  inGap: boolean;
  /** What the provider bills in the end; null while nobody can know. */
  billed: Amounts | null;
}

export interface Leg {
  readonly account: string;
  readonly unit: Unit;
  readonly reserved: number;
}

export interface UpstreamSettings {
  readonly world: World;
  readonly process: Process;
  readonly gateway: () => Gateway;
  readonly calls: Map<string, Truth>;
  readonly onWrite: (call: Truth) => void;
  readonly onBilled: (call: Truth) => void;
  readonly shares: Shares;
}

/** Of calls, from 0 to 1. */
export interface Shares {
  faults: number;
  overbilled: number;
  gaps: number;
}

interface Asked {
  readonly user: string;
  readonly max_completion_tokens: number;
  readonly stream?: boolean;
}

type Ending = "ok" | "no-usage" | "error" | "reset" | "garbage" | "silent";

/** Longer than a fenced process needs to come back, so that some calls end under a former tenure. */
const LONG_MS = 20_000;
const GAP_MS = 15_000;
const SILENCE_MS = 30_000;

export function upstream(settings: UpstreamSettings, rules: ProviderRules): Provider {
  return {
    rules,
    send: (request, sink) => new Sending(settings, request, sink).begin(),
    close: async () => {},
  };
}

class Sending implements Exchange {
  readonly #settings: UpstreamSettings;
  readonly #sink: Sink;
  readonly #asked: Asked;
  readonly #call: Truth;
  #over = false;

  constructor(settings: UpstreamSettings, request: UpstreamRequest, sink: Sink) {
    this.#settings = settings;
    this.#sink = sink;
    // Requests of this simulation are made by its own clients.
    this.#asked = JSON.parse(Buffer.from(request.body).toString("utf8")) as Asked;
    const id = this.#asked.user;
    const known = settings.gateway().inFlight.get(id);
    if (known === undefined) throw new Error(`${id} was sent without being in flight`);
    const { budgets } = known.call.incoming.rules.configuration;
    const legs = known.admitted().legs.map(({ budget, reserved, scope, unit, window: starts }) => {
      const window = budgets.find(({ name }) => name === budget)?.window ?? "none";
      return { account: accountName({ budget, scope, unit, window, starts }), unit, reserved };
    });
    const holder = known.call.incoming.tenure.id;
    const fresh = { writtenAt: null, inGap: false, billed: null };
    this.#call = { id, holder, legs, ...fresh };
    if (settings.calls.has(id)) throw new Error(`${id} was sent twice`);
    settings.calls.set(id, this.#call);
  }

  begin(): Exchange {
    const { random } = this.#settings.world;
    const connectMs = random.chance(0.05) ? random.between(50, 13_000) : random.between(0, 30);
    this.#inside(connectMs, () => {
      if (random.chance(this.#settings.shares.faults / 4)) this.#fail("unreachable", false);
      else this.#write();
    });
    return this;
  }

  pause(): void {}

  resume(): void {}

  abort(): void {
    this.#inside(0.1, () => this.#fail("aborted", this.#call.writtenAt !== null));
  }

  /** The check, and in the same stretch the write; only the whole process can stop in between. */
  #write(): void {
    if (this.#over) return;
    const { process, shares, world } = this.#settings;
    if (!this.#sink.mayWrite()) return this.#fail("held", false);
    if (!world.random.chance(shares.gaps)) return this.#written();
    process.stopBefore(() => {
      this.#call.inGap = true;
      this.#written();
    }, GAP_MS);
  }

  #written(): void {
    const { onWrite, world } = this.#settings;
    const { random } = world;
    this.#call.writtenAt = world.now;
    onWrite(this.#call);
    const answerMs = random.chance(0.05) ? random.between(500, LONG_MS) : random.between(5, 400);
    // What happens at the provider happens whatever becomes of the gateway.
    world.after(answerMs, () => this.#answer(this.#ending()));
  }

  #ending(): Ending {
    const { random } = this.#settings.world;
    if (!random.chance(this.#settings.shares.faults)) return "ok";
    return random.pick(["no-usage", "error", "reset", "garbage", "silent"] as const);
  }

  #answer(ending: Ending): void {
    const { shares, world } = this.#settings;
    const { random } = world;
    const cap = this.#asked.max_completion_tokens;
    const inputMax = this.#inputMax(cap);
    const greedy = random.chance(0.2);
    const input = greedy ? inputMax : random.integer(1, inputMax);
    const over = ending === "ok" && random.chance(shares.overbilled);
    const output = over ? cap * 3 : greedy ? cap : random.integer(0, cap);
    const usd = input * INPUT_NANO + output * OUTPUT_NANO;
    const nothing = { ...NOTHING, calls: 1 };
    const all = { usd, tokens: input + output, calls: 1 };
    this.#call.billed = ending === "error" ? nothing : all;
    this.#settings.onBilled(this.#call);
    this.#inside(1, () => this.#tell(ending, input, output));
  }

  /** The most input that was reserved beside all the output, on every account. */
  #inputMax(cap: number): number {
    const rest = this.#call.legs.flatMap(({ reserved, unit }) => {
      if (unit === "calls") return [];
      const nano = (reserved - cap * OUTPUT_NANO) / INPUT_NANO;
      return [unit === "usd" ? Math.floor(nano) : reserved - cap];
    });
    return Math.min(...rest);
  }

  #tell(ending: Ending, input: number, output: number): void {
    if (this.#over) return;
    const usage = { prompt_tokens: input, completion_tokens: output };
    const named = ending === "ok" ? { usage } : {};
    switch (ending) {
      case "ok":
      case "no-usage":
        if (this.#asked.stream === true)
          return this.#stream(output, ending === "ok" ? usage : null);
        return this.#whole(200, {
          choices: [{ message: { content: "a".repeat(output) } }],
          ...named,
        });
      case "error":
        return this.#whole(500, { error: { message: "broken", type: "server_error" } });
      case "garbage":
        return this.#send("application/json", 200, ['{"choices": [{"mess']);
      case "reset":
        this.#sink.head(200, { "content-type": "application/json" });
        return this.#fail("reset", true);
      case "silent":
        return this.#inside(SILENCE_MS, () => this.#fail("timeout", true));
    }
  }

  #whole(status: number, body: unknown): void {
    this.#send("application/json", status, [JSON.stringify(body)]);
  }

  #stream(output: number, usage: unknown): void {
    const text = { choices: [{ delta: { content: "a".repeat(output) } }] };
    const frames = [text, ...(usage === null ? [] : [{ choices: [], usage }])];
    const lines = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`);
    this.#send("text/event-stream", 200, [...lines, "data: [DONE]\n\n"]);
  }

  #send(type: string, status: number, chunks: readonly string[]): void {
    this.#sink.head(status, { "content-type": type });
    for (const chunk of chunks) if (!this.#over) this.#sink.data(Buffer.from(chunk));
    if (this.#over) return;
    this.#over = true;
    this.#sink.end();
  }

  #fail(kind: Fault["kind"], written: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.fail({ kind, written, message: "by chance" });
  }

  /** Later, in the gateway's own process. */
  #inside(ms: number, run: () => void): void {
    const { process, world } = this.#settings;
    world.after(ms, () => process.deliver(run));
  }
}

export function accountName(of: {
  readonly budget: string;
  readonly scope: string;
  readonly unit: string;
  readonly window: string;
  readonly starts: number;
}): string {
  return `${of.budget}|${of.scope}|${of.unit}|${of.window}|${of.starts}`;
}
