/** What people read, word by word. */
import { describe, expect, test } from "vitest";
import type { Message, Notice, Waiting } from "../../../src/guards/notice/notice.ts";
import { messageFor, noticeFor } from "../../../src/testing/notifier-conformance.ts";
import { cloudEvent, FOLDED_NAMED_MAX } from "../../../src/wire/cloud-event.ts";
import { instantText, noticeText } from "../../../src/wire/notice-text.ts";
import {
  BLOCKS_MAX,
  escaped,
  SECTION_CHARS_MAX,
  slackMessage,
} from "../../../src/wire/slack-message.ts";

const AT = Date.UTC(2026, 10, 17, 3, 7, 42);

function words(changes: Partial<Notice>): readonly string[] {
  const { action, lines, title } = noticeText(messageFor(changes));
  return [title, ...lines, action ?? "no link"];
}

const GOLDEN: Readonly<Record<string, readonly [Partial<Notice>, readonly string[]]>> = {
  "a trip": [
    {},
    [
      "The clutch of worker is disengaged. One task called the tool echo 9 times within 10 min.",
      "2026-11-17 03:07:42 UTC · task task-1 · rule stuck · calls 9 · above 8",
      "3 calls are parked.",
      "Its calls wait until a person decides.",
      "Open the review",
    ],
  ],
  "a pause": [
    { kind: "pause", reason: "A look.", numbers: { by: "ada" }, task: null },
    [
      "worker is paused. A look.",
      "2026-11-17 03:07:42 UTC · by ada",
      "3 calls are parked.",
      "Its calls wait until a person decides.",
      "Open the review",
    ],
  ],
  "an approval": [
    {
      kind: "approval",
      reason: "A call of pay asks for an approval.",
      numbers: { server: "desk", tool: "pay" },
      review: { id: "a-1", parked: 1 },
      next: { what: "denied", at: AT + 3_600_000 },
    },
    [
      "worker asks for an approval. A call of pay asks for an approval.",
      "2026-11-17 03:07:42 UTC · task task-1 · server desk · tool pay",
      "1 call is parked.",
      "It is denied by itself at 2026-11-17 04:07:42 UTC.",
      "Open the review",
    ],
  ],
  "a budget": [
    {
      kind: "budget",
      reason: "The budget monthly does not cover what is asked of it.",
      numbers: { budget: "monthly", limit_usd: "500", needed_usd: "0.02" },
      task: null,
      review: { id: "b-1", parked: 0 },
    },
    [
      "worker waits for a budget. The budget monthly does not cover what is asked of it.",
      "2026-11-17 03:07:42 UTC · budget monthly · limit_usd 500 · needed_usd 0.02",
      "It goes on by itself once the budget has enough again.",
      "Open the review",
    ],
  ],
  "unknown outcomes": [
    { kind: "outcome_unknown", reason: "A gateway was lost.", numbers: {}, task: null },
    [
      "Nobody knows what became of calls of worker. A gateway was lost.",
      "2026-11-17 03:07:42 UTC",
      "3 calls are parked.",
      "They are not sent again until a person decides.",
      "Open the review",
    ],
  ],
  "an alarm": [
    { what: "alert", kind: "alert", review: null },
    [
      "A breaker alerts on worker. One task called the tool echo 9 times within 10 min.",
      "2026-11-17 03:07:42 UTC · task task-1 · rule stuck · calls 9 · above 8",
      "no link",
    ],
  ],
  "a probe that failed": [
    { what: "again" },
    [
      "worker tripped again while it was probed. One task called the tool echo 9 times within 10 min.",
      "2026-11-17 03:07:42 UTC · task task-1 · rule stuck · calls 9 · above 8",
      "3 calls are parked.",
      "Its calls wait until a person decides.",
      "Open the review",
    ],
  ],
  "a review that closed": [
    { what: "closed", decided: { decision: "resume", by: "ada", reason: "All is well." } },
    [
      "worker: the review of its trip is closed: ada decided resume. All is well.",
      "2026-11-17 03:07:42 UTC",
      "Open the review",
    ],
  ],
  "a review that closed by itself": [
    { what: "closed" },
    ["worker: the review of its trip is closed.", "2026-11-17 03:07:42 UTC", "Open the review"],
  ],
};

