/** What is kept of what tasks say: each thing once, within bounds, and never in the way of a call. */
import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../../src/adapters/store/memory/index.ts";
import type { ModelCall } from "../../../src/gateway/call.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";
import type { Identified } from "../../../src/gateway/tools/read.ts";
import { Transcripts } from "../../../src/gateway/transcripts/transcripts.ts";
import { StoreUnreachable, type TranscriptEntry } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { OPENAI_CHAT } from "../../../src/wire/openai-chat.ts";

const MEBIBYTE = 1024 * 1024;
const SETTINGS = { keepMs: 600_000, bytesPerTask: MEBIBYTE, bytesPerCall: 64 * 1024 };
const TASK = { agent: "a", id: "t" };
const ALLOWED = { verdict: "allowed" } as const;
const OK = { kind: "ok", status: 200, fault: null, usage: null, outputTokensSeen: null } as const;

function scene(settings: Partial<typeof SETTINGS> = {}) {
  const clock = testClock();
  const store = memoryStore({ clock, data: memoryData() });
  const seal = new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) });
  const lines: string[] = [];
  const log = createLog({ clock, write: (line) => lines.push(line), level: "warn", form: "json" });
  const open = (some = store) => {
    return new Transcripts({ store: some, seal, clock, log }, () => clock.wall());
  };
  let decisions = 0;
  const incoming = (transcripts: boolean) => {
    decisions += 1;
    return {
      ...{ decision: `d${decisions}`, call: `d${decisions}` },
      ...{ manifest: { agent: TASK.agent, transcripts }, taskName: { id: TASK.id } },
      rules: { configuration: { transcripts: { ...SETTINGS, ...settings } } },
    };
  };
  /** A model call that says this; `as`: what is read of a call. */
  const asking = (messages: readonly unknown[], transcripts = true) => {
    const root = { messages };
    const bytes = Buffer.from(JSON.stringify(root));
    const read = { root, ask: { stream: false } };
    const call = { kind: "model", wire: OPENAI_CHAT, body: { bytes }, read, told: [] };
    return { ...call, incoming: incoming(transcripts) } as unknown as ModelCall;
  };
  const calling = (by: string, given: object = {}) => {
    const ask = { server: "desk", tool: "find", arguments: given, bytes: 10 };
    return { ask, asked: { by }, incoming: incoming(true) } as unknown as Identified;
  };
  const transcripts = open();
  const kept = async (): Promise<readonly TranscriptEntry[]> => {
    await transcripts.write();
    const read = await store.transcripts.read({ ...TASK, after: 0, limit: 500 });
    return read.lines.map((line) => JSON.parse(transcripts.open(TASK, line)));
  };
  const texts = async () => (await kept()).map(textOf);
  return { asking, calling, clock, kept, lines, open, store, texts, transcripts };
}

function textOf(entry: TranscriptEntry): string {
  if (entry.kind !== "message") return `${entry.kind} ${entry.decision}`;
  return entry.parts.map((part) => ("text" in part ? part.text : part.name)).join("|");
}

const user = (content: string) => ({ role: "user", content });
const model = (content: string) => ({ role: "assistant", content });

function answer(text: string): Uint8Array {
  return Buffer.from(JSON.stringify({ choices: [{ index: 0, message: model(text) }] }));
}

