/**
 * What reviewers have said to agents that go on. The next call of the task tells its model, in one
 * block beside the system prompt; once a call has been answered that told it, it is told no more.
 * Calls that are out together may each tell it: that is better than none.
 */
import type { AgentMessage, MessageStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { Newest } from "./newest.ts";

/** Of all agents at once; the oldest come first. */
const PENDING_MAX = 10_000;
/** What stands between two of them, or around their text in a request, in bytes. */
const AROUND_BYTES = 64;
const NONE: readonly AgentMessage[] = [];

export class Messages {
  readonly #store: MessageStore;
  readonly #log: Log;
  #byTask = new Map<string, readonly AgentMessage[]>();
  /** Told here, and not out of the store yet. */
  readonly #told = new Map<string, AgentMessage>();
  /** Those too that are out: what was read before may come late. */
  readonly #heard = new Newest<true>(PENDING_MAX);
  #loads = 0;
  #loaded = 0;

  constructor(store: MessageStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Before an agent goes on: what it is to be told is known by then. */
  async load(): Promise<void> {
    this.#loads += 1;
    const no = this.#loads;
    const pending = await this.#store.pending(PENDING_MAX);
    if (no < this.#loaded) return;
    this.#loaded = no;
    const fresh = pending.filter((message) => !this.#isHeard(message));
    this.#byTask = Map.groupBy(fresh, ({ agent, task }) => taskKey(agent, task));
  }

  of(agent: string, task: string): readonly AgentMessage[] {
    if (this.#byTask.size === 0) return NONE;
    return this.#byTask.get(taskKey(agent, task)) ?? NONE;
  }

  /** A model has answered a call that told these; those that nobody had told here before. */
  told(messages: readonly AgentMessage[]): readonly AgentMessage[] {
    const fresh = messages.filter((message) => !this.#isHeard(message));
    for (const message of fresh) {
      const { agent, task } = message;
      this.#heard.set(keyOf(message), true);
      this.#told.set(keyOf(message), message);
      const left = this.of(agent, task).filter((each) => keyOf(each) !== keyOf(message));
      this.#byTask.set(taskKey(agent, task), left);
    }
    if (fresh.length > 0) void this.tick();
    return fresh;
  }

  #isHeard(message: AgentMessage): boolean {
    return this.#heard.get(keyOf(message)) !== undefined;
  }

  /** Every second too: what the store has not heard is said again. Never rejects. */
  async tick(): Promise<void> {
    const told = [...this.#told.values()];
    if (told.length === 0) return;
    try {
      await this.#store.told(told);
      for (const message of told) this.#told.delete(keyOf(message));
    } catch (error) {
      this.#log.warn("the store was not told that agents have heard; it is told again", { error });
    }
  }
}

/** One block, however many there are; null: nothing is to be told. */
export function toldText(messages: readonly AgentMessage[]): string | null {
  if (messages.length === 0) return null;
  const lines = messages.map(({ text }) => `From the person who reviewed this work: ${text}`);
  return lines.join("\n");
}

/**
 * The most that it adds to the input, in bytes and so in tokens: of the text as it is, or of its
 * NFKC form where that is longer.
 */
export function toldBytes(messages: readonly AgentMessage[]): number {
  const text = toldText(messages);
  if (text === null) return 0;
  const folded = Buffer.byteLength(text.normalize("NFKC"));
  return Math.max(Buffer.byteLength(text), folded) + AROUND_BYTES;
}

function taskKey(agent: string, task: string): string {
  return `${agent}\u0000${task}`;
}

function keyOf({ id, task }: AgentMessage): string {
  return `${id}\u0000${task}`;
}
