/** Lets the clients of one variant loose on the gateways, until every call has its last answer. */
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "./clients.ts";
import { bodyOf, type Counter } from "./counter.ts";
import { type Ask, MODELS, type Stage } from "./variants.ts";

/** A gateway as clients know it: its address changes when it is started again. */
export interface Door {
  url: string;
}

export interface Storm {
  readonly counter: Counter;
  readonly stages: readonly Stage[];
  readonly doors: readonly Door[];
  readonly key: string;
  /** A gateway will be killed or stopped: then what it holds may come back late. */
  readonly disturbed: boolean;
}

/** How the calls of one variant ended, as their clients know it. */
export interface Ends {
  answered: number;
  failed: number;
  hungUp: number;
  /** What refused calls would have cost: by 402, and by being told to come back to the very end. */
  readonly refusedPico: bigint[];
  readonly neverPico: bigint[];
  /** Calls that fit, and were not admitted after one recall. */
  late: number;
  again: number;
  /** Why attempts had to be made again, and how often. */
  readonly because: Map<string, number>;
}

/** What a client waits before it comes back; shorter than told, to be harder on the gateway. */
const BACK_MS = 60;
/** The attempts after which a call that fits is late: the first may set off the recall. */
const ATTEMPTS_OF_FITTING = 2;
const CALL_MS = 15_000;
/** A stopped gateway sleeps 15 s, and what it held is charged before the others go on. */
const CALL_DISTURBED_MS = 45_000;

export async function runStorm(storm: Storm): Promise<Ends> {
  const ends: Ends = {
    answered: 0,
    failed: 0,
    hungUp: 0,
    refusedPico: [],
    neverPico: [],
    late: 0,
    again: 0,
    because: new Map(),
  };
  let calls = 0;
  for (const { asks, clients } of storm.stages) {
    let next = 0;
    const client = async (number: number) => {
      while (next < asks.length) {
        const ask = asks[next++];
        calls += 1;
        if (ask !== undefined) await oneCall({ storm, ends, ask, number, call: calls });
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  }
  return ends;
}

interface OneCall {
  readonly storm: Storm;
  readonly ends: Ends;
  readonly ask: Ask;
  readonly number: number;
  readonly call: number;
}

/** One call with as many attempts as its client makes. */
async function oneCall(one: OneCall): Promise<void> {
  const { ask, ends, storm } = one;
  const until = performance.now() + (storm.disturbed ? CALL_DISTURBED_MS : CALL_MS);
  for (let number = 1; performance.now() < until; number += 1) {
    const { gateway, heard } = await send(one, number);
    switch (heard.kind) {
      case "answered": {
        ends.answered += 1;
        const { overbilledAt } = storm.counter;
        if (!overbilledAt.has(gateway)) overbilledAt.set(gateway, performance.now());
        return;
      }
      case "failed":
        ends.failed += 1;
        return;
      case "hung-up":
        ends.hungUp += 1;
        return;
      case "refused":
        ends.refusedPico.push(ask.costPico);
        return;
      case "again":
      case "lost":
        ends.again += 1;
        ends.because.set(heard.because, (ends.because.get(heard.because) ?? 0) + 1);
        if (ask.fits && number === ATTEMPTS_OF_FITTING && !storm.disturbed) ends.late += 1;
        // Whoever asks for more than there ever was does not insist.
        if (ask.model === "large" && number === ATTEMPTS_OF_FITTING) return;
        await sleep(BACK_MS);
    }
  }
  ends.neverPico.push(ask.costPico);
}

async function send({ ask, call, number, storm }: OneCall, attemptNumber: number) {
  const { counter, doors, key } = storm;
  const gateway = number % doors.length;
  const tag = `${counter.variant.name}/${call}/${attemptNumber}`;
  const body = bodyOf(tag, {
    model: ask.model,
    ...(ask.maxTokens === null ? {} : { max_tokens: ask.maxTokens }),
    ...(ask.stream ? { stream: true } : {}),
  });
  const url = doors[gateway]?.url ?? "";
  counter.sent.set(tag, { gateway, at: performance.now() });
  const format = MODELS[ask.model];
  const heard = await attempt({ url, format, key, body, hangUpAfter: ask.hangUpAfter });
  return { gateway, heard };
}
