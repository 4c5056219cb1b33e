import { afterEach, describe, expect, test } from "vitest";
import type { Message, Notice, Waiting } from "../guards/notice/notice.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { FarEnd } from "./far-end.ts";

/** One notifier, and the far end that it tells. */
export interface NotifierFixture {
  readonly notifier: Notifier;
  readonly far: FarEnd<unknown>;
  /** What the far end took, as a person or program reads it: one text each. */
  read(): readonly string[];
  /** What it was given, and nobody is to see. */
  readonly secrets: readonly string[];
  dispose(): Promise<void>;
}

export type OpenNotifier = () => Promise<NotifierFixture>;

export interface NotifierSpoken {
  /** Statuses after which nothing is tried again. */
  readonly refused: readonly number[];
}

const AT = Date.UTC(2026, 10, 17, 3, 7, 42);
const ROOMY_MS = 10_000;
const SHORT_MS = 200;
const HUGE_BYTES = 8 * 1024 * 1024;

export function noticeFor(changes: Partial<Notice> = {}): Notice {
  return {
    ...({ what: "opened", kind: "trip", agent: "worker", task: "task-1", at: AT } as const),
    review: { id: "r-1", parked: 3 },
    reason: "One task called the tool echo 9 times within 10 min.",
    numbers: { rule: "stuck", calls: 9, above: 8 },
    ...{ decided: null, next: null },
    ...changes,
  };
}

export function messageFor(changes: Partial<Notice> = {}, waiting: Waiting | null = null): Message {
  const link = { url: "https://guard.example/r/r-1?expires=1&signature=a_b", expiresAt: AT };
  const notice = noticeFor(changes);
  return { kind: "one", id: "review.r-1.opened", link: notice.review && link, notice, waiting };
}

function foldedOf(count: number): Message {
  const notices = Array.from({ length: count }, (_, no) => {
    const notice = noticeFor({ agent: `agent-${no}`, kind: no % 2 === 0 ? "trip" : "approval" });
    return { subject: `review.r-${no}.opened`, notice };
  });
  return { kind: "folded", id: "folded.1", link: "https://guard.example/reviews", at: AT, notices };
}

/** What every adapter of a notifier must do. */
export function notifierConformance(
  name: string,
  open: OpenNotifier,
  { refused }: NotifierSpoken,
): void {
  describe(`notifier ${name}`, () => {
    const fixtures: NotifierFixture[] = [];
    afterEach(async () => {
      for (const fixture of fixtures.splice(0)) await fixture.dispose();
    });
    const start: OpenNotifier = async () => {
      const fixture = await open();
      fixtures.push(fixture);
      return fixture;
    };
    telling(start);
    failing(start, refused);
    cutting(start);
  });
}

function telling(start: OpenNotifier): void {
  const kinds = ["trip", "pause", "approval", "budget", "outcome_unknown", "alert"] as const;
  test.each(kinds)("a notice of the kind %s is taken by a far end that checks", async (kind) => {
    const { far, notifier, read } = await start();
    const next = kind === "approval" ? ({ what: "denied", at: AT } as const) : null;
    const told = await notifier.deliver(messageFor({ kind, next }), ROOMY_MS);
    expect([told.kind, far.wrong]).toEqual(["ok", []]);
    expect(read()).toEqual([expect.stringContaining("worker")]);
    expect(read()[0]).toContain("One task called the tool echo 9 times within 10 min.");
    expect(read()[0]).toContain("https://guard.example/r/r-1?expires=1&signature=a_b");
  });

  test("again, closed, alone, folded and a test are taken too", async () => {
    const { far, notifier, read } = await start();
    const decided = { decision: "resume", by: "ada", reason: "All is well." };
    const messages = [
      messageFor({ what: "again" }),
      messageFor({ what: "closed", decided }),
      messageFor({ what: "closed", decided: null }),
      messageFor({ what: "alert", kind: "alert", review: null, task: null, numbers: {} }),
      foldedOf(2),
      foldedOf(500),
      { kind: "test", id: "test.1", by: "ada", at: AT, link: "http://127.0.0.1:4142/reviews" },
    ] as const;
    for (const message of messages) {
      expect((await notifier.deliver(message, ROOMY_MS)).kind).toBe("ok");
    }
    expect(far.wrong).toEqual([]);
    expect(read()[1]).toContain("ada");
    expect(read()[5]).toContain("500");
  });

  test("what agents write is told as text, as much of it as there is room for", async () => {
    const { far, notifier, read } = await start();
    const hostile = [
      "<!channel> & <https://evil.example|click>",
      "*bold* _under_ `code` @here #general\n\n>quote",
      "\u0000\u0007\u202e\ud800 &amp; &lt;",
      "😀".repeat(3_000),
      "&<>".repeat(5_000),
    ];
    for (const reason of hostile) {
      const told = messageFor({ reason, agent: `<${reason.slice(0, 100)}>`, numbers: { reason } });
      expect((await notifier.deliver(told, ROOMY_MS)).kind).toBe("ok");
    }
    expect(far.wrong).toEqual([]);
    expect(read()[0]).toContain("<!channel> & <https://evil.example|click>");
  });

  test("every attempt at one message says the same of it", async () => {
    const { far, notifier } = await start();
    for (let no = 0; no < 2; no += 1) await notifier.deliver(messageFor(), ROOMY_MS);
    const [first, second] = far.arrived.map(({ body }) => body);
    expect(second).toBe(first);
  });
}

