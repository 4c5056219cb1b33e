import { describe, expect, test } from "vitest";
import { NOTICE_LEASE_MS } from "../../ports/notices.ts";
import type {
  ClaimedNotices,
  HolderId,
  NewNotice,
  NoticeCounts,
  NoticeOutcome,
  Store,
} from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, liveHolder, onFreshStores, type Stores, sharedStores } from "./kit.ts";
import { mustDecide, newDecision, newReview, pass, reviewOf } from "./work-kit.ts";

const MARGIN_MS = 10_000;

/** What people are to be told, and who tells it. */
export function noticeConformance(open: OpenFixture): void {
  describe("notices", () => {
    const stores = sharedStores(open);
    tellCases(stores);
    leaseCases(stores);
    settleCases(stores);
    countCases(stores);
    reviewCases(open);
    pruneCases(open);
  });
}

const SENT = { kind: "sent" } as const;

function retry(afterMs: number, pauseMs: number | null = null): NoticeOutcome {
  return { kind: "retry", error: "status 500", afterMs, pauseMs };
}

function newNotice(changes: Partial<NewNotice> = {}): NewNotice {
  const made = { notifier: fresh("notifier"), subject: fresh("subject"), review: "" };
  return { ...made, body: '{"what":"alert"}', ...changes };
}

async function claimed(
  store: Store,
  holder: HolderId,
  ...notifiers: readonly string[]
): Promise<readonly ClaimedNotices[]> {
  const answer = await store.notices.claim(holder, notifiers, ALL);
  if ("kind" in answer) throw new Error(`${holder} is fenced`);
  return answer;
}

async function subjectsOf(store: Store, holder: HolderId, notifier: string) {
  const [found] = await claimed(store, holder, notifier);
  return found?.notices.map(({ subject }) => subject) ?? [];
}

function tellCases(stores: () => Stores): void {
  test("one is there once for its notifier and subject, as it was first told", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const notice = newNotice({ body: '{"says":"\u0000\u0001é"}' });
    await store.notices.tell([notice, notice], null);
    await other.notices.tell([{ ...notice, body: "{}" }], null);
    const elsewhere = newNotice({ subject: notice.subject });
    await other.notices.tell([elsewhere], null);
    const found = await claimed(store, holder, notice.notifier, elsewhere.notifier);
    expect(found).toEqual([
      {
        notifier: notice.notifier,
        number: 1,
        notices: [{ ...notice, at: expect.any(Number), attempts: 0 }],
      },
      expect.objectContaining({ notifier: elsewhere.notifier, number: 1 }),
    ]);
  });

  test("they come in their order, so many of each at a time", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const notifier = fresh("notifier");
    const all = [3, 1, 2].map(() => newNotice({ notifier }));
    for (const notice of all) await store.notices.tell([notice], null);
    const subjects = all.map(({ subject }) => subject);
    expect(await subjectsOf(store, holder, notifier)).toEqual(subjects);
    const answer = await store.notices.claim(holder, [notifier], 2);
    expect(answer).toMatchObject([{ notices: [{ subject: subjects[0] }, {}] }]);
  });

  test("nothing that is due, or no such notifier, is nothing", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    expect(await claimed(store, holder, fresh("notifier"))).toEqual([]);
    expect(await claimed(store, holder)).toEqual([]);
    await store.notices.tell([], null);
  });
}

