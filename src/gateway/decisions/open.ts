/**
 * Decisions on tools that the agent runs itself. To the books such a call is like any other: it is
 * sent when its agent is told to go on, and ends with what the agent reports, or after its time.
 *
 *   asked ──allowed──► open ──outcome──► settled for what it used
 *                       └──its time over, or the gateway stops──► settled for the most it may use
 *
 * An outcome that comes again is taken again, and changes nothing: its sender may not have had the
 * answer. Another one after it is not taken.
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ToolEnd, ToolExchange, ToolRequest, ToolRun } from "../../ports/tool-server.ts";
import type { ToolRunner } from "../call.ts";
import type { Report } from "./report.ts";

/** Longer than clients try again. */
const REPORTED_MS: Millis = 60_000;
const REPORTED_MAX = 10_000;

type Owner = Pick<Asked, "agent" | "task">;

interface Open extends Owner {
  /** Once. */
  end(end: ToolEnd): void;
}

export class OpenDecisions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  /** What was taken of late, the oldest first. */
  readonly #reported = new Map<string, Reported>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  /** No outcome can mean anything here. */
  get isIdle(): boolean {
    return this.#open.size === 0 && this.#reported.size === 0;
  }

  /** Where a call of this decision runs: at its agent. `allow` tells it to. */
  runner(decision: string, agent: string, task: string, allow: () => void): ToolRunner {
    return {
      call: (request, run) => {
        queueMicrotask(() => this.#begin({ agent, allow, decision, task }, request, run));
        return this.#exchange(decision);
      },
    };
  }

  /** By the agent that asked, and by a key that is for one task only for decisions of that. */
  report(report: Report): Became {
    const open = this.#open.get(report.decision);
    if (open !== undefined && isBy(report, open)) {
      this.#remember(report, open);
      open.end(report.end);
      return "settled";
    }
    const before = this.#reported.get(report.decision);
    const isSame = before !== undefined && isBy(report, before) && before.digest === report.digest;
    return isSame ? "repeated" : "dropped";
  }

  /** Whatever is open may have run, and nobody here will hear of it. */
  close(): void {
    this.#isClosed = true;
    for (const { end } of [...this.#open.values()]) end(unreported("reset", "the gateway stopped"));
  }

  #begin(asked: Asked, { timeoutMs }: ToolRequest, run: ToolRun): void {
    const { agent, allow, decision, task } = asked;
    // What was being decided when the gateway stopped has no time left to be reported.
    if (this.#isClosed || !run.mayWrite()) {
      const fault = { kind: "held", written: false, message: "not allowed after all" } as const;
      return run.end({ kind: "fault", fault });
    }
    const cancel = this.#clock.after(timeoutMs, () => end(unreportedAfter(timeoutMs)));
    const end = (how: ToolEnd) => {
      if (!this.#open.delete(decision)) return;
      cancel();
      run.end(how);
    };
    this.#open.set(decision, { agent, task, end });
    allow();
  }

  #remember({ decision, digest }: Report, { agent, task }: Owner): void {
    const now = this.#clock.monotonic();
    for (const [old, { until }] of this.#reported) {
      if (until > now && this.#reported.size < REPORTED_MAX) break;
      this.#reported.delete(old);
    }
    this.#reported.set(decision, { agent, task, digest, until: now + REPORTED_MS });
  }

  #exchange(decision: string): ToolExchange {
    return {
      abort: () => this.#open.get(decision)?.end(unreported("aborted", "cut off by the gateway")),
    };
  }
}

/** `dropped`: no such decision is open, or another outcome of it was taken. */
export type Became = "settled" | "repeated" | "dropped";

interface Reported extends Owner {
  readonly digest: string;
  readonly until: Millis;
}

function isBy({ agent, task }: Report, owner: Owner): boolean {
  return owner.agent === agent && (task === null || owner.task === task);
}

interface Asked {
  readonly decision: string;
  readonly agent: string;
  readonly task: string;
  allow(): void;
}

function unreportedAfter(ms: Millis): ToolEnd {
  return unreported("timeout", `no outcome was reported within ${ms} ms`);
}

function unreported(kind: "timeout" | "reset" | "aborted", message: string): ToolEnd {
  return { kind: "fault", fault: { kind, written: true, message } };
}
