import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { open } from "../e2e/hostile-socket.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  billedNano,
  booksOf,
  chat,
  chatBody,
  rails,
  until,
  upstreamFor,
  verifyJournal,
} from "./gateway-scene.ts";

const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

interface Scene {
  readonly gateway: TestGateway;
  readonly upstream: SimulatedUpstream;
  readonly key: string;
}

/** Where a call can be when its process dies, in the order of its path; true: it was sent. */
const STEPS: readonly (readonly [
  where: string,
  reach: (scene: Scene) => Promise<unknown>,
  sent: boolean,
])[] = [
  ["half of its body is here", halfABody, false],
  ["it was sent, and nothing has come back", sentAndSilent, true],
  ["its stream is half here", halfAStream, true],
  ["its client has the whole answer, and the store has not heard of it", answered, true],
  ["it is in the store's books", written, true],
];

async function halfABody({ gateway, key }: Scene): Promise<void> {
  const body = JSON.stringify(chatBody());
  const socket = await open(gateway.agentUrl);
  let seen = "";
  socket.on("data", (chunk) => {
    seen += chunk;
  });
  socket.on("error", () => undefined);
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: gateway",
    `authorization: Bearer ${key}`,
    `content-length: ${body.length}`,
    "expect: 100-continue",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await until(
    () => seen,
    (text) => text.includes("100 Continue"),
  );
  socket.write(body.slice(0, body.length / 2));
}

async function sentAndSilent({ gateway, key, upstream }: Scene): Promise<void> {
  upstream.control(() => ({ kind: "script", fault: "never", faultEvery: 1 }));
  chat(gateway, key).catch(() => undefined); // its connection breaks with the process
  await until(
    () => upstream.received(),
    (received) => received === 1,
  );
}

async function halfAStream({ gateway, key, upstream }: Scene): Promise<void> {
  upstream.control(() => ({ kind: "script", chunkMs: 1_000 }));
  const authorization = `Bearer ${key}`;
  const body = chatBody({ stream: true });
  const answer = await gateway.call("/v1/chat/completions", body, { authorization });
  const reader = answer.body?.getReader();
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
  reader?.cancel().catch(() => undefined); // as above
}

async function answered({ gateway, key }: Scene): Promise<void> {
  expect((await chat(gateway, key)).status).toBe(200);
}

async function written(scene: Scene): Promise<void> {
  await answered(scene);
  await until(
    () => booksOf(scene.gateway),
    ({ spent }) => spent > 0n,
  );
}

test.each(STEPS)(
  "a process killed when, of a call, %s: nothing billed is uncharged, and nothing goes out again",
  async (_, reach, sent) => {
    const upstream = await upstreamFor();
    upstreams.push(upstream);
    const data = await mkdtemp(join(tmpdir(), "slipclutch-step-"));
    const config = rails(upstream, { limitUsd: 1 });
    const boot = async () => {
      const gateway = await startGateway({ config, data });
      gateways.push(gateway);
      return gateway;
    };
    const gateway = await boot();
    const key = gateway.agentKey;
    await reach({ gateway, key, upstream });
    await gateway.stop("SIGKILL");
    upstream.control(null);
    expect(upstream.received()).toBe(sent ? 1 : 0);
    const billed = billedNano(upstream);
    expect(billed > 0n).toBe(sent);

    // The second boot finds what the first one found: a forfeit is charged once.
    for (const boots of [1, 2]) {
      const again = await boot();
      if (sent) {
        const { forfeited, leased, limit, reserved, spent } = await booksOf(again);
        expect(spent + forfeited).toBeGreaterThanOrEqual(billed);
        expect(spent + forfeited).toBeLessThan(limit);
        expect({ leased, reserved }).toEqual({ leased: 0n, reserved: 0n });
      }
      expect(await verifyJournal(again)).toMatchObject({ ok: true });
      expect(upstream.received(), `boot ${boots}`).toBe(sent ? 1 : 0);
      await again.stop();
    }
    const last = await boot();
    expect((await chat(last, key)).status).toBe(200);
    await rm(data, { recursive: true, force: true });
  },
  60_000,
);