function leaseCases(stores: () => Stores): void {
  test("one holder at a time has a notifier, and keeps it with its number", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(store)];
    const notice = newNotice();
    await store.notices.tell([notice], null);
    expect(await claimed(store, one, notice.notifier)).toMatchObject([{ number: 1 }]);
    expect(await claimed(other, two, notice.notifier)).toEqual([]);
    expect(await claimed(store, one, notice.notifier)).toMatchObject([{ number: 1 }]);
  });

  test("of a holder that is gone another takes it over, with the next number", async () => {
    const { store, other } = stores();
    const [closed, fenced, last] = [
      await liveHolder(store),
      await liveHolder(store),
      await liveHolder(store),
    ];
    const { notifier, subject } = await told(store);
    await claimed(store, closed, notifier);
    await store.holders.close(closed);
    expect(await claimed(other, fenced, notifier)).toMatchObject([{ number: 2 }]);
    await store.holders.fence(fenced, null);
    expect(await other.notices.claim(fenced, [notifier], ALL)).toEqual({ kind: "fenced" });
    expect(await claimed(other, last, notifier)).toMatchObject([{ number: 3 }]);
    const settled = { notifier, subjects: [subject], became: SENT };
    for (const number of [1, 2]) {
      expect(await store.notices.settle({ ...settled, number })).toBe(false);
    }
    expect(await subjectsOf(store, last, notifier)).toEqual([subject]);
    expect(await store.notices.settle({ ...settled, number: 3 })).toBe(true);
    expect(await subjectsOf(store, last, notifier)).toEqual([]);
  });

  test("of two that ask at once exactly one has it", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(store)];
    const names = [1, 2, 3, 4].map(() => fresh("notifier"));
    await store.notices.tell(
      names.map((notifier) => newNotice({ notifier })),
      null,
    );
    const answers = await Promise.all([
      claimed(store, one, ...names),
      claimed(other, two, ...names.toReversed()),
    ]);
    const had = answers.flat().map(({ notifier }) => notifier);
    expect(had.toSorted()).toEqual(names.toSorted());
  });

  test("a holder that lives and claims no more loses it in the end", async () => {
    const { store, fixture } = stores();
    const age = fixture.ageNotifiers ?? (async (ms: number) => fixture.advance?.(ms));
    const [one, two] = [await liveHolder(store), await liveHolder(store)];
    const { notifier } = await told(store);
    await claimed(store, one, notifier);
    // Well before its end: what the calls take is of a real clock too.
    await age(NOTICE_LEASE_MS - MARGIN_MS);
    expect(await claimed(store, two, notifier)).toEqual([]);
    await age(MARGIN_MS);
    expect(await claimed(store, two, notifier)).toMatchObject([{ number: 2 }]);
    expect(await claimed(store, one, notifier)).toEqual([]);
  });
}

async function told(store: Store, changes: Partial<NewNotice> = {}): Promise<NewNotice> {
  const notice = newNotice(changes);
  await store.notices.tell([notice], null);
  return notice;
}

function settleCases(stores: () => Stores): void {
  test("what was sent or given up is not due again, and stays as it is", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const notifier = fresh("notifier");
    const [sent, gone, left] = [
      await told(store, { notifier }),
      await told(store, { notifier }),
      await told(store, { notifier }),
    ];
    await claimed(store, holder, notifier);
    const settle = (subject: string, became: NoticeOutcome) =>
      store.notices.settle({ notifier, number: 1, subjects: [subject], became });
    expect(await settle(sent.subject, SENT)).toBe(true);
    expect(await settle(gone.subject, { kind: "given_up", error: "status 404" })).toBe(true);
    expect(await settle(sent.subject, retry(0))).toBe(true);
    expect(await settle(fresh("subject"), SENT)).toBe(true);
    await store.notices.tell([sent, gone], null);
    expect(await subjectsOf(store, holder, notifier)).toEqual([left.subject]);
  });

  test("what failed is due again after its time, with its attempts", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { notifier, subject } = await told(store);
    const later = await told(store, { notifier });
    await claimed(store, holder, notifier);
    const subjects = [subject];
    await store.notices.settle({ notifier, number: 1, subjects, became: retry(100) });
    expect(await subjectsOf(store, holder, notifier)).toEqual([later.subject]);
    await pass(stores(), 110);
    const [found] = await claimed(store, holder, notifier);
    expect(found?.notices).toMatchObject([
      { subject: later.subject, attempts: 0 },
      { subject, attempts: 1 },
    ]);
  });

  test("a far end that asked for a pause has it for all its notices", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { notifier, subject } = await told(store);
    await told(store, { notifier });
    await claimed(store, holder, notifier);
    const became = retry(1, 100);
    await store.notices.settle({ notifier, number: 1, subjects: [subject], became });
    expect(await claimed(store, holder, notifier)).toEqual([]);
    await pass(stores(), 110);
    expect(await subjectsOf(store, holder, notifier)).toHaveLength(2);
  });

  test("several that went out together are settled together", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const notifier = fresh("notifier");
    const all = [await told(store, { notifier }), await told(store, { notifier })];
    await claimed(store, holder, notifier);
    const subjects = all.map((one) => one.subject);
    await store.notices.settle({ notifier, number: 1, subjects, became: SENT });
    expect(await subjectsOf(store, holder, notifier)).toEqual([]);
  });
}

async function countsOf(store: Store, notifier: string): Promise<NoticeCounts | undefined> {
  const [counts] = await store.notices.counts([notifier]);
  return counts;
}

