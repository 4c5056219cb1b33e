/**
 * The official MCP client on several roads to one tool, call by call in turns, so that whatever
 * else the machine does meets all roads alike. Takes one job as JSON on its command line and
 * answers with one line of JSON.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

export interface Job {
  readonly roads: readonly Road[];
  readonly tool: string;
  /** Calls on each road that are measured, after half as many that are not. */
  readonly calls: number;
  /** Arguments differ from call to call: an agent that repeats itself is stopped. */
  readonly firstNo: number;
}

export interface Road {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** By the names of the roads. */
export type Times = Readonly<Record<string, { readonly p50Ms: number; readonly p99Ms: number }>>;

async function connect({ headers, url }: Road): Promise<Client> {
  const client = new Client({ name: "benchmark", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { ...headers } },
  });
  await client.connect(transport);
  return client;
}

async function timed(client: Client, tool: string, no: number): Promise<number> {
  const startedAt = performance.now();
  const answer = await client.callTool({ name: tool, arguments: { no } });
  const tookMs = performance.now() - startedAt;
  if (answer.isError) throw new Error(`a call failed: ${JSON.stringify(answer)}`);
  return tookMs;
}

function share(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function run({ calls, firstNo, roads, tool }: Job): Promise<Times> {
  const all = await Promise.all(
    roads.map(async (road) => ({ road, client: await connect(road), took: [] as number[] })),
  );
  const warmUp = Math.ceil(calls / 2);
  for (let call = 0; call < warmUp + calls; call += 1) {
    // Nobody is always the one that comes after the same other.
    const turn = call % all.length;
    for (const { client, took } of [...all.slice(turn), ...all.slice(0, turn)]) {
      const ms = await timed(client, tool, firstNo + call);
      if (call >= warmUp) took.push(ms);
    }
  }
  for (const { client } of all) await client.close();
  const times = all.map(({ road, took }) => {
    const sorted = took.toSorted((a, b) => a - b);
    return [road.name, { p50Ms: share(sorted, 0.5), p99Ms: share(sorted, 0.99) }] as const;
  });
  return Object.fromEntries(times);
}

const job = JSON.parse(process.argv[2] ?? "") as Job; // our own benchmark wrote it
console.log(JSON.stringify(await run(job)));
process.exit(0);
