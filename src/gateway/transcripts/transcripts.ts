/**
 * What tasks say and are told, where that is kept. A call costs a push, and its answer a copy of
 * its bytes; they are read, held against what is there, sealed and written every second, off its
 * path.
 */
import type { TranscriptSettings } from "../../config/configuration.ts";
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  Store,
  TaskRef,
  TranscriptEntry,
  TranscriptLine,
  TranscriptStore,
} from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { argumentsText } from "../../wire/said.ts";
import { Aside } from "../aside.ts";
import { joined } from "../body.ts";
import type { Caller, ModelCall } from "../call.ts";
import type { Seal } from "../parking/seal.ts";
import type { Identified } from "../tools/read.ts";
import { clipped } from "./clipped.ts";
import { answerDrafts, type Draft, requestDrafts, toldDrafts } from "./drafts.ts";
import { type Recorded, Recording, type Tape } from "./recording.ts";

/** While the store is away. */
const PENDING_MAX = 10_000;
const PENDING_BYTES_MAX = 16 * 1024 * 1024;
/** Read in one stretch, in which nothing else is done. */
const WRITTEN_AT_ONCE = 100;
const READ_BYTES_MAX = 256 * 1024;
/** Of all answers that are on their way. */
const TAPE_BYTES_MAX = 64 * 1024 * 1024;
/** What was kept goes after this, once nothing is kept any more. */
const FORGOTTEN_MS: Millis = 7 * 24 * 3_600_000;
/** What is still too old then goes a minute later. */
const PRUNES_MAX = 100;
/** What a pending call takes beside its texts. */
const ITEM_BYTES = 256;

/** What became of a call when it was decided. */
export type Came =
  | { readonly verdict: "allowed" }
  | { readonly verdict: "refused" | "parked"; readonly why: string };

interface Pending {
  readonly task: TaskRef;
  readonly settings: TranscriptSettings;
  readonly at: Millis;
  readonly bytes: number;
  /** Off the path of its call. */
  readonly read: () => readonly Draft[];
}

interface TranscriptParts {
  readonly store: Pick<Store, "transcripts">;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Log;
}

export class Transcripts {
  readonly #store: TranscriptStore;
  readonly #seal: Seal;
  readonly #now: () => Millis;
  readonly #aside: Aside<Pending>;
  readonly #tape: Tape = { bytes: 0, bytesMax: TAPE_BYTES_MAX };

