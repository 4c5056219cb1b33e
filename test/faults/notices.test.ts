/** Telling people, on a clock that a test moves: how fast, how often, for how long, and by whom. */
import { describe, expect, test } from "vitest";
import { GIVE_UP_MS, MESSAGES_A_MINUTE, RETRY_MAX_MS } from "../../src/guards/notice/pace.ts";
import type { Delivery } from "../../src/ports/notifier.ts";
import { NO_OUTAGE, NoticeLife, OK } from "./notice-life.ts";

const MINUTE_S = 60;
const DOWN: Delivery = { kind: "retry", because: "status 503", afterMs: null };

async function decide(
  life: NoticeLife,
  telling: Parameters<NoticeLife["trip"]>[0],
  id: string,
  verb: "probe" | "resume",
) {
  const { version } = await life.review(telling, id);
  const at = telling.gateway.holding.storeNow();
  const by = { by: "ada", reason: `It may ${verb}.`, at, call: null, message: null, paceMs: 0 };
  const task = verb === "probe" ? "t-1" : null;
  const decision = {
    id: `${id}-${version}-${verb}`,
    review: id,
    version,
    decision: verb,
    task,
    ...by,
  };
  await life.done(telling.gateway.store.clutch.decide(decision));
  await life.done(telling.gateway.clutches.load());
}

describe("a review", () => {
  test("is told when it opens, when its probe fails and when it closes, once each", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    await life.trip(one, "r-1");
    await life.seconds(2, one);
    expect(life.told()).toEqual(["review.r-1.opened"]);
    await decide(life, one, "r-1", "probe");
    await life.seconds(2, one);
    await life.trip(one, "r-2");
    await life.seconds(2, one);
    expect(life.told()).toEqual(["review.r-1.opened", "review.r-1.again-1"]);
    await decide(life, one, "r-1", "resume");
    await life.seconds(3, one);
    expect(life.told().slice(2)).toEqual(["review.r-1.closed"]);
    const notices = life.delivered.map(({ message }) => message);
    expect(notices).toMatchObject([
      { link: { url: "https://guard.example/r/r-1" }, notice: { reason: "r-1 ran away." } },
      { notice: { reason: "r-2 ran away." } },
      { notice: { decided: { decision: "resume", by: "ada", reason: "It may resume." } } },
    ]);
    expect(life.unexpected).toEqual([]);
  });

  test("a trip is done before any far end is asked, however long that takes", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => new Promise(() => {});
    await life.trip(one, "r-1");
    await life.done(one.notifying.tick());
    expect(life.told()).toEqual(["review.r-1.opened"]);
    const begun = life.clock.monotonic();
    await life.trip(one, "r-2", { agent: "b" });
    expect(one.gateway.clutches.of("b").state).toBe("disengaged");
    expect(life.clock.monotonic() - begun).toBeLessThan(1_000);
    // What hangs holds up its own notifier only, and the next tick goes on.
    for (let no = 0; no < 3; no += 1) await life.done(one.notifying.tick());
    expect(life.rows().get("chat review.r-2.opened")).toBe("pending");
    expect(life.told()).toEqual(["review.r-1.opened"]);
  });
});

