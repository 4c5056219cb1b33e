/** The notifiers of slipclutch.yaml: what they become, and every way in which they are wrong. */
import { describe, expect, test } from "vitest";
import { readFiles } from "../../../src/config/read.ts";

const SECRET = "whsec-0123456789abcdef";
const HOOK = { kind: "webhook", url: "https://far.example/hook?key=1", secret: SECRET };
const CHAT = { kind: "slack", webhook_url: "https://hooks.slack.com/services/T/B/xyz" };

function read(notifiers: unknown, environment = {}, more = {}) {
  const agents = { support: { team: "payments" }, "support-eu": { owner: "ana" } };
  const files = new Map([
    ["slipclutch.yaml", JSON.stringify({ version: 1, notifiers, ...more })],
    ...Object.entries(agents).map(([agent, labels]) => {
      const manifest = { version: 1, agent, labels, uncapped: true };
      return [`agents/${agent}.json`, JSON.stringify(manifest)] as const;
    }),
  ]);
  return readFiles(files, { environment, today: null });
}

function settings(notifiers: unknown, environment = {}, more = {}) {
  const loaded = read(notifiers, environment, more);
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 2));
  return loaded.configuration;
}

function issues(notifiers: unknown, environment = {}) {
  const loaded = read(notifiers, environment);
  return loaded.kind === "invalid" ? loaded.issues : [];
}

describe("notifiers", () => {
  test("there are none unless they are written", () => {
    expect(settings(undefined)).toMatchObject({ notifiers: [], listeners: { controlUrl: null } });
  });

  test("they tell of everything about everybody, unless they say otherwise", () => {
    expect(settings({ chat: CHAT, pager: HOOK }).notifiers).toEqual([
      {
        road: { kind: "slack", name: "chat", webhookUrl: CHAT.webhook_url },
        route: {
          ...{ agents: ["*"], labels: {} },
          on: ["trip", "pause", "approval", "budget", "outcome_unknown", "alert"],
        },
      },
      {
        road: {
          ...{ kind: "webhook", name: "pager", url: HOOK.url },
          ...{ secrets: [SECRET], headers: {} },
        },
        route: expect.anything(),
      },
    ]);
  });

  test("routes, headers and a second secret are taken over", () => {
    const written = {
      ...HOOK,
      ...{ previous_secret: `old-${SECRET}`, headers: { "x-tenant": "acme" } },
      ...{ agents: ["support-*"], labels: { owner: "ana" }, on: ["trip", "alert"] },
    };
    expect(settings({ pager: written }).notifiers).toEqual([
      {
        road: {
          ...{ kind: "webhook", name: "pager", url: HOOK.url },
          ...{ secrets: [SECRET, `old-${SECRET}`], headers: { "x-tenant": "acme" } },
        },
        route: { agents: ["support-*"], labels: { owner: "ana" }, on: ["trip", "alert"] },
      },
    ]);
  });

  test.each([
    "http://127.0.0.1:9/hook",
    "http://localhost/hook",
    "http://[::1]:9/hook",
    "https://far.example",
  ])("%s may be posted to as it is", (url) => {
    expect(issues({ pager: { ...HOOK, url } })).toEqual([]);
    expect(issues({ chat: { ...CHAT, webhook_url: url } })).toEqual([]);
  });

  test("plain http to another machine wants a word", () => {
    const url = "http://10.0.0.8/hook";
    expect(issues({ pager: { ...HOOK, url } })).toMatchObject([
      { path: "notifiers.pager.url", expected: expect.stringContaining("https://") },
    ]);
    expect(issues({ pager: { ...HOOK, url, allow_http: true } })).toEqual([]);
    expect(issues({ chat: { ...CHAT, webhook_url: url } })).toMatchObject([
      { path: "notifiers.chat.webhook_url", expected: "a URL that begins with https://" },
    ]);
  });

  test("links that begin with the listener's own address deserve a look", () => {
    const warned = (more: object) => {
      const loaded = read({ chat: CHAT }, {}, more);
      return loaded.kind === "ok" && loaded.warnings.map(({ path }) => path);
    };
    expect(warned({})).toEqual(["listeners.control_url"]);
    expect(warned({ listeners: { control_url: "https://guard.example" } })).toEqual([]);
  });

  test("control_url is where links begin", () => {
    const listeners = { control_url: "https://guard.example/slip//" };
    const { controlUrl } = settings(undefined, {}, { listeners }).listeners;
    expect(controlUrl).toBe("https://guard.example/slip");
  });
});

