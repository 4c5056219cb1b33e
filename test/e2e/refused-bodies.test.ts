/** Bodies that are refused for their size: nothing of them stays in memory. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { afterEach, expect, test } from "vitest";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const PROBE = join(import.meta.dirname, "..", "support", "memory-probe.mjs");
const MEBIBYTE = 1024 * 1024;
/** What a request may have beside its arguments, and a little more than both. */
const TOO_MUCH = Buffer.alloc(MEBIBYTE + 128 * 1024, "x");
const PATH = "/guard/v1/tools/echo/call";
const BODIES = 200;
const STALLED = 40;
/** Sooner than the gateway gives up on a client that has stopped. */
const WITHIN_MS = 6_000;
const LOOK_MS = 200;
/** Connections, journal entries and code that was compiled since; one body alone is more. */
const LEFT_BYTES_MAX = 8 * MEBIBYTE;
/** As the operating system counts: what V8 grew by on its own, too. Without care it is 150. */
const GROWN_MIB_MAX = 40;
const KIB_A_MIB = 1024;

let gateway: TestGateway;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await gateway.stop("SIGKILL");
  await forget(gateway);
});

async function open(): Promise<void> {
  const desk = { kind: "mcp", url: "http://127.0.0.1:9/mcp", tools: { echo: { effect: "read" } } };
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: { desk },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": { version: 1, agent: "worker", allowed_tools: [{ tool_name: "echo" }] },
    },
    environment: { NODE_OPTIONS: `--import=${PROBE}` },
  });
}

/** Bytes in the heap and outside it, once garbage is collected. */
async function inUse(): Promise<number> {
  const said = () => gateway.log().match(/^in use: \d+$/gm) ?? [];
  const before = said().length;
  gateway.process.kill("SIGUSR2");
  await expect.poll(() => said().length, { timeout: 10_000, interval: 10 }).toBe(before + 1);
  return Number(said().at(-1)?.slice("in use: ".length));
}

/** The least that is seen while whoever stopped half-way is still waited for. */
async function leastInUse(most: number): Promise<number> {
  const until = performance.now() + WITHIN_MS;
  let least = await inUse();
  while (least > most && performance.now() < until) {
    await sleep(LOOK_MS);
    least = Math.min(least, await inUse());
  }
  return least;
}

/** Memory that the operating system has given to the gateway, and the most it ever had, in MiB. */
function resident(): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${gateway.process.pid}/status`, "utf8");
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { now: of("VmRSS") / KIB_A_MIB, most: of("VmHWM") / KIB_A_MIB };
}

/** Whole ones of 10 MB, from clients that are well behaved, so many at a time. */
async function sendMany(count: number, atOnce = 4): Promise<void> {
  const pool = new Pool(gateway.agentUrl, { connections: atOnce });
  const body = Buffer.alloc(10 * MEBIBYTE, "x");
  const headers = { authorization: `Bearer ${gateway.agentKey}` };
  const sendOne = async () => {
    const answer = await pool.request({ method: "POST", path: PATH, headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
  for (let sent = 0; sent < count; sent += atOnce) {
    const statuses = await Promise.all(Array.from({ length: atOnce }, sendOne));
    expect(statuses).toEqual(Array(atOnce).fill(413));
  }
  await pool.destroy();
}

/** Says no length, sends as much as makes it too large, and then nothing more. */
async function stall(): Promise<void> {
  const { hostname, port } = new URL(gateway.agentUrl);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${gateway.agentKey}\r\n`);
  socket.write(`transfer-encoding: chunked\r\n\r\n${TOO_MUCH.length.toString(16)}\r\n`);
  socket.write(TOO_MUCH);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toContain("HTTP/1.1 413");
}

test("two hundred of 10 MB, and forty whose clients stop half-way, leave nothing in memory", async () => {
  await open();
  await sendMany(20);
  const before = await inUse();
  await sendMany(BODIES);
  await Promise.all(Array.from({ length: STALLED }, stall));
  const after = await leastInUse(before + LEFT_BYTES_MAX);
  expect((after - before) / MEBIBYTE).toBeLessThan(LEFT_BYTES_MAX / MEBIBYTE);
  // Those who stopped are waited for all the while.
  expect(sockets.every(({ closed }) => !closed)).toBe(true);
}, 60_000);

test.skipIf(process.platform !== "linux")(
  "twenty at a time of 10 MB do not make the process larger, as the operating system sees it",
  async () => {
    await open();
    await sendMany(8);
    const before = resident().now;
    await sendMany(400, 20);
    expect(resident().most - before).toBeLessThan(GROWN_MIB_MAX);
  },
  60_000,
);