describe("a far end that fails", () => {
  test("is tried again after twice as long each time, and told when it is back", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => (life.delivered.length <= 4 ? DOWN : OK);
    await life.trip(one, "r-1");
    await life.seconds(MINUTE_S, one);
    expect(life.told()).toHaveLength(5);
    const waits = life.delivered
      .slice(1)
      .map(({ atMs }, no) => atMs - (life.delivered[no]?.atMs ?? 0));
    for (const [no, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** no);
      expect(wait).toBeLessThanOrEqual(1_000 * 2 ** no + 2_000);
    }
    expect([...life.rows().values()]).toEqual(["sent"]);
  });

  test("has the pause that it asks for, with all its notices", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => {
      return life.delivered.length === 1 ? { ...DOWN, kind: "retry", afterMs: 30_000 } : OK;
    };
    await life.trip(one, "r-1");
    await life.open(one, "b-1");
    await life.seconds(25, one);
    expect(life.told()).toEqual(["review.r-1.opened"]);
    await life.seconds(10, one);
    expect(life.told().toSorted()).toEqual([
      ...["review.b-1.opened", "review.r-1.opened", "review.r-1.opened"],
    ]);
  });

  test("for a day is given up, with an event", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => DOWN;
    await life.open(one, "b-1");
    await life.seconds(2, one);
    const hops = Math.ceil(GIVE_UP_MS / RETRY_MAX_MS) + 2;
    for (
      let hop = 0;
      hop < hops && life.rows().get("chat review.b-1.opened") === "pending";
      hop += 1
    ) {
      life.clock.advance(RETRY_MAX_MS);
      // It slept for longer than others give it: it begins anew.
      await life.seconds(3, one);
    }
    expect(life.rows().get("chat review.b-1.opened")).toBe("given_up");
    await life.seconds(2, one);
    const given = life.data.journal.filter(({ kind }) => kind === "notice.given-up");
    expect(given.map(({ body }) => JSON.parse(body))).toMatchObject([
      { notifier: "chat", notice: "review.b-1.opened", about: "budget", because: "status 503" },
    ]);
    const attempts = life.told().length;
    await life.seconds(10, one);
    expect(life.told()).toHaveLength(attempts);
  });

  test("that does not want a notice is not asked again", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => ({ kind: "refused", because: "status 404: no_service" });
    await life.open(one, "b-1");
    await life.seconds(5, one);
    expect(life.told()).toEqual(["review.b-1.opened"]);
    expect([...life.rows().values()]).toEqual(["given_up"]);
  });

  test("holds up no other", async () => {
    const life = new NoticeLife(NO_OUTAGE, { chat: {}, pager: {} });
    const one = await life.tell();
    life.answering = (_, notifier) => (notifier === "chat" ? DOWN : OK);
    await life.open(one, "b-1");
    await life.seconds(2, one);
    expect(life.told("pager")).toEqual(["review.b-1.opened"]);
    expect(life.rows().get("chat review.b-1.opened")).toBe("pending");
  });

  test("one whose adapter throws is tried again like one that fails", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => {
      if (life.delivered.length === 1) throw new TypeError("a bug");
      return OK;
    };
    await life.open(one, "b-1");
    await life.seconds(4, one);
    expect(life.told()).toHaveLength(2);
    expect([...life.rows().values()]).toEqual(["sent"]);
  });
});

describe("a storm", () => {
  test("is a minute's messages at most, the last of which tells of all the rest", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    const reviews = 200;
    for (let no = 0; no < reviews; no += 1) await life.open(one, `b-${no}`);
    await life.seconds(5, one);
    expect(life.delivered).toHaveLength(MESSAGES_A_MINUTE);
    const [last] = life.delivered.slice(-1);
    expect(last?.message).toMatchObject({
      kind: "folded",
      link: "https://guard.example/reviews",
      notices: { length: reviews - MESSAGES_A_MINUTE + 1 },
    });
    expect(new Set(life.told()).size).toBe(reviews);
    expect(new Set(life.rows().values())).toEqual(new Set(["sent"]));
    await life.open(one, "late");
    await life.seconds(10, one);
    expect(life.delivered).toHaveLength(MESSAGES_A_MINUTE);
    await life.seconds(MINUTE_S, one);
    expect(life.told().at(-1)).toBe("review.late.opened");
  });

  test("what was folded and failed is told again, and another set is another message", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = ({ kind }) => (kind === "folded" && life.delivered.length < 30 ? DOWN : OK);
    for (let no = 0; no < 40; no += 1) await life.open(one, `b-${no}`);
    await life.seconds(2 * MINUTE_S, one);
    expect(new Set(life.rows().values())).toEqual(new Set(["sent"]));
    const folded = life.delivered.filter(({ message }) => message.kind === "folded");
    // Another set of notices is another message.
    const byId = Map.groupBy(folded, ({ message }) => message.id);
    for (const copies of byId.values()) {
      const sets = copies.map(({ message }) => message.kind === "folded" && message.notices);
      for (const set of sets) expect(set).toEqual(sets[0]);
    }
  });
});

