/**
 * What calls asked, kept beside the journal for a while, so that a manifest can be learned from it.
 * A call costs one push; sealing and writing are done every second, off its path. Nothing of a call
 * hangs on it: what finds no room is left out, counted and told.
 */
import type { InputSettings } from "../config/configuration.ts";
import type { Answer } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { CallInput, InputStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
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
const PRUNE_MS: Millis = 60_000;

interface Pending {
  readonly decision: string;
  readonly agent: string;
  readonly at: Millis;
  readonly text: string;
}

export class Inputs {
  readonly #store: InputStore;
  readonly #seal: Seal;
  readonly #clock: Clock;
  readonly #log: Log;
  #pending: Pending[] = [];
  #bytes = 0;
  #dropped = 0;
  #writing: Promise<void> | null = null;
  /** By agent and digest, when its arguments were last kept; the longest ago first. */
  readonly #kept = new Map<string, Millis>();
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(store: InputStore, seal: Seal, clock: Clock, log: Log) {
    this.#store = store;
    this.#seal = seal;
    this.#clock = clock;
    this.#log = log;
  }

  note(call: Call | Identified, answers: readonly Answer[], at: Millis): void {
    const { decision, manifest } = call.incoming;
    const { agent } = manifest;
    const said = "ask" in call ? this.#toolSays(call, answers) : modelSays(call);
    const text = JSON.stringify(said);
    if (this.#pending.length >= PENDING_MAX || this.#bytes + text.length > PENDING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#bytes += text.length;
    this.#pending.push({ decision, agent, at, text });
    if ("ask" in call && "arguments" in said) this.#keep(agent, call.ask.digest);
  }

  /** Rejects if the store cannot be asked: what is pending is offered again. */
  async tick(settings: InputSettings, now: Millis): Promise<void> {
    if (this.#dropped > 0) {
      this.#log.warn("inputs of calls were not kept: too many waited for the store", {
        dropped: this.#dropped,
      });
      this.#dropped = 0;
    }
    await this.write();
    const monotonic = this.#clock.monotonic();
    if (monotonic - this.#prunedAt < Math.min(PRUNE_MS, settings.keepMs)) return;
    this.#prunedAt = monotonic;
    await this.#store.prune(now - settings.keepMs);
  }

  /** Everything that is pending now. */
  async write(): Promise<void> {
    // What came since that began is not in it.
    await this.#writing;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  /** What is pending at a stop. Never rejects: a gateway that stops does not wait for evidence. */
  async stop(): Promise<void> {
    try {
      await this.write();
    } catch (error) {
      this.#log.warn("inputs of the last calls were not kept", { error });
    }
  }

  /** What an input says. Throws on one that another key has sealed. */
  open({ decision, sealed }: CallInput): string {
    return this.#seal.open(sealedFor(decision), sealed);
  }

  async #drain(): Promise<void> {
    for (let left = this.#pending.length; left > 0; left -= WRITTEN_AT_ONCE) {
      const taken = this.#pending.slice(0, WRITTEN_AT_ONCE);
      const inputs = taken.map(({ text, ...input }) => {
        return { ...input, sealed: this.#seal.close(sealedFor(input.decision), text) };
      });
      await this.#store.write(inputs);
      this.#pending = this.#pending.slice(taken.length);
      this.#bytes -= taken.reduce((sum, { text }) => sum + text.length, 0);
    }
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
