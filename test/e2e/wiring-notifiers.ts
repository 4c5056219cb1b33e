/** The fields of where people are told, and of what. */
import { expect } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { fakeSlack } from "../../src/testing/fake-slack.ts";
import { type FakeWebhook, fakeWebhook } from "../../src/testing/fake-webhook.ts";
import { until } from "./clients-world.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const SECRET = "whsec-0123456789abcdef";
const OTHER_SECRET = "whsec-of-another-month";

/** For as long as the process: the cases share them. */
let hook: FakeWebhook;
let slack: Awaited<ReturnType<typeof fakeSlack>>;

const field = (name: string) => `slipclutch.yaml notifiers.*.${name}`;

function notifiers(of: () => Json) {
  return ({ slipclutch }: Settings) => {
    slipclutch.notifiers = of();
  };
}

const hookWith = (more: Json = {}) => ({
  ...{ kind: "webhook", url: hook.url, secret: SECRET },
  ...more,
});

/** What the far end says to a test through the notifier `one`. */
async function tested(world: WiringWorld): Promise<string> {
  const answer = await world.gateway.api("POST", "/api/v1/notifiers/one/test");
  const { delivered, error, said } = (await answer.json()) as Json;
  return error?.code ?? (delivered ? "delivered" : said);
}

/** Names of their own with each load: a notifier has so many messages a minute. */
let loads = 0;

/**
 * How many hear of a pause of the agent: beside `one` there is `all`, which always does, at the
 * same address with another query.
 */
async function hears(world: WiringWorld, agent: string): Promise<number> {
  const to = (name: string) => {
    return hook.arrived.filter(({ path }) => path.endsWith(`&to=${name}-${loads}`)).length;
  };
  const [all, one] = [to("all"), to("one")];
  const body = { agents: [agent], reason: "test" };
  expect((await world.gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
  const pending = async () => {
    const rows = (await (await world.gateway.api("GET", "/api/v1/notifiers")).json()) as Json[];
    return rows.reduce((sum, row) => sum + row.pending, 0);
  };
  await until(async () => to("all") > all && (await pending()) === 0);
  const resumed = await world.gateway.cli("agents", "resume", agent, "--reason", "test");
  expect(resumed).toMatchObject({ code: 0 });
  await until(async () => to("all") > all + 1 && (await pending()) === 0);
  return (to("one") - one) / 2;
}

function routed(more: Json) {
  return notifiers(() => {
    loads += 1;
    return {
      [`all-${loads}`]: hookWith({ url: `${hook.url}&to=all-${loads}` }),
      [`one-${loads}`]: hookWith({ url: `${hook.url}&to=one-${loads}`, ...more }),
    };
  });
}

function narrowed(name: string, by: Json): WiringCase {
  return differs(field(name), {
    base: routed({}),
    set: routed(by),
    see: async (world) => [await hears(world, "worker"), await hears(world, "other")],
    expect: fromTo([1, 1], [1, 0]),
  });
}

/** Far ends are there from the first case on. */
const opened = (one: WiringCase): WiringCase => ({
  ...one,
  async run(world) {
    hook ??= await fakeWebhook(SECRET, systemClock);
    slack ??= await fakeSlack();
    hook.expect(SECRET);
    await one.run(world);
  },
});

export const NOTIFIER_CASES: readonly WiringCase[] = [
  differs([field("kind = slack"), field("webhook_url")], {
    set: notifiers(() => ({ one: { kind: "slack", webhook_url: slack.url } })),
    see: async (world) => `${await tested(world)}, ${slack.received.length} received`,
    expect: fromTo("notifier.unknown, 0 received", "delivered, 1 received"),
  }),
  differs([field("kind = webhook"), field("url")], {
    set: notifiers(() => ({ one: hookWith() })),
    see: tested,
    expect: fromTo("notifier.unknown", "delivered"),
  }),
  differs(field("secret"), {
    base: notifiers(() => ({ one: hookWith() })),
    set: notifiers(() => ({ one: hookWith({ secret: OTHER_SECRET }) })),
    see: tested,
    expect: fromTo("delivered", "status 401: no signature by our secret"),
  }),
  differs(field("previous_secret"), {
    base: notifiers(() => ({ one: hookWith({ secret: OTHER_SECRET }) })),
    set: notifiers(() => ({ one: hookWith({ secret: OTHER_SECRET, previous_secret: SECRET }) })),
    see: tested,
    expect: fromTo("status 401: no signature by our secret", "delivered"),
  }),
  differs(field("headers"), {
    base: notifiers(() => ({ one: hookWith() })),
    set: notifiers(() => ({ one: hookWith({ headers: { "x-tenant": "acme" } }) })),
    see: async (world) => {
      await tested(world);
      return hook.arrived.at(-1)?.headers["x-tenant"];
    },
    expect: fromTo<unknown>(undefined, "acme"),
  }),
  {
    fields: [field("allow_http")],
    async run(world: WiringWorld) {
      const load = async (allow_http: boolean) => {
        const settings = world.base();
        notifiers(() => ({ one: hookWith({ url: "http://192.0.2.1/hook", allow_http }) }))(
          settings,
        );
        const { json, status } = await world.load(settings);
        return status === 200 ? "ok" : json.error.issues[0].path;
      };
      expect([await load(false), await load(true)]).toEqual(["notifiers.one.url", "ok"]);
    },
  },
  narrowed("agents", { agents: ["work*"] }),
  narrowed("labels.team", { labels: { team: "red" } }),
  narrowed("labels.org", { labels: { org: "north" } }),
  differs(field("labels.owner"), {
    base: (settings: Settings) => {
      settings.agents.worker.labels.owner = "ana";
      routed({})(settings);
    },
    set: routed({ labels: { owner: "ana" } }),
    see: async (world) => [await hears(world, "worker"), await hears(world, "other")],
    expect: fromTo([1, 1], [1, 0]),
  }),
  differs(field("on"), {
    base: routed({ on: ["approval", "pause"] }),
    set: routed({ on: ["approval", "trip"] }),
    see: (world) => hears(world, "worker"),
    expect: fromTo(1, 0),
  }),
  differs("slipclutch.yaml listeners.control_url", {
    base: notifiers(() => ({ one: hookWith() })),
    set: ({ slipclutch }) => {
      slipclutch.listeners = { control_url: "https://guard.example/slipclutch/" };
    },
    see: async (world) => {
      await tested(world);
      return hook.received.at(-1)?.data.link;
    },
    expect: (before, after) => {
      expect(before).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/reviews$/);
      expect(after).toBe("https://guard.example/slipclutch/reviews");
    },
  }),
].map(opened);

/** Ends what the cases have begun. */
export async function closeFarEnds(): Promise<void> {
  await hook?.close();
  await slack?.close();
}
