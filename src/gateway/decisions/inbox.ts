/**
 * Takes up outcomes of this gateway's decisions that were reported at another one: at once where
 * the store tells of them, and with the next heartbeat where it does not. While nothing waits it
 * asks the store for nothing.
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { OutcomeStore, ReportedOutcome } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Holding } from "../holding.ts";
import type { Seal } from "../parking/seal.ts";
import type { OpenDecisions } from "./open.ts";
import { reportOf } from "./report.ts";

/** Each may be as large as a tool's answer, and all of them are in memory at once. */
const AT_ONCE = 8;
/** Whoever reported one has been answered long since, and what it was reported on has ended. */
const KEPT_MS: Millis = 10 * 60_000;
const PRUNE_MS: Millis = 60_000;

/** What it needs to know of its gateway. */
interface Around {
  readonly clock: Clock;
  readonly holding: Holding;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly openDecisions: OpenDecisions;
  readonly seal: Seal;
  readonly store: { readonly outcomes: OutcomeStore };
}

export class Inbox {
  #isDue = false;
  #reading: Promise<void> | null = null;
  #prunedAt: Millis = Number.NEGATIVE_INFINITY;

  /** Never rejects, and never twice at the same time. */
  look(gateway: Around): Promise<void> {
    this.#isDue = true;
    this.#reading ??= this.#read(gateway).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Every second. Rejects if the store cannot be asked. */
  async tick({ clock, holding, store }: Around): Promise<void> {
    if (clock.monotonic() - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = clock.monotonic();
    await store.outcomes.prune(holding.storeNow() - KEPT_MS);
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    await this.#reading;
  }

  async #read(gateway: Around): Promise<void> {
    try {
      while (this.#isDue) {
        this.#isDue = false;
        if (await takeSome(gateway)) this.#isDue = true;
      }
    } catch (error) {
      gateway.log.warn("reported outcomes were not taken up; the next heartbeat asks again", {
        error,
      });
    }
  }
}

/**
 * True: there may be more. What was taken, but not answered because the store was lost, is found
 * again as reported before.
 */
async function takeSome(gateway: Around): Promise<boolean> {
  const { holding, store } = gateway;
  const { id: holder } = holding.tenure;
  const reported = await store.outcomes.waiting(holder, AT_ONCE);
  if (reported.length === 0) return false;
  const answered = reported.map((one) => ({ id: one.id, answer: take(one, gateway) }));
  await store.outcomes.answer(holder, answered);
  return reported.length === AT_ONCE;
}

/** What cannot be read settles nothing, and says so: the rest is not to wait behind it. */
function take({ body, id }: ReportedOutcome, gateway: Around): "taken" | "ended" {
  const { log, metrics, openDecisions, seal } = gateway;
  try {
    const became = openDecisions.report(reportOf(seal.open(id, body)));
    metrics.reported("elsewhere", became);
    return became === "dropped" ? "ended" : "taken";
  } catch (error) {
    metrics.error("outcome");
    log.error("a reported outcome cannot be read", { outcome: id, error });
    return "ended";
  }
}
