/** Gateways on one store that tell people, and far ends that answer as a test says. */
import type { Configuration } from "../../src/config/configuration.ts";
import { emit } from "../../src/gateway/gateway.ts";
import { Notifying } from "../../src/gateway/notifying/notifying.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import type { Message } from "../../src/guards/notice/notice.ts";
import type { Delivery, Notifier } from "../../src/ports/notifier.ts";
import type { NewReview, Review } from "../../src/ports/store.ts";
import { valid } from "../unit/config/folder.ts";
import type { Outage } from "./failing-store.ts";
import { Life, type Parts } from "./life.ts";

export const NO_OUTAGE: Outage = { from: 1, count: 0, when: "before" };
export const OK: Delivery = { kind: "ok", said: "status 200" };
const TICK_MS = 1_000;

export type Answering = (message: Message, notifier: string) => Delivery | Promise<Delivery>;

export interface Telling extends Parts {
  readonly notifying: Notifying;
}

export interface Delivered {
  readonly notifier: string;
  readonly message: Message;
  readonly atMs: number;
}

const SECRET = "whsec-0123456789abcdef";

function folderWith(routes: Readonly<Record<string, object>>): Configuration {
  const hook = { kind: "webhook", url: "https://far.example/hook", secret: SECRET };
  const notifiers = Object.entries(routes).map(([name, route]) => [name, { ...hook, ...route }]);
  const agent = (name: string) => JSON.stringify({ version: 1, agent: name });
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      budgets: [{ name: "all", limit_usd: 1, window: "lifetime" }],
      notifiers: Object.fromEntries(notifiers),
    }),
    "agents/a.json": agent("a"),
    "agents/b.json": agent("b"),
  });
}

export class NoticeLife extends Life {
  /** Every attempt, whatever became of it. */
  readonly delivered: Delivered[] = [];
  answering: Answering = () => OK;
  #folder: Configuration;

  constructor(outage: Outage = NO_OUTAGE, routes: Readonly<Record<string, object>> = { chat: {} }) {
    super(outage);
    this.#folder = folderWith(routes);
  }

  protected folder(): Configuration {
    return this.#folder;
  }

  /** What a reload would find from now on. */
  write(routes: Readonly<Record<string, object>>): void {
    this.#folder = folderWith(routes);
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    const notifiers = configuration.notifiers.map(({ road }) => this.#notifier(road.name));
    return new Ruleset(configuration, [], [], notifiers);
  }

  #notifier(name: string): Notifier {
    return {
      name,
      deliver: async (message) => {
        this.delivered.push({ notifier: name, message, atMs: this.clock.monotonic() });
        return this.answering(message, name);
      },
      close: async () => {},
    };
  }

  async tell(): Promise<Telling> {
    const parts = await this.start();
    const url = "https://guard.example";
    const notifying = new Notifying(parts.gateway, {
      review: (id) => ({ url: `${url}/r/${id}`, expiresAt: 0 }),
      reviews: () => `${url}/reviews`,
    });
    return { ...parts, notifying };
  }

  /** Seconds go by, in each of which every one of these looks what there is to do. */
  async seconds(count: number, ...all: readonly Telling[]): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      for (const { notifying, upkeep } of all) {
        await this.done(upkeep.tick());
        await this.done(notifying.tick().then(() => notifying.settled()));
      }
      await this.pass(TICK_MS);
    }
  }

  async trip({ gateway }: Telling, id: string, changes: Partial<NewReview> = {}): Promise<void> {
    const reason = `${id} ran away.`;
    const evidence = JSON.stringify({ rule: "stuck", task: "t-1", numbers: { calls: 9 } });
    const at = gateway.holding.storeNow();
    const review = { id, kind: "trip", agent: "a", subject: "", reason, evidence, at } as const;
    await this.done(gateway.clutches.trip({ ...review, ...changes }, "breaker stuck"));
  }

  /** A review that moves no clutch. */
  async open({ gateway }: Telling, id: string): Promise<void> {
    const reason = `The budget ${id} is spent.`;
    const at = gateway.holding.storeNow();
    const review = { id, kind: "budget", agent: "a", subject: id, reason, evidence: "{}" } as const;
    // Whoever is not answered asks again.
    while (!(await this.done(gateway.store.clutch.open({ ...review, at }))));
  }

  async review({ gateway }: Telling, id: string): Promise<Review> {
    const [review] = await gateway.store.clutch.reviews({ id, limit: 1 });
    if (review === undefined) throw new Error(`there is no review ${id}`);
    return review;
  }

  alarm({ gateway }: Telling, agent = "a", tool = "echo"): void {
    emit(gateway, gateway.holding.tenure, {
      ...{ kind: "breaker.alarmed", action: "alert", agent, task: null, rule: "surge" },
      ...{ server: "desk", tool, says: `${tool} is called too often.`, numbers: { calls: 9 } },
    });
  }

  /** Subjects of what one notifier was told, each as often as it was. */
  told(notifier = "chat"): readonly string[] {
    return this.delivered.flatMap(({ message, notifier: name }) => {
      if (name !== notifier) return [];
      if (message.kind === "folded") return message.notices.map(({ subject }) => subject);
      return [message.id];
    });
  }

  /** States of what is kept, by notifier and subject. */
  rows(): ReadonlyMap<string, string> {
    const { notices } = this.data;
    return new Map(
      [...notices.values()].map(({ notice, state }) => {
        return [`${notice.notifier} ${notice.subject}`, state];
      }),
    );
  }
}
