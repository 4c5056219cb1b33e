/** A browser at the control plane of a real gateway: its session, and events as they happen. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Agent, EventSource } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LISTENERS_MAX } from "../../src/control/feed.ts";
import { EventReader } from "../support/event-source.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const CONFIG = {
  "slipclutch.yaml": {
    version: 1,
    providers: { simulated: { kind: "simulated" } },
    budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
  },
  "agents/worker.yaml": { version: 1, agent: "worker" },
};
const CHAT = "/v1/chat/completions";
const HELLO = { model: "simulated-small", messages: [{ role: "user", content: "Hello" }] };
const EVENTS = "/api/v1/events";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: CONFIG });
});

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
});

async function signIn(token = gateway.operatorToken): Promise<string> {
  const response = await fetch(`${gateway.controlUrl}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  expect(response.status).toBe(204);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function listen(query = "", headers: Record<string, string> = {}): Promise<EventReader> {
  const authorization = `Bearer ${gateway.operatorToken}`;
  const url = gateway.controlUrl + EVENTS + query;
  const response = await fetch(url, { headers: { authorization, ...headers } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  return new EventReader(response.body);
}

test("a browser signs in, sees who it is, and pauses an agent from our own page alone", async () => {
  const cookie = await signIn();
  const who = await fetch(`${gateway.controlUrl}/api/v1/session`, { headers: { cookie } });
  expect(await who.json()).toMatchObject({ name: "local", role: "admin" });
  const reload = (headers: Record<string, string>) =>
    fetch(`${gateway.controlUrl}/api/v1/reload`, {
      method: "POST",
      headers: { cookie, ...headers },
    });
  const other = await reload({ origin: "http://127.0.0.1:3000" });
  expect({ status: other.status, code: await codeOf(other) }).toEqual({
    status: 403,
    code: "request.cross-site",
  });
  expect((await reload({ origin: gateway.controlUrl })).status).toBe(200);
  const tampered = `${cookie.slice(0, -2)}${cookie.endsWith("A") ? "B" : "A"}`;
  const nobody = await fetch(`${gateway.controlUrl}/api/v1/session`, {
    headers: { cookie: tampered },
  });
  expect(nobody.status).toBe(401);
});

test("what an agent does and what a person does is heard within a second, and resumed after", async () => {
  const events = await listen("?agent=worker");
  const began = performance.now();
  expect((await gateway.call(CHAT, HELLO)).status).toBe(200);
  const [settled] = (await events.until("call.settled")).slice(-1);
  // One second for the event, and what the call itself and a busy machine take.
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(JSON.parse(settled?.data ?? "")).toMatchObject({
    ...{ kind: "call.settled", agent: "worker", position: Number(settled?.id) },
    event: { asked: { model: "simulated-small" } },
  });
  await events.stop();
  await gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "a look" });
  const again = await listen("?agent=worker&kinds=clutch.disengaged", {
    "last-event-id": settled?.id ?? "",
  });
  const [paused] = (await again.until("clutch.disengaged")).slice(-1);
  expect(JSON.parse(paused?.data ?? "").event).toMatchObject({ by: "local", reason: "a look" });
  await again.stop();
  const open = await gateway.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await open.json()) as { id: string; version: number }[];
  const decision = { version: review?.version, decision: "resume", reason: "looked" };
  await gateway.api("POST", `/api/v1/reviews/${review?.id}/decision`, decision);
});

test("an EventSource that is not ours hears events by their kinds", async () => {
  const cookie = await signIn();
  const dispatcher = new Agent().compose(
    (dispatch) => (options, handler) =>
      dispatch({ ...options, headers: withCookie(options.headers, cookie) }, handler),
  );
  const source = new EventSource(`${gateway.controlUrl}${EVENTS}`, { dispatcher });
  const heard = new Promise<MessageEvent>((resolve) => {
    source.addEventListener("key.created", (event) => resolve(event as MessageEvent));
  });
  await once(source, "open");
  await gateway.api("POST", "/api/v1/keys", { agent: "worker" });
  const event = await heard;
  source.close();
  expect(JSON.parse(event.data)).toMatchObject({ kind: "key.created", event: { by: "local" } });
  expect(event.lastEventId).toBe(String(JSON.parse(event.data).position));
  await dispatcher.close();
});

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

/** undici gives headers as a list or as an object. */
function withCookie(headers: unknown, cookie: string): string[] {
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {}).flat();
  return [...pairs.map(String), "cookie", cookie];
}

test("beyond the limit nobody listens, and the API still answers", async () => {
  const readers: EventReader[] = [];
  for (let count = 0; count < LISTENERS_MAX; count += 1) readers.push(await listen());
  const refused = await gateway.api("GET", EVENTS);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("10");
  expect((await gateway.api("GET", "/api/v1/status")).status).toBe(200);
  for (const reader of readers) await reader.stop();
  await expect.poll(async () => (await gateway.api("HEAD", EVENTS)).status).toBe(200);
  const again = await listen();
  await again.stop();
});

test("who does not read slows nobody, and the gateway stops at once with connections that listen", async () => {
  const own = await startGateway({ config: CONFIG });
  try {
    const url = new URL(own.controlUrl);
    const sockets = Array.from({ length: 8 }, () => connect(Number(url.port), url.hostname));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.pause();
      const authorization = `authorization: Bearer ${own.operatorToken}`;
      socket.write(
        `GET ${EVENTS}?after=0 HTTP/1.1\r\nhost: ${url.host}\r\n${authorization}\r\n\r\n`,
      );
    }
    const response = await own.api("GET", EVENTS);
    const events = new EventReader(response.body);
    for (let count = 0; count < 20; count += 1) {
      const model = randomBytes(4).toString("hex");
      await own.call(CHAT, { ...HELLO, model });
    }
    for (let count = 0; count < 20; count += 1) await events.until("call.refused");
    const began = performance.now();
    const ended = events.next();
    expect(await own.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    // The stream ends: what it was told last may be the stop itself.
    for (let event = await ended; event !== null; event = await events.next());
    for (const socket of sockets) socket.destroy();
  } finally {
    await own.stop();
    await forget(own);
  }
});