test.each(Object.entries(GOLDEN))("%s", (_, [changes, expected]) => {
  expect(words(changes)).toEqual(expected);
});

describe("what waits, as the message goes out", () => {
  const waiting: Waiting = {
    ...{ calls: 12, worst: 1_250_000_000n, unreckoned: 0, whole: true },
    errorsFrom: AT + 210_000,
  };
  const said = (changes: Partial<Waiting>, notice: Partial<Notice> = {}) => {
    return noticeText(messageFor(notice, { ...waiting, ...changes })).lines.slice(1, -1);
  };

  test("is how many, what they cost at most and when agents see errors", () => {
    expect(said({})).toEqual([
      "12 calls are parked.",
      "Letting them go costs at most $1.25.",
      "Agents see errors from 2026-11-17 03:11:12 UTC.",
    ]);
    expect(said({ calls: 1, errorsFrom: null })).toEqual([
      "1 call is parked.",
      "Letting it go costs at most $1.25.",
    ]);
    // More than were there when it was written down; or none any more.
    expect(said({ calls: 0, worst: 0n, errorsFrom: null })).toEqual([]);
  });

  test("says what nobody knows", () => {
    expect(said({ unreckoned: 2 })[1]).toBe(
      "Letting them go costs at most $1.25, without 2 of which nobody knows it.",
    );
    expect(said({ unreckoned: 12 })[1]).toBe("Nobody knows what letting them go costs.");
    expect(said({ calls: 10_000, whole: false }).slice(0, 2)).toEqual([
      "At least 10000 calls are parked.",
      "Letting these go costs at most $1.25.",
    ]);
  });

  test("is in the data of an event", () => {
    const { data } = JSON.parse(cloudEvent(messageFor({}, waiting), "x"));
    expect(data.waiting).toEqual({
      ...{ calls: 12, worst_case_usd: "1.25", unreckoned: 0, whole: true },
      errors_from: "2026-11-17T03:11:12.000Z",
    });
  });
});

function folded(count: number): Message {
  const notices = Array.from({ length: count }, (_, no) => {
    const what = no % 3 === 0 ? "closed" : "opened";
    return { subject: `review.r-${no}.${what}`, notice: noticeFor({ what, agent: `agent-${no}` }) };
  });
  return { kind: "folded", id: "folded.1", link: "https://guard.example/reviews", at: AT, notices };
}

test("many at once", () => {
  expect(noticeText(folded(37))).toEqual({
    title: "And 37 more notices.",
    lines: [
      "13 × trip closed",
      "24 × trip opened",
      "Of agent-0, agent-1, agent-2, agent-3, agent-4, agent-5, agent-6, agent-7, agent-8, agent-9 and 27 more agents.",
    ],
    action: "Open the reviews",
  });
});

test("a test says that it is one", () => {
  const message = {
    kind: "test",
    id: "test.1",
    by: "ada",
    at: AT,
    link: "http://x/reviews",
  } as const;
  expect(noticeText(message)).toEqual({
    title: "A test: ada asked whether notices of Slipclutch arrive here.",
    lines: ["Nothing happened."],
    action: "Open the reviews",
  });
});

test("a number has as many digits as a person reads", () => {
  const numbers = { rule: "error-burst", share: 2 / 3, usd: 0.000123456, calls: 123_456 };
  expect(words({ numbers, task: null })[1]).toBe(
    "2026-11-17 03:07:42 UTC · rule error-burst · share 0.6667 · usd 0.0001235 · calls 123456",
  );
});

