/** What calls asked, kept beside the journal for a while, for a manifest to be learned from it. */
import type { InputSettings } from "../config/configuration.ts";
import type { Answer } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { CallInput, InputStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { Aside } from "./aside.ts";
import type { Call } from "./call.ts";
import type { Seal } from "./parking/seal.ts";
import type { Identified } from "./tools/read.ts";

/** Larger arguments are left out: only that there was such a call is kept. */
const ARGUMENTS_BYTES_MAX = 64 * 1024;
/** While the store is away. */
const PENDING_MAX = 10_000;
const PENDING_BYTES_MAX = 16 * 1024 * 1024;
const WRITTEN_AT_ONCE = 500;
/** Equal arguments are kept once in so long, or in half the time for which they are kept. */
const SAME_MS: Millis = 3_600_000;
const SAME_MAX = 20_000;

interface Pending {
  readonly decision: string;
  readonly agent: string;
  readonly at: Millis;
  readonly text: string;
  readonly bytes: number;
}

export class Inputs {
  readonly #store: InputStore;
  readonly #seal: Seal;
  readonly #clock: Clock;
  readonly #aside: Aside<Pending>;
  /** By agent and digest, when its arguments were last kept; the longest ago first. */
  readonly #kept = new Map<string, Millis>();

  constructor(store: InputStore, seal: Seal, clock: Clock, log: Log) {
    this.#store = store;
    this.#seal = seal;
    this.#clock = clock;
    this.#aside = new Aside({
      ...{ what: "inputs of calls", clock, log, itemsMax: PENDING_MAX },
      bytesMax: PENDING_BYTES_MAX,
      writtenMax: WRITTEN_AT_ONCE,
      writtenBytesMax: PENDING_BYTES_MAX,
      write: (items) => this.#write(items),
      prune: (before) => store.prune(before),
    });
  }

  note(call: Call | Identified, answers: readonly Answer[], at: Millis): void {
    const { decision, manifest } = call.incoming;
    const { agent } = manifest;
    const said = "ask" in call ? this.#toolSays(call, answers) : modelSays(call);
    const text = JSON.stringify(said);
    const hasRoom = this.#aside.push({ decision, agent, at, text, bytes: text.length });
    if (hasRoom && "ask" in call && "arguments" in said) this.#keep(agent, call.ask.digest);
  }

  /** Rejects if the store cannot be asked: what is pending is offered again. */
  tick(settings: InputSettings, now: Millis): Promise<void> {
    return this.#aside.tick(settings.keepMs, now);
  }

  /** Everything that is pending now. */
  write(): Promise<void> {
    return this.#aside.write();
  }

  /** What is pending at a stop. Never rejects. */
  stop(): Promise<void> {
    return this.#aside.stop();
  }

  /** What an input says. Throws on one that another key has sealed. */
  open({ decision, sealed }: CallInput): string {
    return this.#seal.open(sealedFor(decision), sealed);
  }

  async #write(items: readonly Pending[]): Promise<void> {
    const inputs = items.map(({ agent, at, decision, text }) => {
      return { agent, at, decision, sealed: this.#seal.close(sealedFor(decision), text) };
    });
    await this.#store.write(inputs);
  }

  #toolSays({ ask, asked, incoming }: Identified, answers: readonly Answer[]) {
    const { bytes, digest, server, tool } = ask;
    const effect = answers.find(({ guard }) => guard === "effect");
    const writes = effect?.numbers.effect !== "read";
    const said = { kind: "tool", server, tool, by: asked.by, writes, digest, bytes } as const;
    const at = this.#kept.get(keyOf(incoming.manifest.agent, digest));
    const { keepMs } = incoming.rules.configuration.inputs;
    const sameMs = Math.min(SAME_MS, keepMs / 2);
    const wasKept = at !== undefined && this.#clock.monotonic() - at < sameMs;
    return wasKept || bytes > ARGUMENTS_BYTES_MAX ? said : { ...said, arguments: ask.arguments };
  }

  /** Once they have found room. */
  #keep(agent: string, digest: string): void {
    const key = keyOf(agent, digest);
    this.#kept.delete(key);
    this.#kept.set(key, this.#clock.monotonic());
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > SAME_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function keyOf(agent: string, digest: string): string {
  return `${agent}\u0000${digest}`;
}

function modelSays({ asked, read }: Extract<Call, { kind: "model" }>) {
  const { format, model, outputCap } = asked;
  const hosted = read.ask.serverTools.map(({ type }) => type);
  return { kind: "model", format, model, outputCap, hosted } as const;
}

/** What is sealed for one place cannot be opened as another: parked calls have names like these. */
function sealedFor(decision: string): string {
  return `input ${decision}`;
}