function countCases(stores: () => Stores): void {
  test("a notifier is told by its numbers and its last error", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const notifier = fresh("notifier");
    const nothing = { pending: 0, sent: 0, givenUp: 0, lastSentAt: null, lastError: null };
    expect(await other.notices.counts([notifier])).toEqual([{ notifier, ...nothing }]);
    expect(await other.notices.counts([])).toEqual([]);
    const all: NewNotice[] = [];
    for (let n = 0; n < 4; n += 1) all.push(await told(store, { notifier }));
    const settle = (no: number, became: NoticeOutcome) => {
      const subjects = [all[no]?.subject ?? ""];
      return store.notices.settle({ notifier, number: 1, subjects, became });
    };
    await claimed(store, holder, notifier);
    await settle(0, retry(1_000));
    expect(await countsOf(other, notifier)).toMatchObject({
      ...{ pending: 4, lastSentAt: null },
      lastError: { at: expect.any(Number), error: "status 500" },
    });
    await pass(stores(), 5);
    await settle(1, { kind: "given_up", error: "status 410" });
    await settle(2, SENT);
    expect(await countsOf(other, notifier)).toEqual({
      ...{ notifier, pending: 2, sent: 1, givenUp: 1 },
      lastSentAt: expect.any(Number),
      lastError: { at: expect.any(Number), error: "status 410" },
    });
  });
}

/** These look at all reviews of a store, so each has one of its own. */
function reviewCases(open: OpenFixture): void {
  test(
    "a review is untold from its opening, and again with each version",
    onFreshStores(open, async ({ store, other }) => {
      expect(await store.notices.untold(ALL)).toEqual([]);
      const trip = await store.clutch.trip(newReview());
      const { id: budget } = await store.clutch.open(newReview({ kind: "budget" }));
      const untold = [
        { review: trip.id, told: -1 },
        { review: budget, told: -1 },
      ];
      expect(await other.notices.untold(ALL)).toEqual(untold);
      expect(await other.notices.untold(1)).toEqual(untold.slice(0, 1));
      for (const review of [trip.id, budget]) await store.notices.tell([], { review, version: 0 });
      expect(await other.notices.untold(ALL)).toEqual([]);
      await mustDecide(store, newDecision(trip, "resume"));
      expect(await other.notices.untold(ALL)).toEqual([{ review: trip.id, told: 0 }]);
      // A mark that comes late is none, and neither is one of a review that is gone.
      await other.notices.tell([], { review: trip.id, version: 1 });
      await store.notices.tell([], { review: trip.id, version: 0 });
      await store.notices.tell([], { review: "gone", version: 9 });
      expect(await store.notices.untold(ALL)).toEqual([]);
    }),
  );

  test(
    "a trip that ends a probe makes its review untold",
    onFreshStores(open, async ({ store }) => {
      const first = await store.clutch.trip(newReview());
      const { agent, id: review } = first;
      await mustDecide(store, newDecision(first, "probe", { task: "task-1" }));
      const { version } = await reviewOf(store, review);
      await store.notices.tell([], { review, version });
      await store.clutch.trip(newReview({ agent }));
      expect(await store.notices.untold(ALL)).toEqual([{ review, told: version }]);
    }),
  );

  test(
    "the mark and the notices are one: who reads the one has the other",
    onFreshStores(open, async ({ store, other }) => {
      const holder = await liveHolder(store);
      const { id: review } = await store.clutch.trip(newReview());
      const notice = newNotice({ review });
      await store.notices.tell([notice], { review, version: 0 });
      expect(await other.notices.untold(ALL)).toEqual([]);
      expect(await subjectsOf(other, holder, notice.notifier)).toEqual([notice.subject]);
    }),
  );
}

function pruneCases(open: OpenFixture): void {
  test(
    "what is old is forgotten, but not of a review that is open",
    onFreshStores(open, async (stores) => {
      const { store } = stores;
      const holder = await liveHolder(store);
      const notifier = fresh("notifier");
      const standing = await store.clutch.trip(newReview());
      const over = await store.clutch.trip(newReview());
      await mustDecide(store, newDecision(over, "resume"));
      const kept = await told(store, { notifier, review: standing.id });
      for (const review of [over.id, "gone", ""]) await told(store, { notifier, review });
      await pass(stores, 5);
      const beat = await store.holders.beat(holder);
      await pass(stores, 5);
      const young = await told(store, { notifier });
      await store.notices.prune(beat.kind === "ok" ? beat.now : Number.NaN);
      const left = await subjectsOf(store, holder, notifier);
      expect(left).toEqual([kept.subject, young.subject]);
    }),
  );
}