test("a moment is its second in UTC", () => {
  expect(instantText(AT + 999)).toBe("2026-11-17 03:07:42 UTC");
});

describe("as a CloudEvent", () => {
  test("a notice has its attributes and its data, in one body", () => {
    const next = { what: "denied", at: AT } as const;
    expect(JSON.parse(cloudEvent(messageFor({ next }), "on call"))).toEqual({
      specversion: "1.0",
      id: "review.r-1.opened",
      source: "/slipclutch/notifiers/on%20call",
      type: "dev.slipclutch.review.opened",
      subject: "r-1",
      time: "2026-11-17T03:07:42.000Z",
      datacontenttype: "application/json",
      data: {
        text: "The clutch of worker is disengaged. One task called the tool echo 9 times within 10 min.",
        ...{ kind: "trip", agent: "worker", task: "task-1", review: "r-1", parked: 3 },
        reason: "One task called the tool echo 9 times within 10 min.",
        numbers: { rule: "stuck", calls: 9, above: 8 },
        decided: null,
        next: { what: "denied", at: "2026-11-17T03:07:42.000Z" },
        waiting: null,
        link: "https://guard.example/r/r-1?expires=1&signature=a_b",
        link_expires_at: "2026-11-17T03:07:42.000Z",
      },
    });
  });

  test("each thing that happens has a type of its own", () => {
    const types = (["opened", "again", "closed", "alert"] as const).map((what) => {
      return JSON.parse(cloudEvent(messageFor({ what }), "x")).type;
    });
    expect(types).toEqual([
      "dev.slipclutch.review.opened",
      "dev.slipclutch.review.tripped_again",
      "dev.slipclutch.review.closed",
      "dev.slipclutch.breaker.alerted",
    ]);
  });

  test("many at once are counted whole, and named as far as there is room", () => {
    const event = JSON.parse(cloudEvent(folded(500), "x"));
    expect(event.type).toBe("dev.slipclutch.notices.folded");
    expect(event.data.count).toBe(500);
    expect(event.data.notices).toHaveLength(FOLDED_NAMED_MAX);
    expect(event.data.notices[0]).toEqual({
      ...{ id: "review.r-0.closed", type: "dev.slipclutch.review.closed", kind: "trip" },
      ...{ time: "2026-11-17T03:07:42.000Z", agent: "agent-0", review: "r-1" },
    });
  });
});

describe("as a message of Slack", () => {
  test("a notice is its sentence, its rest and its link", () => {
    const text =
      "The clutch of worker is disengaged. One task called the tool echo 9 times within 10 min.";
    const rest = [
      "2026-11-17 03:07:42 UTC · task task-1 · rule stuck · calls 9 · above 8",
      "3 calls are parked.",
      "Its calls wait until a person decides.",
    ].join("\n");
    const url = "https://guard.example/r/r-1?expires=1&amp;signature=a_b";
    const marked = (of: string) => ({ type: "mrkdwn", text: of, verbatim: true });
    expect(JSON.parse(slackMessage(messageFor()))).toEqual({
      text,
      blocks: [
        { type: "section", text: marked(text) },
        { type: "context", elements: [marked(rest)] },
        { type: "section", text: marked(`<${url}|Open the review>`) },
      ],
      ...{ unfurl_links: false, unfurl_media: false },
    });
  });

  test("nothing that was written elsewhere is markup, or longer than there is room", () => {
    expect(escaped("<!here> & <@U1>", 100)).toBe("&lt;!here&gt; &amp; &lt;@U1&gt;");
    expect(escaped("a<b", 4)).toBe("a…");
    expect(escaped("ab😀cd", 5)).toBe("ab😀…");
    const { blocks } = JSON.parse(slackMessage(messageFor({ reason: "<".repeat(10_000) })));
    expect(blocks.length).toBeLessThan(BLOCKS_MAX);
    expect(blocks[0].text.text.length).toBeLessThanOrEqual(SECTION_CHARS_MAX);
  });
});
