/** Sends the notices of one notifier that are due, and has the store told what became of them. */
import { hash } from "node:crypto";
import type { Millis } from "../../guards/money.ts";
import type { Link, Message, NamedNotice, Notice } from "../../guards/notice/notice.ts";
import { GIVE_UP_MS, planOf, RETRY_AFTER_MAX_MS, retryMs } from "../../guards/notice/pace.ts";
import type { Delivery } from "../../ports/notifier.ts";
import {
  type ClaimedNotices,
  type NoticeOutcome,
  type StoredNotice,
  StoreUnreachable,
} from "../../ports/store.ts";
import { emit, type Gateway } from "../gateway.ts";
import { Newest } from "../newest.ts";
import { waitingFor } from "./waiting.ts";

/** Of one attempt, to the end of the answer. */
export const ATTEMPT_MS: Millis = 10_000;
const MINUTE_MS: Millis = 60_000;
/** What the store did not hear is told again after this. */
const AGAIN_MS: Millis = 1_000;
/** Remembered, those that reloads took away among them. */
const NOTIFIERS_MAX = 256;
const CHANCE_BYTES = 4;
const ID_CHARS = 32;

export interface Links {
  readonly review: (id: string) => Link;
  /** All of them. */
  readonly reviews: () => string;
}

/** A notice as it is in the store, and what it says. */
interface Due extends NamedNotice {
  readonly stored: StoredNotice;
}

interface Outcome {
  readonly became: NoticeOutcome;
  readonly dues: readonly Due[];
}

export class Sender {
  readonly #gateway: Gateway;
  readonly #links: Links;
  /** When messages went out to each notifier, for a minute; by the monotonic clock. */
  readonly #sent = new Newest<readonly Millis[]>(NOTIFIERS_MAX);
  stopped = false;

  constructor(gateway: Gateway, links: Links) {
    this.#gateway = gateway;
    this.#links = links;
  }

