/** Live events: everybody hears everything once, and nobody can make the gateway keep it for them. */
import { describe, expect, test } from "vitest";
import { Feed, LISTENERS_MAX, POLL_MS, RECENT_MAX } from "../../../src/control/feed.ts";
import { frameOf } from "../../../src/control/frames.ts";
import { HEARTBEAT_MS, STUCK_MS } from "../../../src/control/listener.ts";
import { controlApp } from "../../../src/control/server.ts";
import { StoreUnreachable } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { checkAnswer } from "../../support/api-document.ts";
import { EventReader } from "../../support/event-source.ts";
import { MemoryOperations, TOKENS } from "./operations.ts";

class CountedOperations extends MemoryOperations {
  reads = 0;
  lost = false;

  override async journal(query: Parameters<MemoryOperations["journal"]>[0]) {
    this.reads += 1;
    if (this.lost) throw new StoreUnreachable("away");
    return super.journal(query);
  }

  /** One more entry at the journal's end. */
  add(changes: { kind?: string; agent?: string | null; body?: string } = {}): number {
    const { entries } = this.rows;
    const [first] = entries;
    if (first === undefined) throw new Error("the rows have no entry to copy");
    const position = (entries.at(-1)?.position ?? 0) + 1;
    const agent = changes.agent === undefined ? "support" : changes.agent;
    const { kind = "store.lost", body = '{"kind":"store.lost","message":"m"}' } = changes;
    entries.push({ ...first, no: position, position, agent, kind, body, task: null, code: null });
    return position;
  }
}

