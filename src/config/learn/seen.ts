/** What an agent was seen to do, as a gateway has kept it. */
import type { Millis } from "../../guards/money.ts";

export interface SeenTool {
  readonly kind: "tool";
  readonly at: Millis;
  /** "": nobody here has it. */
  readonly server: string;
  readonly tool: string;
  readonly by: string;
  readonly writes: boolean;
  readonly digest: string;
  /** Kept once for equal ones, and not where they are too large. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface SeenModel {
  readonly kind: "model";
  readonly at: Millis;
  readonly model: string;
  readonly outputCap: number | null;
  /** Types of tools that the provider runs. */
  readonly hosted: readonly string[];
}

export type Seen = SeenTool | SeenModel;

/** All calls of one tool. */
export interface SeenCalls {
  readonly server: string;
  readonly tool: string;
  readonly calls: number;
  readonly writes: boolean;
  /** The most in any minute. */
  readonly peak: number;
  /** When each of them was. */
  readonly instants: readonly Millis[];
  /** Each once. */
  readonly arguments: readonly Readonly<Record<string, unknown>>[];
  /** Different arguments that nobody knows any more. */
  readonly unknown: number;
}

const MINUTE_MS: Millis = 60_000;

/** By server and tool, in the order of their names. */
export function callsOf(seen: readonly Seen[]): readonly SeenCalls[] {
  const tools = seen.filter((one) => one.kind === "tool");
  const groups = Map.groupBy(tools, ({ server, tool }) => JSON.stringify([server, tool]));
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, some]) => {
      const [first] = some;
      return first === undefined ? [] : [ofTool(first, some)];
    });
}

function ofTool({ server, tool }: SeenTool, some: readonly SeenTool[]): SeenCalls {
  // A call that a model asked for and that ran is one call: where it ran is where it counts.
  const ran = some.filter(({ by }) => by !== "answer");
  const counted = ran.length > 0 ? ran : some;
  const instants = counted.map(({ at }) => at);
  const known = new Map<string, Readonly<Record<string, unknown>>>();
  for (const one of some) if (one.arguments !== undefined) known.set(one.digest, one.arguments);
  const digests = new Set(some.map(({ digest }) => digest));
  return {
    ...{ server, tool, calls: counted.length, writes: some.some(({ writes }) => writes) },
    peak: peakOf(instants, MINUTE_MS),
    instants,
    arguments: [...known.values()],
    unknown: digests.size - known.size,
  };
}

/** The most in any window of this length. */
export function peakOf(instants: readonly Millis[], windowMs: Millis): number {
  const sorted = instants.toSorted((one, other) => one - other);
  let from = 0;
  let peak = 0;
  for (const [place, at] of sorted.entries()) {
    while ((sorted[from] ?? at) <= at - windowMs) from += 1;
    peak = Math.max(peak, place - from + 1);
  }
  return peak;
}
