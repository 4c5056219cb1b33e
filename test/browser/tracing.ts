/**
 * How long the page's main thread was at work at a stretch, as Chromium's tracing says it. In time
 * of the processor: on a machine that others use too, a task waits for the core in between, and that
 * is not the page's doing.
 */
import type { CDPSession, Page } from "playwright-core";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the processor. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

const CATEGORIES = ["toplevel", "__metadata"];
const MICROS_PER_MS = 1_000;

/** The longest task of the page while this ran, in ms. */
export async function longestTaskMs(page: Page, run: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    // `as`: the protocol leaves open what an event holds.
    events.push(...(value as unknown as readonly TraceEvent[]));
  });
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: CATEGORIES },
  });
  await run();
  await ended(session);
  await session.detach();
  const tasks = tasksOf(events);
  // Without any, the names of Chromium's events have changed, and nothing was measured.
  if (tasks.length === 0) throw new Error("the trace has no tasks of a page");
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / MICROS_PER_MS;
}

async function ended(session: CDPSession): Promise<void> {
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
}

/** Of the main threads of pages; the browser itself has others. */
function tasksOf(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  const mains = new Set(
    events
      .filter(({ args, name }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(threadOf),
  );
  return events.filter((event) => {
    return event.ph === "X" && event.name.includes("RunTask") && mains.has(threadOf(event));
  });
}