  /** `now`: by the store's clock. */
  constructor({ clock, log, seal, store }: TranscriptParts, now: () => Millis) {
    this.#store = store.transcripts;
    this.#seal = seal;
    this.#now = now;
    this.#aside = new Aside({
      ...{ what: "parts of transcripts", clock, log },
      ...{ itemsMax: PENDING_MAX, bytesMax: PENDING_BYTES_MAX },
      ...{ writtenMax: WRITTEN_AT_ONCE, writtenBytesMax: READ_BYTES_MAX },
      write: (items) => this.#write(items),
      prune: (before) => this.#prune(before),
    });
  }

  /** What a call asks, and what was said to that. */
  asked(call: ModelCall | Identified, came: Came): void {
    if ("ask" in call) {
      // The answer that it stands in is kept with it, and the agent runs it.
      if (came.verdict !== "allowed" || !isOfAnswer(call)) this.#toolAsked(call, came);
      return;
    }
    const { body, incoming, read, told, wire } = call;
    const { decision } = incoming;
    this.#push(incoming, body.bytes.length, () => {
      const drafts = requestDrafts(decision, wire.said.request(read.root), this.#seal);
      if (came.verdict === "allowed") return [...drafts, ...toldDrafts(decision, told)];
      return [...drafts, verdict(incoming, came.verdict, came.why)];
    });
  }

  /** What a tool call came to. */
  ended(
    call: Identified,
    outcome: "ok" | "error" | "fault",
    said: { readonly bytes: number; readonly text: () => string },
  ): void {
    if (isOfAnswer(call)) return;
    const { ask, incoming } = call;
    const { decision } = incoming;
    const { server, tool } = ask;
    this.#push(incoming, said.bytes, () => {
      const entry = { kind: "result", decision, server, tool, outcome, text: said.text() } as const;
      return [{ mark: `result ${decision}`, entry }];
    });
  }

  /** Takes down what its client is answered; null: nothing of it is kept. */
  recording(call: ModelCall): Recording | null {
    if (settingsOf(call.incoming) === null) return null;
    return new Recording(call, this.#tape, (recorded) => this.#answered(recorded));
  }

  /** Rejects if the store cannot be asked: what is pending is offered again. */
  tick(settings: TranscriptSettings | null, now: Millis): Promise<void> {
    return this.#aside.tick(settings?.keepMs ?? FORGOTTEN_MS, now);
  }

  /** Everything that is pending now. */
  write(): Promise<void> {
    return this.#aside.write();
  }

  /** What is pending at a stop. Never rejects. */
  stop(): Promise<void> {
    return this.#aside.stop();
  }

  /** What a line says, as JSON of an entry. Throws on one that another key has sealed. */
  open(task: TaskRef, { mark, sealed }: TranscriptLine): string {
    return this.#seal.open(sealedFor(task, mark), sealed);
  }

  #toolAsked({ ask, asked, incoming }: Identified, came: Came): void {
    const { decision } = incoming;
    const { server, tool } = ask;
    const why = came.verdict === "allowed" ? null : came.why;
    this.#push(incoming, ask.bytes, () => {
      const said = { arguments: argumentsText(ask.arguments), verdict: came.verdict, why };
      const entry = { kind: "call", decision, server, tool, by: asked.by, ...said } as const;
      return [{ mark: `call ${came.verdict} ${decision}`, entry }];
    });
  }

  #answered(recorded: Recorded): void {
    const { call, bytes, outcome } = recorded;
    const { incoming, read, wire } = call;
    this.#push(incoming, bytes, () => {
      const { error, messages } = readAnswer(recorded);
      const asked = messages.length === 0 ? [] : wire.said.request(read.root);
      const drafts = answerDrafts(incoming.decision, messages, asked, this.#seal);
      if (outcome.kind === "ok") return drafts;
      const why = [outcome.fault ?? outcome.kind, error].filter((text) => text !== null);
      return [...drafts, verdict(incoming, "broken", why.join(": "))];
    });
  }

  #push(incoming: Caller, bytes: number, read: Pending["read"]): void {
    const settings = settingsOf(incoming);
    if (settings === null) return;
    const task = { agent: incoming.manifest.agent, id: incoming.taskName.id };
    const at = this.#now();
    this.#aside.push({ task, settings, at, bytes: ITEM_BYTES + bytes, read });
  }

  async #prune(before: Millis): Promise<void> {
    for (let round = 0; round < PRUNES_MAX; round += 1) {
      if (!(await this.#store.prune(before))) return;
    }
  }

  async #write(items: readonly Pending[]): Promise<void> {
    const tasks = new Map<string, Pending[]>();
    for (const item of items) {
      const key = JSON.stringify([item.task.agent, item.task.id]);
      tasks.set(key, [...(tasks.get(key) ?? []), item]);
    }
    await Promise.all([...tasks.values()].map((ofTask) => this.#writeTask(ofTask)));
  }

  async #writeTask(items: readonly Pending[]): Promise<void> {
    const last = items.at(-1);
    if (last === undefined) return;
    const { settings, task } = last;
    const read = items.map((item) => ({ item, drafts: item.read() }));
    const marks = new Set(read.flatMap(({ drafts }) => drafts.map(({ mark }) => mark)));
    const known = await this.#store.known(task, [...marks]);
    const there = new Set(known.marks);
    const lines: TranscriptLine[] = [];
    for (const { drafts, item } of read) {
      const fresh = freshOf(drafts, there, known.dropped > 0);
      for (const { mark } of fresh) there.add(mark);
      if (known.erasedAt === null) lines.push(...this.#sealed(fresh, item));
      // Nothing is kept of it; that it goes on is all that is told.
      else lines.push({ mark: "erased", at: item.at, sealed: new Uint8Array(0) });
    }
    await this.#store.write(task, lines, settings.bytesPerTask);
  }

  /** The newest has room first. */
  #sealed(drafts: readonly Draft[], { at, settings, task }: Pending): readonly TranscriptLine[] {
    const room = { bytes: settings.bytesPerCall };
    const fit = drafts.toReversed().map(({ entry, mark }) => {
      const text = JSON.stringify(clipped(entry, room));
      return { mark, at, sealed: this.#seal.close(sealedFor(task, mark), text) };
    });
    return fit.toReversed();
  }
}

function isOfAnswer({ asked }: Identified): boolean {
  return asked.by === "answer";
}

function settingsOf({ manifest, rules }: Caller): TranscriptSettings | null {
  return manifest.transcripts ? rules.configuration.transcripts : null;
}

/**
 * Those that are not there. Of a task of which old lines had to go, what stands before the first
 * that is known is taken for those: else they would come back with every request.
 */
function freshOf(
  drafts: readonly Draft[],
  there: ReadonlySet<string>,
  hasDropped: boolean,
): readonly Draft[] {
  const first = drafts.findIndex(({ mark }) => there.has(mark));
  const from = hasDropped && first > 0 ? first : 0;
  return drafts.slice(from).filter(({ mark }) => !there.has(mark));
}

function readAnswer({ bytes, call, chunks, isCut, outcome }: Recorded) {
  const { read, wire } = call;
  const all = joined(chunks);
  const isError = (outcome.status ?? 0) >= 400;
  if (read.ask.stream && !isError) return { messages: wire.said.stream(all), error: null };
  if (isCut) return { messages: [TOO_LARGE], error: null };
  const text = all.toString("utf8");
  if (!isError) return { messages: wire.said.answer(text), error: null };
  return { messages: [], error: wire.answer(text, bytes).error?.message ?? null };
}

const TOO_LARGE = {
  role: "assistant",
  parts: [{ kind: "text", text: "[an answer that is too large to be kept]" }],
} as const;

function verdict(
  { call, decision }: Caller,
  said: "refused" | "parked" | "broken",
  why: string,
): Draft {
  const entry: TranscriptEntry = { kind: "verdict", decision, verdict: said, why };
  return { mark: `${said} ${said === "parked" ? call : decision}`, entry };
}

/** What is sealed for one place cannot be opened as another: parked calls have names like these. */
function sealedFor({ agent, id }: TaskRef, mark: string): string {
  return `transcript ${JSON.stringify([agent, id, mark])}`;
}
