/** Clients that ask for as long as they are let, and come again a moment after a refusal. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** One way in: a gateway, and what is asked of it. */
export interface Target {
  readonly url: string;
  readonly key: string;
  readonly path: string;
  /** Differs from call to call: an agent that repeats itself is stopped. */
  readonly body: (no: number) => unknown;
}

export interface Load {
  /** Answers so far, by target. */
  readonly answered: readonly Tally[];
  stop(): Promise<void>;
}

export interface Tally {
  well: number;
  refused: number;
}

/** Official clients wait for 30 s; these go on pushing, without taking the machine for it. */
const COME_AGAIN_MS = 10;

export function startLoad(targets: readonly Target[], connections: number): Load {
  const leaving = new AbortController();
  const answered = targets.map(() => ({ well: 0, refused: 0 }));
  const pools = targets.map(({ url }) => new Pool(url, { connections }));
  let no = 0;
  const client = async (target: Target, pool: Pool, tally: Tally): Promise<void> => {
    while (!leaving.signal.aborted) {
      no += 1;
      const status = await post(pool, target, target.body(no), leaving.signal);
      if (status === 200) tally.well += 1;
      else if (!leaving.signal.aborted) {
        tally.refused += 1;
        await sleep(COME_AGAIN_MS);
      }
    }
  };
  const all = targets.flatMap((target, index) => {
    const [pool, tally] = [pools[index], answered[index]];
    if (pool === undefined || tally === undefined) return [];
    return Array.from({ length: connections }, () => client(target, pool, tally));
  });
  const over = Promise.all(all);
  return {
    answered,
    stop: async () => {
      leaving.abort();
      await over;
      for (const pool of pools) await pool.destroy();
    },
  };
}

/** The status; null: this client has left. */
async function post(
  pool: Pool,
  { key, path }: Target,
  body: unknown,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    const answer = await pool.request({
      ...{ method: "POST", path, signal, body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    });
    await answer.body.dump();
    return answer.statusCode;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
