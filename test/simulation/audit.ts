/** Looks at everything at once, as nobody in the system can, and says which promise was broken. */
import { heldOf, type MemoryData, type Slice } from "../../src/adapters/store/memory/data.ts";
import type { Tenure } from "../../src/gateway/tenure.ts";
import { UNITS, type Unit } from "../../src/guards/budget/unit.ts";
import type { Event } from "../../src/guards/events.ts";
import { parseUsd } from "../../src/guards/money.ts";
import type { Forfeit, Settlement, Store } from "../../src/ports/store.ts";
import type { Fields } from "../../src/telemetry/log.ts";
import type { SimulatedGateway } from "./gateways.ts";
import { accountName, type Leg, type Truth } from "./upstream.ts";
import type { Process, World } from "./world.ts";

/** What a gateway knows of an account may be this old when it refuses for good. */
const VIEW_AGE_MS = 3_500;

/** The default; and how far a monotonic clock may be off. */
const EXPIRY_MS = 12_000;
const DRIFT = 0.999;

export class Broken extends Error {
  override readonly name = "Broken";
}

type GapKind = "journal.gap";

interface Ledger {
  committed: bigint;
  overbilled: bigint;
}

/** What an account could still have covered, from that time on. */
interface Hope {
  readonly since: number;
  readonly amount: bigint;
}

export class Audit {
  readonly calls = new Map<string, Truth>();
  readonly settled = new Map<string, Settlement>();
  /** Releases that changed the books, one for each account. */
  readonly released = { gone: 0, none: 0 };
  readonly #world: World;
  readonly #data: MemoryData;
  readonly #gateways: readonly SimulatedGateway[];
  readonly #unsettled = new Set<Truth>();
  /** By account, in its unit: of all calls that were written, and of those without a settlement. */
  readonly #billable = new Map<string, number>();
  readonly #uncovered = new Map<string, number>();
  readonly #highest = new Map<string, bigint>();
  readonly #before = new Map<number, Ledger>();
  readonly #charged = new Map<number, { charged: bigint; over: bigint }>();
  /** By account: released without evidence, and by so much its cap may be passed. */
  readonly #forced = new Map<string, number>();
  readonly #hopes = new Map<number, Hope[]>();
  /** Of every holder that was fenced. */
  readonly #forfeits = new Map<string, readonly Forfeit[]>();

  constructor(world: World, data: MemoryData, gateways: readonly SimulatedGateway[]) {
    this.#world = world;
    this.#data = data;
    this.#gateways = gateways;
  }

  /** The store as the gateways use it, with a note of every settlement that counted. */
  watching(store: Store): Store {
    const { ledger } = store;
    const flush: Store["ledger"]["flush"] = async (holder, batch) => {
      const row = this.#data.holders.get(holder);
      if (row?.state === "live" || row?.state === "fenced") {
        const slices = row.state === "fenced" ? [...row.slices] : [];
        const forfeits = new Map(slices.map(([account, { forfeit }]) => [account, forfeit]));
        for (const settlement of batch.settlements) this.#note(settlement, forfeits);
      }
      return ledger.flush(holder, batch);
    };
    const holders = this.#watchingBeats(store.holders);
    const forfeits = this.#watchingReleases(store.forfeits);
    return { ...store, ledger: { ...ledger, flush }, holders, forfeits };
  }

  #watchingReleases(forfeits: Store["forfeits"]): Store["forfeits"] {
    return {
      ...forfeits,
      release: async (wanted) => {
        const before = this.#data.releases.length;
        const answer = forfeits.release(wanted);
        // The books have changed already, and are looked at before the answer is there.
        for (const { account, amount, evidence } of this.#data.releases.slice(before)) {
          this.released[evidence] += 1;
          const spec = this.#data.accounts.get(account)?.spec;
          if (evidence === "gone" || spec === undefined) continue;
          add(this.#forced, accountName(spec), Number(amount));
        }
        return answer;
      },
    };
  }

