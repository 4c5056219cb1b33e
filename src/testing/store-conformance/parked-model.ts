import { expect } from "vitest";
import type { HolderId, Parked, ReviewDecision, Store } from "../../ports/store.ts";
import { fresh, liveHolder, type Stores } from "./kit.ts";
import {
  flushAnswers,
  newDecision,
  newParked,
  newReview,
  pass,
  ROOMY,
  reviewOf,
} from "./work-kit.ts";

const HOLDERS = 2;
const TASKS = ["one", "two"];
/** More than a clock's smallest step: what comes after is later. */
const STEP_MS = 2;

export type ParkingStep =
  | {
      readonly kind: "park" | "claim" | "detach" | "attach";
      readonly holder: number;
      readonly call: number;
    }
  | {
      readonly kind: "unclaim" | "answer";
      readonly holder: number;
      readonly call: number;
      /** How far the attempt is off: 0 is the right one. */
      readonly off: number;
    }
  | { readonly kind: "trip" | "fence"; readonly holder: number }
  | {
      readonly kind: "catch-up";
      readonly holder: number;
      /** Calls of its task were let through; of none there are none. */
      readonly call: number | null;
      /** How far behind it still is. */
      readonly behind: number;
    }
  | {
      readonly kind: "decide";
      readonly decision: ReviewDecision["decision"];
      readonly call: number;
    };

/** What a call must be, in the fewest words. */
type Row = Pick<
  Parked,
  "call" | "task" | "state" | "review" | "attached" | "claimedBy" | "attempt" | "maybeSent"
> & {
  readonly arrived: number;
  readonly parkedBy: string;
  readonly finished: number | null;
  readonly wasLeft: boolean;
  readonly seq: number;
  readonly copied: "no" | "maybe" | "settled";
  /** A person says that it ran: whoever comes for it is told so. */
  readonly said: boolean;
};

type Clutch = { readonly review: string; readonly task: string | null } | null;

interface Holder {
  readonly id: HolderId;
  readonly since: number;
  readonly caughtUp: number | null;
}

/** One agent's parked calls beside the model of them. */
export async function beginParking(stores: Stores) {
  const { store } = stores;
  const holders: Holder[] = [];
  for (let n = 0; n < HOLDERS; n += 1) {
    holders.push({ id: await liveHolder(store), since: 0, caughtUp: null });
  }
  const run = new Run(stores, holders, await liveHolder(store));
  return {
    take: (step: ParkingStep) => run.take(step),
    /** Nobody of this run is waited for in the next one. */
    end: async () => {
      for (const { id } of holders) await store.holders.fence(id, null);
    },
  };
}

class Run {
  readonly #stores: Stores;
  readonly #holders: Holder[];
  /** It has no part in anything but sees. */
  readonly #watcher: HolderId;
  readonly #agent = fresh("agent");
  readonly #key = fresh("key");
  readonly #rows = new Map<string, Row>();
  readonly #calls: string[] = [];
  #clutch: Clutch = null;
  #lastReview = fresh("never");
  /** The review of copies that is open. */
  #copies: string | null = null;
  #tick = 1;
  #seq = 0;
  #now = 0;

  constructor(stores: Stores, holders: Holder[], watcher: HolderId) {
    this.#stores = stores;
    this.#holders = holders;
    this.#watcher = watcher;
  }

  async take(step: ParkingStep): Promise<void> {
    this.#tick += 1;
    await this.#watch();
    switch (step.kind) {
      case "park":
        await this.#park(this.#holder(step.holder).id, step.call);
        break;
      case "claim":
        await this.#claim(this.#holder(step.holder).id, this.#row(step.call));
        break;
      case "unclaim":
      case "answer":
        await this.#end(step, this.#row(step.call));
        break;
      case "detach":
        await this.#detach(this.#holder(step.holder).id, this.#row(step.call));
        break;
      case "attach":
        await this.#attach(this.#holder(step.holder).id, this.#row(step.call));
        break;
      case "trip":
        await this.#trip();
        break;
      case "fence":
        await this.#fence(step.holder % HOLDERS);
        break;
      case "catch-up":
        await this.#catchUp(step, this.#holder(step.holder));
        break;
      case "decide":
        await this.#decide(step.decision, this.#row(step.call));
    }
    await this.#check();
  }