describe("a conversation", () => {
  test("is kept once, however often it is sent, by whichever gateway", async () => {
    const { asking, open, store, texts, transcripts } = scene();
    const call = asking([user("one")]);
    const recording = transcripts.recording(call);
    transcripts.asked(call, ALLOWED);
    recording?.push(answer("two"));
    recording?.end(OK);
    const longer = [user("one"), model(" two\n"), user("three")];
    transcripts.asked(asking(longer), ALLOWED);
    expect(await texts()).toEqual(["one", "two", "three"]);
    const other = open(store);
    other.asked(asking([...longer, model("four"), user("three")]), ALLOWED);
    await other.write();
    expect(await texts()).toEqual(["one", "two", "three", "four", "three"]);
  });

  test("in which a model says the same again has that twice", async () => {
    const { asking, texts, transcripts } = scene();
    const said: unknown[] = [];
    for (const no of [1, 2]) {
      said.push(user(`${no}`));
      const call = asking([...said]);
      const recording = transcripts.recording(call);
      transcripts.asked(call, ALLOWED);
      recording?.push(answer("yes"));
      recording?.end(OK);
      await transcripts.write();
      said.push(model("yes"));
    }
    expect(await texts()).toEqual(["1", "yes", "2", "yes"]);
  });

  test("whose beginning was taken out keeps what is new of it", async () => {
    const { asking, texts, transcripts } = scene();
    transcripts.asked(asking([user("one"), model("two"), user("three")]), ALLOWED);
    await transcripts.write();
    transcripts.asked(asking([user("a summary"), user("three"), model("four")]), ALLOWED);
    expect(await texts()).toEqual(["one", "two", "three", "a summary", "four"]);
  });

  test("of which old lines had to go does not get them back with the next request", async () => {
    const { asking, store, texts, transcripts } = scene({ bytesPerTask: 600 });
    const said = Array.from({ length: 12 }, (_, no) => user(`message ${no}`));
    for (let count = 1; count <= said.length; count += 1) {
      transcripts.asked(asking(said.slice(0, count)), ALLOWED);
      await transcripts.write();
    }
    const all = await texts();
    expect(all.length).toBeLessThan(6);
    expect(all).toEqual(said.slice(-all.length).map(({ content }) => content));
    const { dropped } = await store.transcripts.known(TASK, []);
    expect(dropped).toBe(said.length - all.length);
  });

  test("gives the newest message room first, and tells what is left out of the others", async () => {
    const { asking, texts, transcripts } = scene({ bytesPerCall: 1_024 });
    const said = [user("x".repeat(900)), user("y".repeat(900)), user("z".repeat(900))];
    transcripts.asked(asking(said), ALLOWED);
    const [first = "", second = "", third] = await texts();
    expect(third).toBe("z".repeat(900));
    expect(second).toMatch(/^y+\n\[… \d+ bytes left out …\]\ny+$/);
    expect(first).toBe("[902 bytes left out]");
  });
});

describe("a call", () => {
  test("that is refused or parked is kept with what it asked and why", async () => {
    const { asking, calling, kept, transcripts } = scene();
    transcripts.asked(asking([user("go")]), { verdict: "refused", why: "budget.exhausted" });
    transcripts.asked(calling("mcp", { n: 1 }), { verdict: "parked", why: "clutch" });
    expect((await kept()).slice(1)).toEqual([
      { kind: "verdict", decision: "d1", verdict: "refused", why: "budget.exhausted" },
      {
        ...{ kind: "call", decision: "d2", server: "desk", tool: "find", by: "mcp" },
        ...{ arguments: '{"n":1}', verdict: "parked", why: "clutch" },
      },
    ]);
  });

  test("of an answer is not kept a second time, unless it is refused", async () => {
    const { calling, texts, transcripts } = scene();
    const call = calling("answer");
    transcripts.asked(call, ALLOWED);
    transcripts.ended(call, "ok", { bytes: 0, text: () => "" });
    transcripts.asked(calling("answer"), { verdict: "refused", why: "manifest.unknown-tool" });
    expect(await texts()).toEqual(["call d2"]);
  });

  test("of an agent that is left out costs nothing and is nowhere", async () => {
    const { asking, texts, transcripts } = scene();
    const call = asking([user("one")], false);
    expect(transcripts.recording(call)).toBe(null);
    transcripts.asked(call, ALLOWED);
    expect(await texts()).toEqual([]);
  });
});