  /**
   * What a bill shows of a holder's calls that are not settled: the most of any one account of that
   * unit.
   */
  billOf(holder: string, unit: Unit): number {
    const sums = new Map<string, number>([["", 0]]);
    for (const truth of this.#unsettled) {
      if (truth.holder !== holder) continue;
      for (const leg of truth.legs.filter((one) => one.unit === unit)) {
        add(sums, leg.account, truth.billed?.[unit] ?? leg.reserved);
      }
    }
    return Math.max(...sums.values());
  }

  /** Nobody is fenced who was heard of lately: the store may have been away, or the fencer asleep. */
  #watchingBeats(holders: Store["holders"]): Store["holders"] {
    const heardAt = new Map<string, number>();
    return {
      ...holders,
      register: async (info) => {
        // A copy that arrives late is no sign of life: it changes nothing.
        if (!heardAt.has(info.id)) heardAt.set(info.id, this.#world.now);
        return holders.register(info);
      },
      beat: async (id) => {
        heardAt.set(id, this.#world.now);
        return holders.beat(id);
      },
      fence: async (id, seen) => {
        const before = this.#data.holders.get(id)?.state;
        const forfeits = await holders.fence(id, seen);
        if (before === "live") this.#forfeits.set(id, forfeits);
        const silentMs = this.#world.now - (heardAt.get(id) ?? 0);
        if (before === "live" && this.#data.holders.get(id)?.state === "fenced") {
          if (silentMs < EXPIRY_MS * DRIFT) this.#fail(`${id}: fenced after ${silentMs} ms`);
        }
        return forfeits;
      },
    };
  }

  /** `forfeits`: what is left of those of a fenced holder. */
  #note(settlement: Settlement, forfeits: Map<number, bigint>): void {
    const { call, legs } = settlement;
    if (this.settled.has(call)) return;
    this.settled.set(call, settlement);
    const truth = this.calls.get(call);
    if (truth !== undefined) this.#checkCharge(truth, settlement);
    for (const { account, charged, drawn } of legs) {
      const sum = this.#charged.get(account) ?? { charged: 0n, over: 0n };
      const forfeit = forfeits.get(account) ?? drawn;
      const moved = drawn < forfeit ? drawn : forfeit;
      if (forfeits.has(account)) forfeits.set(account, forfeit - moved);
      const over = sum.over + charged - moved;
      this.#charged.set(account, { charged: sum.charged + charged, over });
    }
  }

  /** Nothing is charged less than it can be billed, but what was billed above its reservation. */
  #checkCharge(truth: Truth, { call, legs }: Settlement): void {
    truth.legs.forEach((leg, index) => {
      const charged = legs[index]?.charged ?? -1n;
      const billable = BigInt(billableOf(truth, leg));
      if (charged < billable) this.#fail(`${call}: charged ${charged}, billed ${billable}`);
      if (this.#unsettled.has(truth)) add(this.#uncovered, leg.account, -Number(billable));
    });
    this.#unsettled.delete(truth);
  }