const PLACES: readonly (readonly [string, unknown, string, string])[] = [
  ["no map", [CHAT], "notifiers", "a map from names to notifiers"],
  [
    "an unknown kind",
    { x: { kind: "carrier-pigeon" } },
    "notifiers.x.kind",
    'one of "slack", "webhook"',
  ],
  [
    "an unknown field",
    { x: { ...CHAT, channel: "#ops" } },
    "notifiers.x.channel",
    "a field that this file has",
  ],
  [
    "no address of Slack's",
    { x: { kind: "slack" } },
    "notifiers.x.webhook_url",
    "the address that Slack gave you",
  ],
  ["no address", { x: { ...HOOK, url: undefined } }, "notifiers.x.url", "where events are posted"],
  [
    "no URL",
    { x: { ...HOOK, url: "far.example" } },
    "notifiers.x.url",
    "a URL like https://host/path, without user, password or fragment",
  ],
  [
    "a URL with a password",
    { x: { ...HOOK, url: "https://u:p@far.example" } },
    "notifiers.x.url",
    "a URL like https://host/path, without user, password or fragment",
  ],
  [
    "another scheme",
    { x: { ...HOOK, url: "ftp://far.example" } },
    "notifiers.x.url",
    "a URL like https://host/path, without user, password or fragment",
  ],
  [
    "no secret",
    { x: { ...HOOK, secret: undefined } },
    "notifiers.x.secret",
    "the secret that signs",
  ],
  [
    "a short secret",
    { x: { ...HOOK, secret: "short" } },
    "notifiers.x.secret",
    "a secret of at least 16 characters",
  ],
  [
    "a short old secret",
    { x: { ...HOOK, previous_secret: "short" } },
    "notifiers.x.previous_secret",
    "a secret of at least 16 characters",
  ],
  [
    "a header of ours",
    { x: { ...HOOK, headers: { "Slipclutch-Signature": "v1=0" } } },
    "notifiers.x.headers.Slipclutch-Signature",
    "a header that is not the gateway's own",
  ],
  [
    "a header in two lines",
    { x: { ...HOOK, headers: { "x-a": "1\n2" } } },
    "notifiers.x.headers.x-a",
    "a header's name and value on one line",
  ],
  [
    "Slack's field in a webhook",
    { x: { ...HOOK, webhook_url: CHAT.webhook_url } },
    "notifiers.x.webhook_url",
    "nothing here for this kind",
  ],
  [
    "a webhook's field in Slack",
    { x: { ...CHAT, secret: SECRET } },
    "notifiers.x.secret",
    "nothing here for this kind",
  ],
  [
    "a kind of notice that is none",
    { x: { ...CHAT, on: ["trips"] } },
    "notifiers.x.on[0]",
    'one of "trip", "pause", "approval", "budget", "outcome_unknown", "alert"',
  ],
  ["no kind of notice", { x: { ...CHAT, on: [] } }, "notifiers.x.on", "at least one kind"],
  ["no agent", { x: { ...CHAT, agents: [] } }, "notifiers.x.agents", "at least one agent"],
  [
    "an agent that is not there",
    { x: { ...CHAT, agents: ["suport"] } },
    "notifiers.x.agents[0]",
    "an agent that exists",
  ],
  [
    "a pattern that fits none",
    { x: { ...CHAT, agents: ["support", "sales-*"] } },
    "notifiers.x.agents[1]",
    "an agent that exists",
  ],
  [
    "a label that is none",
    { x: { ...CHAT, labels: { tier: "gold" } } },
    "notifiers.x.labels.tier",
    "a field that this file has",
  ],
  [
    "labels that no agent has together",
    { x: { ...CHAT, labels: { team: "payments", owner: "ana" } } },
    "notifiers.x.labels",
    "labels that an agent has, all of them",
  ],
  [
    "a variable that is not set",
    { x: { ...HOOK, secret: "${WHSEC}" } },
    "notifiers.x.secret",
    "the environment variable WHSEC",
  ],
];

describe("what is wrong with a notifier is told with its place", () => {
  test.each(PLACES)("%s", (_, notifiers, path, expected) => {
    const found = issues(notifiers);
    expect(found).toContainEqual(expect.objectContaining({ path, expected }));
    for (const issue of found) expect(issue.hint).not.toBe("");
  });

  test("a kind of a later version says so", () => {
    const [issue] = issues({ x: { kind: "pagerduty" } });
    expect(issue?.hint).toContain("not in this version");
  });

  test("a name that was nearly right is shown", () => {
    const [issue] = issues({ x: { ...CHAT, agents: ["suport"] } });
    expect(issue?.hint).toBe('Did you mean "support"?');
  });

  test("nothing of an address or a secret is shown", () => {
    const url = "http://10.0.0.8/very-secret-path";
    const all = issues({
      a: { ...HOOK, url, secret: "tiny-secret" },
      b: { ...CHAT, webhook_url: url },
      c: { ...HOOK, headers: { host: "very-secret" } },
    });
    expect(all.length).toBeGreaterThan(3);
    expect(JSON.stringify(all)).not.toMatch(/very-secret|tiny-secret/);
  });
});

test("gateways with other secrets run one configuration; with another route they do not", () => {
  const of = (notifiers: object, environment: object) => settings(notifiers, environment).digest;
  const secret = { pager: { ...HOOK, url: "${URL}", secret: "${WHSEC}" } };
  const here = { URL: "https://one.example", WHSEC: SECRET };
  const there = { URL: "https://two.example", WHSEC: `${SECRET}-2` };
  expect(of(secret, here)).toBe(of(secret, there));
  const routed = { pager: { ...HOOK, agents: ["${WHO}"] } };
  expect(of(routed, { WHO: "support" })).not.toBe(of(routed, { WHO: "support-*" }));
});