describe("an alarm", () => {
  test("that several gateways raise, or one raises on and on, is one notice", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    const two = await life.tell();
    for (const telling of [one, two, one]) life.alarm(telling);
    life.alarm(one, "a", "save");
    life.alarm(two, "b");
    await life.seconds(3, one, two);
    expect(life.told()).toHaveLength(3);
    expect(life.delivered[0]?.message).toMatchObject({
      link: null,
      notice: { kind: "alert", numbers: { rule: "surge", server: "desk", tool: "echo", calls: 9 } },
    });
    life.clock.advance(300_000);
    await life.seconds(2, one, two);
    life.alarm(one);
    await life.seconds(3, one, two);
    expect(life.told()).toHaveLength(4);
  });

  test("one that trips is told as a review, and not as an alarm too", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    one.gateway.alerts.hear(
      {
        ...{ kind: "breaker.alarmed", action: "trip", agent: "a", task: null, rule: "stuck" },
        ...{ server: "desk", tool: "echo", says: "Stuck.", numbers: {} },
      },
      0,
    );
    expect(one.gateway.alerts.waiting()).toEqual([]);
  });

  test("alarms wait for the store, as many as there is room for", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    for (let no = 0; no < 1_010; no += 1) life.alarm(one, "a", `tool-${no}`);
    expect(one.gateway.alerts.waiting()).toHaveLength(1_000);
    expect(one.gateway.alerts.takeDropped()).toBe(10);
    expect(one.gateway.alerts.takeDropped()).toBe(0);
  });
});

describe("gateways of one store", () => {
  test("tell each thing once, whoever saw it", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    const two = await life.tell();
    for (let no = 0; no < 10; no += 1) await life.open(no % 2 === 0 ? one : two, `b-${no}`);
    await life.seconds(5, one, two);
    expect(life.told().toSorted()).toEqual([...new Set(life.told())].toSorted());
    expect(life.told()).toHaveLength(10);
  });

  test("one that dies before it has told is followed by the other", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    const two = await life.tell();
    life.answering = () => new Promise(() => {});
    await life.trip(one, "r-1");
    await life.done(one.notifying.tick());
    expect(life.told()).toEqual(["review.r-1.opened"]);
    life.answering = () => OK;
    await life.seconds(3, two);
    expect(life.told()).toHaveLength(1);
    await life.done(one.core.stop());
    await life.done(life.failing.store.holders.fence(one.gateway.holding.tenure.id, null));
    await life.seconds(3, two);
    // Nobody knows whether the first arrived: it is told again, by the same id.
    expect(life.told()).toEqual(["review.r-1.opened", "review.r-1.opened"]);
    expect([...life.rows().values()]).toEqual(["sent"]);
  });

  test("one that was overtaken changes nothing of what the other has told", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    const two = await life.tell();
    let fail: (delivery: Delivery) => void = () => {};
    life.answering = () => {
      if (life.delivered.length > 1) return OK;
      return new Promise((resolve) => {
        fail = resolve;
      });
    };
    await life.open(one, "b-1");
    await life.done(one.notifying.tick());
    life.clock.advance(61_000);
    await life.seconds(3, two);
    expect([...life.rows().values()]).toEqual(["sent"]);
    fail({ kind: "refused", because: "status 400" });
    await life.done(one.notifying.settled());
    expect([...life.rows().values()]).toEqual(["sent"]);
  });
});

describe("a reload", () => {
  test("changes who hears of what happens from then on", async () => {
    const life = new NoticeLife(NO_OUTAGE, { chat: { agents: ["a"] } });
    const one = await life.tell();
    await life.open(one, "b-1");
    await life.seconds(2, one);
    life.write({ chat: { agents: ["b"] }, pager: {} });
    await life.done(one.reload.ask("ada"));
    await life.open(one, "b-2");
    await life.seconds(2, one);
    expect(life.told("chat")).toEqual(["review.b-1.opened"]);
    expect(life.told("pager")).toEqual(["review.b-2.opened"]);
  });

  test("that takes a notifier away leaves what it was not told", async () => {
    const life = new NoticeLife();
    const one = await life.tell();
    life.answering = () => DOWN;
    await life.open(one, "b-1");
    await life.seconds(2, one);
    life.write({});
    await life.done(one.reload.ask("ada"));
    const attempts = life.told().length;
    await life.seconds(20, one);
    expect(life.told()).toHaveLength(attempts);
    expect(life.unexpected).toEqual([]);
  });
});

test("a stop waits a moment for what is being told, and no longer", async () => {
  const life = new NoticeLife();
  const one = await life.tell();
  life.answering = () => new Promise(() => {});
  await life.open(one, "b-1");
  await life.done(one.notifying.tick());
  const begun = life.clock.monotonic();
  await life.done(one.notifying.stop());
  expect(life.clock.monotonic() - begun).toBeLessThan(3_000);
});