  onWrite(truth: Truth): void {
    const holder = this.#data.holders.get(truth.holder);
    if (holder?.state !== "live" && !truth.inGap) {
      this.#fail(`${truth.id}: written by a holder that is ${holder?.state}`);
    }
    const open = !this.settled.has(truth.id);
    if (open) this.#unsettled.add(truth);
    for (const { account, reserved } of truth.legs) {
      const billable = add(this.#billable, account, reserved);
      if (open) add(this.#uncovered, account, reserved);
      const forced = BigInt(this.#forced.get(account) ?? 0);
      const highest = (this.#highest.get(account) ?? 0n) + forced;
      if (BigInt(billable) > highest) this.#fail(`${account}: ${billable} billable of ${highest}`);
    }
    this.#checkCover();
  }

  /** The provider has made up its mind, at most at what was reserved: more is an overbill. */
  onBilled(truth: Truth): void {
    for (const leg of truth.legs) {
      const less = leg.reserved - billableOf(truth, leg);
      add(this.#billable, leg.account, -less);
      if (this.#unsettled.has(truth)) add(this.#uncovered, leg.account, -less);
    }
  }

  /** What may still be billed is set aside in the store, whoever has died meanwhile. */
  #checkCover(): void {
    for (const { forfeited, leased, spec } of this.#data.accounts.values()) {
      const name = accountName(spec);
      const need = BigInt((this.#uncovered.get(name) ?? 0) - (this.#forced.get(name) ?? 0));
      if (need > leased + forfeited) {
        this.#fail(`${name}: ${need} may be billed, ${leased} leased and ${forfeited} forfeited`);
      }
    }
  }

  /** After every transaction of the store. */
  afterCommit(): void {
    const { accounts, holders } = this.#data;
    for (const [id, account] of accounts) {
      const { committed, forfeited, leased, limit, spec, spent } = account;
      const name = accountName(spec);
      const highest = this.#highest.get(name) ?? 0n;
      if (limit > highest) this.#highest.set(name, limit);
      let [held, forfeits] = [0n, 0n];
      for (const holder of holders.values()) {
        const slice = holder.slices.get(id);
        if (slice === undefined) continue;
        if (heldOf(slice) < 0n || slice.forfeit < 0n) this.#fail(`${name}: a negative slice`);
        if (holder.state === "live") held += heldOf(slice);
        forfeits += slice.forfeit;
      }
      if (leased !== held) this.#fail(`${name}: ${leased} leased, ${held} held`);
      if (forfeited !== forfeits) this.#fail(`${name}: ${forfeited} forfeited, not ${forfeits}`);
      const { charged, over } = this.#charged.get(id) ?? { charged: 0n, over: 0n };
      if (spent !== charged) this.#fail(`${name}: ${spent} spent, ${charged} charged`);
      this.#checkGrowth(id, name, {
        committed: spent + leased + forfeited + committed,
        overbilled: over,
      });
      this.#noteHope(id, limit - spent - forfeited - committed);
    }
    this.#checkCover();
  }

  #checkGrowth(id: number, name: string, now: Ledger): void {
    const before = this.#before.get(id) ?? { committed: 0n, overbilled: 0n };
    this.#before.set(id, now);
    const limit = this.#data.accounts.get(id)?.limit ?? 0n;
    const bound = before.committed > limit ? before.committed : limit;
    if (now.committed - (now.overbilled - before.overbilled) > bound) {
      this.#fail(
        `${name}: committed grew from ${before.committed} to ${now.committed} of ${limit}`,
      );
    }
  }

  #noteHope(id: number, amount: bigint): void {
    const hopes = this.#hopes.get(id) ?? [];
    if (hopes.at(-1)?.amount === amount) return;
    hopes.push({ since: this.#world.now, amount });
    this.#hopes.set(id, hopes);
  }

  /** After every event: the books of every gateway that is there. */
  afterEvent(): void {
    for (const { core, process, started } of this.#gateways) {
      if (!started || process.state === "gone") continue;
      const { holding } = core.gateway;
      this.#checkBooks(holding.tenure);
      for (const former of holding.former) this.#checkBooks(former);
    }
  }

  #checkBooks(tenure: Tenure): void {
    const committed = new Map<object, number>();
    for (const { drawn, settlement } of tenure.settlements) {
      if (!this.settled.has(settlement.call)) continue;
      for (const [account, amount] of drawn) {
        committed.set(account, (committed.get(account) ?? 0) + amount);
      }
    }
    const granted = new Map<number, bigint>();
    for (const account of tenure.allAccounts()) {
      const { slice } = account.purse;
      const name = `${tenure.id} ${account.purse.budget}|${account.purse.scope}`;
      if (slice.free < 0 || slice.reserved < 0 || slice.unflushed < 0) {
        this.#fail(`${name}: ${slice.free} free, ${slice.reserved} reserved, ${slice.unflushed}`);
      }
      granted.set(account.id, (granted.get(account.id) ?? 0n) + slice.granted);
    }
    const holder = this.#data.holders.get(tenure.id);
    if (holder?.state !== "live") return;
    for (const [id, sum] of granted) {
      const there = holder.slices.get(id)?.granted ?? 0n;
      if (sum > there) this.#fail(`${tenure.id}: ${sum} granted on ${id} here, ${there} there`);
    }
    for (const account of tenure.allAccounts()) {
      const { free, granted: known, reserved, returned, unflushed } = account.purse.slice;
      // Met again after its end: no lease is asked for any more, so its books begin at nothing.
      if (account.over && known === 0n) continue;
      const slice: Slice | undefined = holder.slices.get(account.id);
      const uncommitted = unflushed - (committed.get(account) ?? 0);
      const mine = BigInt(free + reserved + uncommitted) + returned + (slice?.drawn ?? 0n);
      if (mine !== known) this.#fail(`${tenure.id} ${account.purse.budget}: ${mine} of ${known}`);
    }
  }

  /** At rest: the journal says of each fenced holder once what it forfeited, and of no other. */
  expectGaps(): void {
    const bodies = this.#data.journal.filter(({ kind }) => kind === "journal.gap");
    // Bodies of this kind are written from events of this shape.
    const gaps = bodies.map(({ body }) => JSON.parse(body) as Extract<Event, { kind: GapKind }>);
    for (const { fencedAt, info } of this.#data.holders.values()) {
      const own = gaps.filter(({ writer }) => writer === info.id);
      const expected = fencedAt === null ? 0 : 1;
      if (own.length !== expected) this.#fail(`${info.id}: ${own.length} gaps of ${expected}`);
      const said = own.flatMap(({ forfeits }) => forfeits.map(({ amount }) => amount));
      const forfeits = this.#forfeits.get(info.id) ?? [];
      const real = forfeits.map(({ amount }) => amount.toString());
      if (String(said) !== String(real))
        this.#fail(`${info.id}: the gap says ${said}, not ${real}`);
    }
  }

  /** A refusal for good, while the account could have covered the call all the time. */
  onRefused(process: Process, fields: Fields): void {
    if (fields.code !== "budget.exhausted") return;
    const unit = UNITS.find((one) => fields[`needed_${one}`] !== undefined) ?? "usd";
    const needed = String(fields[`needed_${unit}`]);
    const need = unit === "usd" ? (parseUsd(needed) ?? 0n) : BigInt(needed);
    const scope = fields.scope ?? "";
    const from = process.since(VIEW_AGE_MS);
    for (const [id, { spec }] of this.#data.accounts) {
      if (spec.budget !== fields.budget || spec.scope !== scope || spec.unit !== unit) continue;
      const hopes = this.#hopes.get(id) ?? [];
      const recent = hopes.filter(({ since }, index) => {
        return since >= from || (hopes[index + 1]?.since ?? Number.POSITIVE_INFINITY) >= from;
      });
      if (recent.some(({ amount }) => need > amount)) return;
    }
    this.#fail(`402 for ${need} on ${fields.budget}|${scope}, which had more all the time`);
  }

  #fail(what: string): never {
    throw new Broken(`at ${(this.#world.now / 1000).toFixed(3)} s: ${what}`);
  }
}

/** What the provider may bill of a call, up to what was reserved for it: more is an overbill. */
function billableOf(truth: Truth, { reserved, unit }: Leg): number {
  if (truth.writtenAt === null) return 0;
  return Math.min(truth.billed?.[unit] ?? reserved, reserved);
}

function add(sums: Map<string, number>, name: string, amount: number): number {
  const sum = (sums.get(name) ?? 0) + amount;
  sums.set(name, sum);
  return sum;
}