function opened() {
  const clock = testClock();
  const operations = new CountedOperations(clock);
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const log = createLog({ clock, write, level: "debug", form: "json" });
  const settings = { operations, clock, log };
  const feed = new Feed(settings);
  const app = controlApp(settings, feed);
  const ask = async (query = "", headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${TOKENS.viewer}`;
    const path = `/api/v1/events${query}`;
    const response = await app.request(path, { headers: { authorization, ...headers } }, {});
    await checkAnswer("GET", path, response);
    return response;
  };
  const listen = async (query = "", headers: Record<string, string> = {}) => {
    const response = await ask(query, headers);
    expect(response.status).toBe(200);
    return new EventReader(response.body);
  };
  /** Moves time on by polls, until what they ask of the store has been answered. */
  const poll = async (count = 1) => {
    for (let done = 0; done < count; done += 1) {
      clock.advance(POLL_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { app, ask, clock, feed, lines, listen, operations, poll };
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

const end = ({ operations }: { operations: CountedOperations }) =>
  operations.rows.entries.at(-1)?.position ?? 0;

test("an entry is heard at the next poll, as the journal shows it, and none from before", async () => {
  const world = opened();
  const events = await world.listen();
  const heard = events.next();
  const position = world.operations.add({
    kind: "store.found",
    body: '{"kind":"store.found","afterMs":3}',
  });
  await world.poll();
  const event = await heard;
  expect(event).toMatchObject({ id: String(position), type: "store.found" });
  expect(JSON.parse(event?.data ?? "")).toMatchObject({
    ...{ position, kind: "store.found", agent: "support", event: { after_ms: 3 } },
  });
  expect(events.parser.retryMs).toBe(1_000);
});

test("who comes again goes on after what it heard last, and hears all of it", async () => {
  const world = opened();
  const last = end(world);
  const events = await world.listen(`?after=${last - 3}`);
  const heard = [await events.next(), await events.next(), await events.next()];
  expect(heard.map((event) => event?.id)).toEqual([last - 2, last - 1, last].map(String));
  await events.stop();
  const more = [world.operations.add(), world.operations.add()];
  // A browser asks the same address again: its header is what counts.
  const again = await world.listen("?after=1", { "last-event-id": events.parser.lastId });
  expect([(await again.next())?.id, (await again.next())?.id]).toEqual(more.map(String));
});

test("thousands of entries from before are read page by page, each once and in order", async () => {
  const world = opened();
  const begin = end(world);
  const positions = Array.from({ length: 3 * RECENT_MAX }, () => world.operations.add());
  const events = await world.listen(`?after=${begin}`);
  for (const position of positions) expect((await events.next())?.id).toBe(String(position));
  const next = events.next();
  const live = world.operations.add();
  await world.poll();
  expect((await next)?.id).toBe(String(live));
});

test("only the agent and the kinds that were asked for are heard, and the place moves on all the same", async () => {
  const world = opened();
  const begin = end(world);
  const events = await world.listen(`?agent=support&kinds=store.lost,store.found&after=${begin}`);
  const first = events.next();
  world.operations.add({ agent: "other" });
  world.operations.add({ agent: null });
  world.operations.add({ kind: "gateway.fenced" });
  const position = world.operations.add();
  await world.poll();
  expect((await first)?.id).toBe(String(position));
  const second = events.next();
  const beyond = world.operations.add({ agent: "other" });
  await world.poll(HEARTBEAT_MS / POLL_MS + 1);
  expect(events.parser.lastId).toBe(String(beyond));
  await events.stop();
  expect(await second).toBeNull();
});

test("a silent connection says every 15 s that it is alive", async () => {
  const world = opened();
  const events = await world.listen();
  const next = events.next();
  await world.poll((3 * HEARTBEAT_MS) / POLL_MS + 1);
  expect(events.text.match(/^: alive$/gm)?.length).toBe(4);
  await events.stop();
  await next;
});

test("nothing of an entry can end its line or begin an event of its own", () => {
  const world = opened();
  const message = "\r\n\r\nevent: review.decided\ndata: {}\u2028\n\n";
  world.operations.add({
    kind: "store.lost\nevent: x",
    body: JSON.stringify({ kind: "store.lost", message }),
  });
  const entry = world.operations.rows.entries.at(-1);
  if (entry === undefined) throw new Error("no entry");
  const { text } = frameOf(entry);
  expect(text.split(/\r\n|\n|\r/).length).toBe(5);
  expect(text.split("\n")[2]).toContain(JSON.stringify(message));
});

describe("who listens costs little", () => {
  test("the store is asked once for all of them, and not at all for nobody", async () => {
    const world = opened();
    await world.poll(5);
    expect(world.operations.reads).toBe(0);
    const readers = await Promise.all(Array.from({ length: 20 }, () => world.listen()));
    const heard = readers.map((reader) => reader.next());
    const before = world.operations.reads;
    const position = world.operations.add();
    await world.poll();
    expect(world.operations.reads).toBe(before + 1);
    for (const event of await Promise.all(heard)) expect(event?.id).toBe(String(position));
    await Promise.all(readers.map((reader) => reader.stop()));
    const after = world.operations.reads;
    await world.poll(5);
    expect(world.operations.reads).toBe(after);
    expect(world.clock.waiting).toBe(0);
    expect(await (await world.listen()).parser.lastId).toBe("");
  });

  test("beyond the limit they are told when to come again, and a place that is left is free", async () => {
    const world = opened();
    const readers: EventReader[] = [];
    for (let count = 0; count < LISTENERS_MAX; count += 1) readers.push(await world.listen());
    const refused = await world.ask();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await codeOf(refused)).toBe("events.full");
    await readers[7]?.stop();
    expect(world.feed.listeners).toBe(LISTENERS_MAX - 1);
    await world.listen();
  });

  test("one that reads too slowly is told so, and hears the rest when it comes again", async () => {
    const world = opened();
    const events = await world.listen();
    const first = events.next();
    const begin = world.operations.add();
    await world.poll();
    await first;
    const positions = Array.from({ length: RECENT_MAX + 1 }, () => world.operations.add());
    await world.poll();
    expect(await events.next()).toMatchObject({ id: String(begin), type: "dropped" });
    expect(await events.next()).toBeNull();
    expect(world.feed.listeners).toBe(0);
    const again = await world.listen("", { "last-event-id": events.parser.lastId });
    for (const position of positions) expect((await again.next())?.id).toBe(String(position));
  });

  test("one that does not read at all is cut off, and its place is free", async () => {
    const world = opened();
    const response = await world.ask();
    await world.poll(STUCK_MS / POLL_MS + 1);
    expect(world.feed.listeners).toBe(0);
    await expect(new EventReader(response.body).next()).rejects.toThrow("it is not read");
  });

  test("a request for the headers alone takes no place", async () => {
    const world = opened();
    const authorization = `Bearer ${TOKENS.viewer}`;
    const init = { method: "HEAD", headers: { authorization } };
    expect((await world.app.request("/api/v1/events", init, {})).status).toBe(200);
    expect(world.feed.listeners).toBe(0);
  });
});

describe("what does not go on", () => {
  test("a listener whose token was revoked hears no more after 15 s", async () => {
    const world = opened();
    const events = await world.listen();
    const next = events.next();
    await world.operations.revokeKey("key_viewer", "the-admin");
    await world.poll(HEARTBEAT_MS / POLL_MS + 1);
    expect(await next).toBeNull();
    expect(world.feed.listeners).toBe(0);
  });

  test("a gateway that stops ends them all and takes no others", async () => {
    const world = opened();
    const events = await world.listen();
    const next = events.next();
    world.feed.close();
    expect(await next).toBeNull();
    expect((await world.ask()).status).toBe(503);
    expect(world.clock.waiting).toBe(0);
  });

  test("a store that goes away is waited for, and is said to be away to who comes then", async () => {
    const world = opened();
    const events = await world.listen();
    const next = events.next();
    world.operations.lost = true;
    const position = world.operations.add();
    await world.poll(4);
    expect(world.lines.filter((line) => line.includes("live events wait")).length).toBe(1);
    world.operations.lost = false;
    await world.poll();
    expect((await next)?.id).toBe(String(position));
    await events.stop();
    world.operations.lost = true;
    const refused = await world.ask();
    expect(await codeOf(refused)).toBe("store.unreachable");
    expect(world.feed.listeners).toBe(0);
  });

  test.each(["9007199254740993", "9".repeat(4_000), "-1", "1e3", "", "1\u00a0", "x"])(
    "an id that is none of ours (%s) is refused",
    async (id) => {
      const world = opened();
      const response = await world.ask("", { "last-event-id": id });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe("request.malformed");
      expect(world.feed.listeners).toBe(0);
    },
  );

  test("an id from beyond the end, of another store, is said to be one and goes on at the end", async () => {
    const world = opened();
    const events = await world.listen("", { "last-event-id": "9007199254740991" });
    expect(await events.next()).toMatchObject({ id: String(end(world)), type: "dropped" });
    expect(await events.next()).toBeNull();
  });

  test("an id that this gateway has not heard of yet, but the store has, is one to go on from", async () => {
    const world = opened();
    const first = await world.listen();
    const waits = first.next();
    // Another gateway has written and sent it; here nobody has looked since.
    const heard = world.operations.add();
    const second = await world.listen("", { "last-event-id": String(heard) });
    const next = second.next();
    const position = world.operations.add();
    await world.poll();
    expect(await next).toMatchObject({ id: String(position), type: "store.lost" });
    expect((await waits)?.id).toBe(String(heard));
  });

  test("unknown filters are refused", async () => {
    const world = opened();
    const kinds = Array.from({ length: 101 }, (_, index) => index).join(",");
    for (const query of ["?agnet=support", `?kinds=${kinds}`, "?after=-1"]) {
      expect((await world.ask(query)).status).toBe(400);
    }
  });
});
