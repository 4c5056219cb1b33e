/**
 * Decisions on tools that the agent runs itself. To the books such a call is like any other: it is
 * sent when its agent is told to go on, and ends with what the agent reports, or after its time.
 *
 *   asked ──allowed──► open ──outcome──► settled for what it used
 *                       └──its time over, or the gateway stops──► settled for the most it may use
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ToolEnd, ToolExchange, ToolRequest, ToolRun } from "../../ports/tool-server.ts";
import type { ToolRunner } from "../call.ts";

interface Open {
  readonly agent: string;
  readonly task: string;
  /** Once. */
  end(end: ToolEnd): void;
}

export class OpenDecisions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
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

  /** False: no such decision of this agent is open here; `task`: of this task only. */
  report(decision: string, by: Reporter, end: ToolEnd): boolean {
    const open = this.#open.get(decision);
    if (open === undefined || open.agent !== by.agent) return false;
    if (by.task !== null && open.task !== by.task) return false;
    open.end(end);
    return true;
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

  #exchange(decision: string): ToolExchange {
    return {
      abort: () => this.#open.get(decision)?.end(unreported("aborted", "cut off by the gateway")),
    };
  }
}

export interface Reporter {
  readonly agent: string;
  readonly task: string | null;
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
