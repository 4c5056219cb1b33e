/** `slipclutch top`: agents, spend and reviews as they are now, on one screen. */
import { systemClock } from "../compose/process.ts";
import type { ControlClient } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { LastMinute } from "./last-minute.ts";
import { paintFor } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";
import { renderTop, type Snapshot } from "./top-screen.ts";

const DRAW_MS = 1_000;
/** Of the minute before it began; what is busier is counted right after a minute. */
const ENTRIES_BEFORE = "1000";
const REVIEWS_SHOWN_MAX = "100";
const KINDS = "call.settled,call.refused";

/** Another screen than the one that the shell has written on, without a cursor. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const END_OF_LINE = "\u001b[K";
const END_OF_SCREEN = "\u001b[J";

export async function runTop(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const minute = new LastMinute();
  const before = await client.journal({ from: "1m", limit: ENTRIES_BEFORE });
  for (const entry of before.entries) minute.note(entry);
  if (options.json) {
    shell.out.write(`${JSON.stringify(jsonOf(await snapshot(client, minute)))}\n`);
    return EXIT.ok;
  }
  if (!shell.out.isTerminal) {
    shell.out.write(screen(await snapshot(client, minute), shell));
    return EXIT.ok;
  }
  const place = before.next === null ? {} : { after: String(before.next) };
  await watch({ client, minute, place }, shell);
  return EXIT.ok;
}

interface Watching {
  readonly client: ControlClient;
  readonly minute: LastMinute;
  /** Where its events begin. */
  readonly place: { readonly after?: string };
}

/** Until a signal; the terminal is left as it was, whatever ends it. */
async function watch(watching: Watching, shell: Shell): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) shell.onSignal(signal, () => stop.abort());
  shell.out.write(ENTER);
  try {
    const both = [listen(watching, stop.signal), draw(watching, shell, stop.signal)];
    await Promise.race(both.map((one) => one.catch((error) => unlessStopped(error, stop.signal))));
  } finally {
    stop.abort();
    shell.out.write(LEAVE);
  }
}

/** What is cut off by the end is no failure. */
function unlessStopped(error: unknown, stop: AbortSignal): void {
  if (!stop.aborted) throw error;
}

/** Ends with the signal; a connection that is lost is made again where it was. */
async function listen({ client, minute, place }: Watching, stop: AbortSignal): Promise<void> {
  let { after } = place;
  while (!stop.aborted) {
    for await (const entry of client.events({ after, kinds: KINDS }, stop)) {
      after = String(entry.position);
      minute.note(entry);
    }
    await pause(stop);
  }
}

async function draw({ client, minute }: Watching, shell: Shell, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const text = screen(await snapshot(client, minute), shell);
    if (stop.aborted) return;
    const lines = text.split("\n").join(`${END_OF_LINE}\n`);
    shell.out.write(HOME + lines + END_OF_SCREEN);
    await pause(stop);
  }
}

function pause(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(DRAW_MS, resolve);
    stop.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });
}

async function snapshot(client: ControlClient, minute: LastMinute): Promise<Snapshot> {
  const [status, agents, budgets, reviews] = await Promise.all([
    client.status(),
    client.agents(),
    client.budgets(),
    client.reviews({ state: "open", limit: REVIEWS_SHOWN_MAX }),
  ]);
  const now = systemClock.wall();
  const rows = agents.map((agent) => ({ agent, ...minute.of(agent.agent, now) }));
  return { status, agents: rows, budgets, reviews };
}

function screen(now: Snapshot, shell: Shell): string {
  return renderTop(now, { paint: paintFor(shell, shell.out), columns: shell.out.columns });
}

/** For programs: what the API says, with what was counted beside each agent. */
function jsonOf({ agents, budgets, reviews, status }: Snapshot) {
  const rows = agents.map(({ agent, calls, failed, refused }) => {
    return { ...agent, last_minute: { calls, refused, failed } };
  });
  return { ready: status.ready, agents: rows, budgets, reviews };
}