  async #watch(): Promise<void> {
    const beat = await this.#stores.store.holders.beat(this.#watcher);
    if (beat.kind !== "ok") throw new Error("nobody fences the watcher");
    this.#seq = beat.changeSeq;
    this.#now = beat.now;
  }

  #holder(index: number): Holder {
    const holder = this.#holders[index % HOLDERS];
    if (!holder) throw new Error("there are holders");
    return holder;
  }

  #row(index: number): Row | undefined {
    return this.#rows.get(this.#calls[index % Math.max(1, this.#calls.length)] ?? "");
  }

  #set(row: Row, changes: Partial<Row>): void {
    this.#rows.set(row.call, { ...row, ...changes });
  }

  #passes(task: string): boolean {
    return this.#clutch === null || this.#clutch.task === task;
  }

  /** Each message comes twice, the copy by another road. */
  async #twice(send: (on: Store) => Promise<unknown>): Promise<void> {
    const { store, other } = this.#stores;
    const [first, second] = [await send(store), await send(other)];
    expect(second).toEqual(first);
  }

  async #park(holder: HolderId, index: number): Promise<void> {
    const task = TASKS[index % TASKS.length] ?? "";
    // The digest is the task's: calls of one task are the same request.
    const asked = newParked({ agent: this.#agent, key: this.#key, task, digest: task });
    const { call, review } = asked;
    await this.#twice((on) => on.parking.park(holder, asked, ROOMY));
    this.#calls.push(call);
    const state = this.#passes(task) ? "let_go" : "parked";
    const waits = { attached: holder, claimedBy: null, attempt: 0, maybeSent: false };
    const times = { arrived: this.#tick, parkedBy: holder, finished: null, seq: this.#seq };
    const stands = this.#clutch?.review ?? review;
    const free = { wasLeft: false, copied: "no", said: false } as const;
    this.#rows.set(call, { call, task, state, review: stands, ...waits, ...times, ...free });
  }

  async #claim(holder: HolderId, row: Row | undefined): Promise<void> {
    if (!row) return;
    await this.#twice((on) => on.parking.claim(holder, row.call));
    if (row.state !== "let_go" || !this.#passes(row.task) || this.#isAwaited(row)) return;
    this.#set(row, { state: "claimed", claimedBy: holder, attempt: row.attempt + 1 });
  }

  /** A gateway that has not caught up may have let it through. */
  #isAwaited({ parkedBy, seq, wasLeft }: Row): boolean {
    const behind = this.#holders.some(({ caughtUp, id }) => {
      return id !== parkedBy && caughtUp !== null && caughtUp < seq;
    });
    return wasLeft && behind;
  }

  async #catchUp(
    { behind, call, holder: index }: Extract<ParkingStep, { kind: "catch-up" }>,
    holder: Holder,
  ): Promise<void> {
    const row = call === null ? undefined : this.#row(call);
    const same = { agent: this.#agent, key: this.#key, at: this.#now };
    const passed = row ? [{ ...same, task: row.task, digest: row.task }] : [];
    const seq = Math.max(this.#seq - behind, 0);
    await this.#twice((on) => on.parking.catchUp(holder.id, seq, passed));
    const caughtUp = Math.max(holder.caughtUp ?? 0, seq);
    this.#holders[index % HOLDERS] = { ...holder, caughtUp };
    for (const each of [...this.#rows.values()]) {
      const open = ["parked", "let_go", "claimed"].includes(each.state);
      if (each.task !== row?.task || each.parkedBy === holder.id || !open) continue;
      if (each.copied === "no") this.#set(each, { copied: "maybe" });
    }
    this.#doubt();
  }

  /** Those that may be copies, and whose clients have gone, are in one review of their agent. */
  #doubt(): void {
    const rows = [...this.#rows.values()].filter((row) => row.copied === "maybe" && isLeft(row));
    const [first] = rows.map(({ call }) => call).sort();
    if (first === undefined) return;
    this.#copies ??= `unknown.${first}`;
    const doubted = { state: "parked", maybeSent: true, review: this.#copies } as const;
    for (const row of rows) this.#set(row, doubted);
  }

  async #end(
    { holder: index, kind, off }: Extract<ParkingStep, { kind: "unclaim" | "answer" }>,
    row: Row | undefined,
  ): Promise<void> {
    if (!row) return;
    const holder = this.#holder(index).id;
    const { call } = row;
    const attempt = row.attempt + off;
    const answer = { kind: "parked", call, attempt, answer: null } as const;
    await this.#twice((on) =>
      kind === "answer"
        ? flushAnswers(on, holder, answer)
        : on.parking.unclaim(holder, call, attempt),
    );
    if (row.state !== "claimed" || row.claimedBy !== holder || off !== 0) return;
    const free = { claimedBy: null } as const;
    if (kind === "answer") this.#set(row, { state: "done", finished: this.#tick });
    else if (this.#passes(row.task)) this.#set(row, { ...free, state: "let_go" });
    else this.#set(row, { ...free, state: "parked", review: this.#clutch?.review ?? row.review });
    this.#doubt();
  }

  async #detach(holder: HolderId, row: Row | undefined): Promise<void> {
    if (!row) return;
    await this.#twice((on) => on.parking.detach(holder, [row.call]));
    if (row.attached === holder) this.#set(row, { attached: null, wasLeft: true });
    this.#doubt();
  }

  async #attach(holder: HolderId, like: Row | undefined): Promise<void> {
    if (!like) return;
    const { task } = like;
    const same = { key: this.#key, task, digest: task, by: fresh("request") };
    await this.#twice((on) => on.parking.attach(holder, same));
    const rows = [...this.#rows.values()];
    // Answers are empty here: what is done has nothing to give, unless a person said something.
    const gives = ({ said, state }: Row) => state !== "done" || said;
    const oldest = rows.find((row) => row.task === task && row.attached === null && gives(row));
    if (oldest) this.#set(oldest, { attached: holder });
  }

  async #trip(): Promise<void> {
    const review = newReview({ agent: this.#agent });
    await this.#twice((on) => on.clutch.trip(review));
    this.#lastReview = this.#clutch?.review ?? review.id;
    this.#clutch = { review: this.#lastReview, task: null };
  }

  async #fence(index: number): Promise<void> {
    const gone = this.#holder(index);
    const { id, since } = gone;
    const { store, other } = this.#stores;
    for (const on of [other, store]) await on.holders.fence(id, null);
    const review = `unknown.${id}.${this.#agent}`;
    for (const row of [...this.#rows.values()]) {
      const had = row.finished !== null && row.finished < since;
      const leaves = row.attached === id && !had;
      const now = leaves ? { ...row, attached: null, wasLeft: true } : row;
      if (row.state === "claimed" && row.claimedBy === id) {
        this.#set(now, { state: "unknown", review });
      } else if (isDoubted(now, gone)) {
        this.#set(now, { state: "parked", maybeSent: true, review });
      } else this.#set(now, {});
    }
    await pass(this.#stores, STEP_MS);
    this.#tick += 1;
    this.#holders[index] = { id: await liveHolder(store), since: this.#tick, caughtUp: null };
    await pass(this.#stores, STEP_MS);
  }

  /** On the review of the call, or where there is none on the last trip's. */
  async #decide(verb: ReviewDecision["decision"], row: Row | undefined): Promise<void> {
    const id = row?.review ?? this.#lastReview;
    const { store } = this.#stores;
    const [review] = await store.clutch.reviews({ id, limit: 1 });
    if (!review) return;
    const [task, call] = [row?.task ?? null, row?.call ?? null];
    const message = verb === "ran" ? "It did." : null;
    const decision = newDecision(review, verb, { task, call, message });
    const due = review.state === "open" && this.#apply(verb, review.id, row);
    if (id === this.#copies && ![...this.#rows.values()].some((each) => isOpenIn(each, id))) {
      this.#copies = null;
    }
    await this.#twice((on) => on.clutch.decide(decision));
    expect((await reviewOf(store, id)).version).toBe(review.version + (due ? 1 : 0));
  }

  /** What the decision does to the model; false if there is nothing to do it to. */
  #apply(verb: ReviewDecision["decision"], id: string, row: Row | undefined): boolean {
    const waits = this.#clutch?.review === id;
    const rows = [...this.#rows.values()];
    const parked = rows.filter(({ review, state }) => review === id && state === "parked");
    switch (verb) {
      case "resume":
      case "change":
      case "calm": {
        if (id.startsWith("unknown.")) return false;
        if (verb === "calm" && !(waits && this.#clutch?.task)) return false;
        const waited = waits ? rows.filter(({ state }) => state === "let_go") : [];
        for (const each of [...waited, ...parked]) if (!each.maybeSent) this.#letGo(each);
        if (waits) this.#clutch = null;
        return true;
      }
      case "probe": {
        if (!waits || !row) return false;
        for (const each of parked) {
          if (each.task === row.task && !each.maybeSent) this.#letGo(each);
        }
        this.#clutch = { review: id, task: row.task };
        return true;
      }
      case "approve":
        return false; // none of these reviews asks for an approval
      case "deny":
        if (row?.state !== "parked") return false;
        this.#set(row, { state: "denied", finished: this.#tick });
        return true;
      case "end": {
        if (!row) return false;
        for (const each of parked) {
          if (each.task === row.task) {
            this.#set(each, { state: "denied", finished: this.#tick });
          }
        }
        return true;
      }
      case "ran":
      case "did_not_run": {
        const unknown = row?.state === "unknown" || (row?.state === "parked" && row.maybeSent);
        if (!row || !unknown) return false;
        const copied = row.copied === "maybe" ? "settled" : row.copied;
        const known = { ...row, claimedBy: null, maybeSent: false, copied };
        if (verb === "ran") this.#set(known, { state: "done", finished: this.#tick, said: true });
        else this.#letGo(known);
        return true;
      }
    }
  }

  /** By the change that the decision is. */
  #letGo(row: Row): void {
    this.#set(row, { state: "let_go", seq: this.#seq + 1 });
  }

  async #check(): Promise<void> {
    const { other } = this.#stores;
    const actual = await other.parking.list({ agent: this.#agent, limit: 1000 });
    const seen = actual.map(({ call, task, state, review, attached, claimedBy, ...rest }) => {
      const { attempt, maybeSent } = rest;
      return { call, task, state, review, attached, claimedBy, attempt, maybeSent };
    });
    const expected = [...this.#rows.values()].map((row) => {
      const { arrived, copied, finished, parkedBy, said, seq, wasLeft, ...rest } = row;
      return rest;
    });
    expect(seen).toEqual(expected.reverse());
    const found = (await other.clutch.clutches()).find(({ agent }) => agent === this.#agent);
    const clutch = found?.clutch ?? { state: "engaged" };
    const task = this.#clutch?.task ?? null;
    const state = task === null ? "disengaged" : "probing";
    const shown = this.#clutch ? { state, review: this.#clutch.review } : { state: "engaged" };
    expect(clutch).toMatchObject(task === null ? shown : { ...shown, task });
    for (const review of await other.clutch.reviews({ agent: this.#agent, limit: 1000 })) {
      const waiting = expected.filter((row) => row.review === review.id && row.state === "parked");
      expect(review.parked).toBe(waiting.length);
    }
  }
}

/** Not finished, not claimed, not doubted, and its first client has gone. */
function isLeft({ maybeSent, state, wasLeft }: Row): boolean {
  return wasLeft && !maybeSent && (state === "parked" || state === "let_go");
}

/** Others parked it while the one that is gone said nothing, or knew less: it may have sent it. */
function isDoubted(row: Row, { caughtUp, id, since }: Holder): boolean {
  const behind = caughtUp !== null && caughtUp < row.seq;
  const sent = row.parkedBy !== id && (row.arrived >= since || behind);
  return isLeft(row) && (sent || row.copied === "maybe");
}

function isOpenIn({ maybeSent, review, state }: Row, id: string): boolean {
  return review === id && (state === "unknown" || (state === "parked" && maybeSent));
}