function failing(start: OpenNotifier, refused: readonly number[]): void {
  test.each(refused)("after %i nothing is tried again", async (status) => {
    const { far, notifier } = await start();
    far.answer({ status, body: "not wanted" });
    expect(await notifier.deliver(messageFor(), ROOMY_MS)).toEqual({
      kind: "refused",
      because: `status ${status}: not wanted`,
    });
  });

  test.each([429, 500, 502, 503])("after %i it is tried again", async (status) => {
    const { far, notifier } = await start();
    far.answer({ status });
    const because = `status ${status}`;
    const told = await notifier.deliver(messageFor(), ROOMY_MS);
    expect(told).toEqual({ kind: "retry", because, afterMs: null });
  });

  test("a time that the far end asks for is heard, in seconds or as a date", async () => {
    const { far, notifier } = await start();
    const told = async (after: string) => {
      far.answer({ status: 429, headers: { "retry-after": after } });
      const delivery = await notifier.deliver(messageFor(), ROOMY_MS);
      return delivery.kind === "retry" ? delivery.afterMs : delivery.kind;
    };
    expect(await told("30")).toBe(30_000);
    expect(await told("soon")).toBe(null);
    expect(await told("Mon, 01 Jan 2001 00:00:00 GMT")).toBe(0);
  });

  test("a redirect is not followed", async () => {
    const { far, notifier } = await start();
    const other = await start();
    far.answer({ status: 307, headers: { location: other.far.url } });
    expect((await notifier.deliver(messageFor(), ROOMY_MS)).kind).toBe("retry");
    expect(other.far.arrived).toEqual([]);
  });

  test("an answer of any size is read in part, and shown in short", async () => {
    const { far, notifier } = await start();
    far.answer({ status: 500, body: `\u001b[31m\n${"x".repeat(HUGE_BYTES)}` });
    const told = await notifier.deliver(messageFor(), ROOMY_MS);
    expect(told).toMatchObject({ kind: "retry", because: expect.stringMatching(/^status 500: /) });
    if (told.kind !== "retry") return;
    expect(told.because.length).toBeLessThan(300);
    expect(told.because).not.toContain("\u001b");
  });

  test("what a far end repeats of its secrets is not shown", async () => {
    const { far, notifier, secrets } = await start();
    far.answer({ status: 500, body: `I was sent ${secrets.join(" and ")}.` });
    const told = await notifier.deliver(messageFor(), ROOMY_MS);
    const masks = secrets.map(() => "[redacted]").join(" and ");
    const because = `status 500: I was sent ${masks}.`;
    expect(told).toEqual({ kind: "retry", because, afterMs: null });
  });
}

function cutting(start: OpenNotifier): void {
  test("a far end that hangs is given up in time, and serves again after", async () => {
    const { far, notifier } = await start();
    far.answer("hang");
    expect(await notifier.deliver(messageFor(), SHORT_MS)).toEqual({
      ...{ kind: "retry", because: `no answer within ${SHORT_MS} ms`, afterMs: null },
    });
    far.answer(null);
    expect((await notifier.deliver(messageFor(), ROOMY_MS)).kind).toBe("ok");
  });

  test("one that hangs up, or is not there, is tried again", async () => {
    const { far, notifier } = await start();
    far.answer("reset");
    expect((await notifier.deliver(messageFor(), ROOMY_MS)).kind).toBe("retry");
    await far.close();
    expect((await notifier.deliver(messageFor(), ROOMY_MS)).kind).toBe("retry");
  });

  test("what is under way when it is closed ends as a fault, and so does all after", async () => {
    const { far, notifier } = await start();
    far.answer("hang");
    const told = notifier.deliver(messageFor(), ROOMY_MS);
    while (far.arrived.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await notifier.close();
    expect((await told).kind).toBe("retry");
    expect((await notifier.deliver(messageFor(), ROOMY_MS)).kind).toBe("retry");
  });
}