  /** One after the other, as they came. Never rejects. */
  async send(claimed: ClaimedNotices): Promise<void> {
    const due = claimed.notices.map((stored): Due => {
      const { body, subject } = stored;
      // `as`: a gateway wrote it, see `tell.ts`.
      return { subject, stored, notice: JSON.parse(body) as Notice };
    });
    const { folded, single } = planOf(due.length, this.#sentLately(claimed.notifier));
    const groups = due.slice(0, single).map((one) => [one]);
    if (folded) groups.push(due.slice(single));
    for (const group of groups) {
      if (this.stopped || !(await this.#sendOne(claimed, group))) return;
    }
  }

  /** One message of one notice, or of all that are told together. False: no more for now. */
  async #sendOne(claimed: ClaimedNotices, group: readonly Due[]): Promise<boolean> {
    const { notifier: name } = claimed;
    const { clock, rules } = this.#gateway;
    // A reload may have taken it away.
    const notifier = rules.notifier(name);
    if (notifier === null) return false;
    this.#sent.set(name, [...this.#lately(name), clock.monotonic()]);
    const delivery = await attempt(async () => {
      return notifier.deliver(await this.#messageOf(group), ATTEMPT_MS);
    });
    const isSettled = await this.#settle(claimed, group, delivery);
    return isSettled && !(delivery.kind === "retry" && delivery.afterMs !== null);
  }

  async #messageOf(group: readonly Due[]): Promise<Message> {
    const [first] = group;
    if (group.length === 1 && first !== undefined) {
      const { notice, subject: id } = first;
      const link = notice.review === null ? null : this.#links.review(notice.review.id);
      const waiting = await waitingFor(notice, this.#gateway);
      return { kind: "one", id, link, notice, waiting };
    }
    const subjects = group.map(({ subject }) => subject);
    const id = `folded.${hash("sha256", JSON.stringify(subjects), "hex").slice(0, ID_CHARS)}`;
    const at = this.#gateway.holding.storeNow();
    return { kind: "folded", id, at, link: this.#links.reviews(), notices: group };
  }

  /** False: another gateway has the notifier now, and may tell these as well. */
  async #settle(
    { notifier, number }: ClaimedNotices,
    group: readonly Due[],
    delivery: Delivery,
  ): Promise<boolean> {
    for (const { became, dues } of this.#outcomesOf(group, delivery)) {
      const subjects = dues.map(({ subject }) => subject);
      if (!(await this.#toldStore({ notifier, number, subjects, became }))) return false;
      for (const due of dues) this.#happened(notifier, due, became, group.length > 1);
    }
    return true;
  }

  /** What failed is tried again, but for what is a day old. */
  #outcomesOf(group: readonly Due[], delivery: Delivery): readonly Outcome[] {
    switch (delivery.kind) {
      case "ok":
        return [{ became: { kind: "sent" }, dues: group }];
      case "refused":
        return [{ became: { kind: "given_up", error: delivery.because }, dues: group }];
      case "retry": {
        const { because: error } = delivery;
        const before = this.#gateway.holding.storeNow() - GIVE_UP_MS;
        const [old, young] = [
          group.filter(({ stored }) => stored.at <= before),
          group.filter(({ stored }) => stored.at > before),
        ];
        const again = { became: this.#againOf(group, delivery), dues: young };
        const outcomes: Outcome[] = [{ became: { kind: "given_up", error }, dues: old }, again];
        return outcomes.filter(({ dues }) => dues.length > 0);
      }
    }
  }

  #againOf(
    group: readonly Due[],
    { afterMs: asked, because: error }: Extract<Delivery, { kind: "retry" }>,
  ): NoticeOutcome {
    const { chance } = this.#gateway;
    const pauseMs = asked === null ? null : Math.min(asked, RETRY_AFTER_MAX_MS);
    const attempts = 1 + Math.max(...group.map(({ stored }) => stored.attempts));
    const share = Number.parseInt(chance.hex(CHANCE_BYTES), 16) / 2 ** (8 * CHANCE_BYTES);
    const afterMs = Math.max(retryMs(attempts, share), pauseMs ?? 0);
    return { kind: "retry", error, afterMs, pauseMs };
  }

  /** Nothing else is sent at this notifier before the store knows. */
  async #toldStore(
    settled: Parameters<Gateway["store"]["notices"]["settle"]>[0],
  ): Promise<boolean> {
    const { clock, log, store } = this.#gateway;
    const { notifier, subjects } = settled;
    while (true) {
      try {
        if (await store.notices.settle(settled)) return true;
        const what = "another gateway took a notifier over: it may tell the same notices again";
        log.warn(what, { notifier, notices: subjects.length });
        return false;
      } catch (error) {
        if (!(error instanceof StoreUnreachable)) throw error;
        if (this.stopped) return false;
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
      }
    }
  }

  #happened(notifier: string, due: Due, became: NoticeOutcome, folded: boolean): void {
    const { agent, kind: about, review } = due.notice;
    if (became.kind === "retry") return this.#gateway.metrics.retriedNotice(notifier, about);
    const of = { notifier, notice: due.subject, about, agent, review: review?.id ?? null };
    const attempts = due.stored.attempts + 1;
    const event =
      became.kind === "sent"
        ? ({ kind: "notice.sent", ...of, attempts, folded } as const)
        : ({ kind: "notice.given-up", ...of, attempts, because: became.error } as const);
    emit(this.#gateway, this.#gateway.holding.tenure, event);
  }

  #sentLately(notifier: string): number {
    return this.#lately(notifier).length;
  }

  #lately(notifier: string): readonly Millis[] {
    const from = this.#gateway.clock.monotonic() - MINUTE_MS;
    return (this.#sent.get(notifier) ?? []).filter((at) => at > from);
  }
}

/** A notifier that throws has a bug: its notices are tried again, and the others are not held. */
async function attempt(deliver: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await deliver();
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: "retry", because: `the notifier failed: ${because}`, afterMs: null };
  }
}
