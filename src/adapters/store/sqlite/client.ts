import { Worker } from "node:worker_threads";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import { StoreUnreachable } from "../../../ports/store.ts";
import { fromText } from "./errors.ts";
import type { Answered, Asked, OperationName } from "./operations.ts";
import type { Report, Request, WorkerOptions } from "./protocol.ts";
import type { Change } from "./transaction.ts";

/** Requests that may wait for the disk; beyond them a caller is told at once. */
const WAITING_MAX = 20_000;
/** A request not answered by then is given up: a disk that hangs must not hang its callers. */
const ANSWER_MS_MAX = 10_000;
/** A worker that died is started again at most this often. */
const RESTART_MS_MIN = 1000;
/** How long what was asked before the end may take. */
const END_MS_MAX = 1500;
/** How long a thread that is stopped may take to notice. */
const TERMINATE_MS_MAX = 400;

/** Not the injected clock: one that stands still would wait for a hanging disk for ever. */
function passed(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Monotonic: it is given up then. */
  readonly until: Millis;
}

interface Settings extends Omit<WorkerOptions, "first"> {
  readonly url: URL;
  readonly clock: Clock;
  readonly told: (what: Change) => void;
}

/** The near end of one worker: sends requests, keeps who waits, starts it again if it dies. */
export class WorkerClient {
  readonly #settings: Settings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #startedAt = Number.NEGATIVE_INFINITY;
  #lastNo = 0;
  #isTimed = false;
  #ended = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Its thread is there: until it is first asked, it costs nothing. */
  get runs(): boolean {
    return this.#worker !== null;
  }

  /**
   * Answers when the request is durable. Rejects with `StoreUnreachable`, and says why. Thousands
   * may wait: of each its number is kept, and nothing of what was sent.
   */
  ask<O extends OperationName>(operation: O, ...asked: Asked<O>): Promise<Answered<O>> {
    const answered = new Promise((resolve, reject) => {
      const worker = this.#workerNow();
      const { clock } = this.#settings;
      this.#lastNo += 1;
      const no = this.#lastNo;
      worker.postMessage({ no, operation, now: clock.wall(), asked } satisfies Request);
      const until = clock.monotonic() + ANSWER_MS_MAX;
      this.#waiting.set(no, { resolve, reject, until });
      // Only while somebody waits does the thread keep the process alive.
      if (this.#waiting.size === 1) worker.ref();
      if (!this.#isTimed) this.#giveUpAt(until);
    });
    // `as`: the worker answers a request with what its operation returned.
    return answered as Promise<Answered<O>>;
  }

  /** Throws if none can be asked. */
  #workerNow(): Worker {
    if (this.#ended) throw new StoreUnreachable("the store is closed");
    if (this.#waiting.size >= WAITING_MAX) {
      throw new StoreUnreachable(`${WAITING_MAX} requests wait for the disk already`);
    }
    const worker = this.#worker ?? this.#start();
    if (!worker) throw new StoreUnreachable("the store's thread has just failed");
    return worker;
  }

  /** All wait equally long, so the oldest is the first to be given up: one timer is enough. */
  #giveUpAt(until: Millis): void {
    const { clock } = this.#settings;
    this.#isTimed = true;
    clock.after(until - clock.monotonic(), () => this.#giveUpLate());
  }

  #giveUpLate(): void {
    const now = this.#settings.clock.monotonic();
    this.#isTimed = false;
    for (const [no, { until }] of this.#waiting) {
      if (until > now) return this.#giveUpAt(until);
      this.#fail(no, new StoreUnreachable(`the disk did not answer in ${ANSWER_MS_MAX} ms`));
    }
  }

  /** Starts the worker now; rejects with what is wrong with the file. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = this.#start();
      if (!worker) return reject(new StoreUnreachable("the store's thread has just failed"));
      worker.ref();
      worker.on("error", reject);
      worker.once("message", (report: Report) => {
        if (report.kind === "failed") return reject(fromText(report.error));
        if (this.#waiting.size === 0) worker.unref();
        resolve();
      });
    });
  }

  /**
   * Lets the worker finish what it was asked, for a while, then ends it. False if the thread is
   * still there, stuck in the disk: then the folder must not be given to anybody else.
   */
  async end(): Promise<boolean> {
    this.#ended = true;
    const worker = this.#worker;
    if (!worker) return true;
    worker.ref();
    const gone = new Promise<true>((resolve) => worker.once("exit", () => resolve(true)));
    const message: Request = "end";
    worker.postMessage(message);
    if (await Promise.race([gone, passed(END_MS_MAX)])) return true;
    const ended = worker.terminate().then(() => true);
    if (await Promise.race([ended, passed(TERMINATE_MS_MAX)])) return true;
    worker.unref();
    this.#failAll("it hangs in the disk");
    return false;
  }

  #start(): Worker | null {
    const { url, clock, path, readOnly } = this.#settings;
    if (clock.monotonic() - this.#startedAt < RESTART_MS_MIN) return null;
    const first = this.#startedAt === Number.NEGATIVE_INFINITY;
    this.#startedAt = clock.monotonic();
    const workerData: WorkerOptions = { path, readOnly, first };
    const worker = new Worker(url, {
      workerData,
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    worker.unref();
    worker.on("message", (report: Report) => this.#hear(report));
    worker.on("error", (error) => this.#lose(worker, error.message));
    worker.on("exit", () => this.#lose(worker, "it ended"));
    this.#worker = worker;
    return worker;
  }

  #hear(report: Report): void {
    if (report.kind === "ready") return;
    if (report.kind === "failed") return this.#failAll(report.error.message);
    for (const answer of report.answers) {
      if ("error" in answer) this.#fail(answer.no, fromText(answer.error));
      else this.#settle(answer.no)?.resolve(answer.value);
    }
    for (const what of report.told) this.#settings.told(what);
  }

  /** Whether what was asked has happened is not known: every caller may ask again. */
  #lose(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#failAll(why);
  }

  #failAll(why: string): void {
    const error = new StoreUnreachable(`the store's thread has failed: ${why}`);
    for (const no of [...this.#waiting.keys()]) this.#fail(no, error);
  }

  #fail(no: number, error: Error): void {
    this.#settle(no)?.reject(error);
  }

  #settle(no: number): Waiting | undefined {
    const waiting = this.#waiting.get(no);
    if (!waiting) return undefined;
    this.#waiting.delete(no);
    if (this.#waiting.size === 0 && !this.#ended) this.#worker?.unref();
    return waiting;
  }
}
