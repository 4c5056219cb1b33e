/** What is to be seen from outside: the bills of the far ends, and the gateway's API. */
import type { Millis } from "../guards/money.ts";
import type { Account, Bill, Bills } from "./bills.ts";
import { AGENT } from "./guardrails.ts";
import type { Scene } from "./scene.ts";

/** How the guarded agent stands. */
export interface Standing {
  readonly clutch: "engaged" | "disengaged" | "probing";
  readonly review: string | null;
  /** Calls that wait: those that are stored, or whose connections are held, whichever are more. */
  readonly parked: number;
}

/** One look at everything. */
export interface Moment {
  /** Since the demo began. */
  readonly elapsedMs: Millis;
  readonly unguarded: Bill;
  readonly guarded: Bill;
  readonly standing: Standing;
}

/** A server of our own on this machine answers at once, or something is wrong. */
const ANSWER_MS = 10_000;

export async function look(scene: Scene, elapsedMs: Millis): Promise<Moment> {
  const [model, tools, standing] = await Promise.all([
    billsAt(scene.modelUrl),
    billsAt(scene.toolsUrl),
    standingOf(scene),
  ]);
  const whole = (account: Account) => sum(model[account], tools[account]);
  return { elapsedMs, unguarded: whole("unguarded"), guarded: whole("guarded"), standing };
}

/** `break` or `repair`: the switch of the tool server. */
export async function turn(to: "break" | "repair", { toolsUrl }: Scene): Promise<void> {
  const answer = await fetch(`${toolsUrl}/${to}`, {
    method: "POST",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!answer.ok) throw new Error(`The tool server answered ${answer.status} to ${to}.`);
}

async function billsAt(url: string): Promise<Bills> {
  const answer = await fetch(`${url}/bills`, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status} when asked for its bills.`);
  // Both far ends are programs of this demo, and render exactly these.
  return (await answer.json()) as Bills;
}

async function standingOf({ control }: Scene): Promise<Standing> {
  const agent = (await control.agents()).find((each) => each.agent === AGENT);
  if (agent === undefined) throw new Error(`The gateway does not know ${AGENT}.`);
  const { clutch, held, review } = agent;
  const stored = review === null ? 0 : (await control.review(review)).parked;
  return { clutch, review, parked: Math.max(stored, held) };
}

function sum(one: Bill, other: Bill): Bill {
  return {
    calls: one.calls + other.calls,
    nanoUsd: one.nanoUsd + other.nanoUsd,
    solved: one.solved + other.solved,
    firstEmptyAt: one.firstEmptyAt ?? other.firstEmptyAt,
  };
}