describe("an answer", () => {
  test("is copied: what is passed on later has no part in it", async () => {
    const { asking, texts, transcripts } = scene();
    const recording = transcripts.recording(asking([user("one")]));
    const bytes = new Uint8Array(answer("two"));
    recording?.push(bytes);
    bytes.fill(0);
    recording?.end(OK);
    expect(await texts()).toEqual(["two"]);
  });

  test("that is too large is told, and all of them together have a bound", async () => {
    const { asking, texts, transcripts } = scene();
    const large = transcripts.recording(asking([user("one")]));
    for (let times = 0; times < 3; times += 1) large?.push(new Uint8Array(MEBIBYTE / 2));
    large?.end(OK);
    expect(await texts()).toEqual(["[an answer that is too large to be kept]"]);
    const many = Array.from({ length: 80 }, (_, no) => {
      return transcripts.recording(asking([user(`${no}`)]));
    });
    for (const one of many) one?.push(new Uint8Array(MEBIBYTE));
    const last = transcripts.recording(asking([user("last")]));
    last?.push(answer("never"));
    last?.end(OK);
    for (const one of many) one?.end(OK);
    await transcripts.write();
    const free = transcripts.recording(asking([user("free again")]));
    free?.push(answer("heard"));
    free?.end(OK);
    const all = await texts();
    expect(all).not.toContain("never");
    expect(all.at(-1)).toBe("heard");
  });
});

describe("a store that is away", () => {
  test("has it later, and what found no room is told", async () => {
    const { asking, clock, lines, open, store, texts } = scene();
    let isAway = true;
    const known: typeof store.transcripts.known = async (...asked) => {
      if (isAway) throw new StoreUnreachable("away");
      return store.transcripts.known(...asked);
    };
    const transcripts = open({ ...store, transcripts: { ...store.transcripts, known } });
    for (let no = 0; no < 20; no += 1) {
      transcripts.asked(asking([user(`${no} ${"x".repeat(MEBIBYTE)}`)]), ALLOWED);
    }
    await expect(transcripts.tick(SETTINGS, clock.wall())).rejects.toThrow("away");
    expect(lines.join()).toContain("parts of transcripts were not kept");
    isAway = false;
    await transcripts.tick(SETTINGS, clock.wall());
    const all = await texts();
    expect(all[0]?.startsWith("0 ")).toBe(true);
    expect(all.length).toBeLessThan(20);
  });

  test("is not asked for ever what can never be written", async () => {
    const { asking, lines, open, store, texts } = scene();
    let times = 0;
    const write: typeof store.transcripts.write = async (...asked) => {
      times += 1;
      if (times === 1) throw new Error("a bug of ours");
      return store.transcripts.write(...asked);
    };
    const transcripts = open({ ...store, transcripts: { ...store.transcripts, write } });
    transcripts.asked(asking([user("one")]), ALLOWED);
    await transcripts.write();
    expect(lines.join()).toContain("a bug of ours");
    transcripts.asked(asking([user("two")]), ALLOWED);
    await transcripts.write();
    expect(await texts()).toEqual(["two"]);
  });
});

test("Of an erased task nothing is kept, as long as it goes on", async () => {
  const { asking, clock, store, texts, transcripts } = scene();
  transcripts.asked(asking([user("one")]), ALLOWED);
  await transcripts.write();
  await store.transcripts.erase(TASK, clock.wall());
  for (let times = 0; times < 4; times += 1) {
    clock.advance(SETTINGS.keepMs - 1);
    transcripts.asked(asking([user("one"), model("two")]), ALLOWED);
    await transcripts.tick(SETTINGS, clock.wall());
  }
  expect(await texts()).toEqual([]);
});

test("What was kept goes on being forgotten when nothing is kept any more", async () => {
  const { asking, clock, texts, transcripts } = scene();
  transcripts.asked(asking([user("one")]), ALLOWED);
  await transcripts.tick(SETTINGS, clock.wall());
  clock.advance(6 * 24 * 3_600_000);
  await transcripts.tick(null, clock.wall());
  expect(await texts()).toEqual(["one"]);
  clock.advance(2 * 24 * 3_600_000);
  await transcripts.tick(null, clock.wall());
  expect(await texts()).toEqual([]);
});

test("The store sees no digest of what was said that anybody could guess", async () => {
  const { asking, store, transcripts } = scene();
  transcripts.asked(asking([user("yes")]), ALLOWED);
  await transcripts.write();
  const { lines } = await store.transcripts.read({ ...TASK, after: 0, limit: 1 });
  const other = new Seal("11".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) });
  const same = '["user","yes",[]]';
  const own = new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) });
  expect(lines[0]?.mark).toBe(own.mark(same));
  expect(lines[0]?.mark).not.toBe(other.mark(same));
});
