/**
 * Counts calls of tools over all gateways, once a second through the store, and shows the counts to
 * the breakers that watch for a surge: one that is split over gateways shows all the same.
 */
import type { Alarm, BreakerRule, SurgeRule } from "../guards/breaker/rules.ts";
import {
  bucketMsOf,
  observe,
  perMinuteOf,
  rearm,
  type Surge,
  type SurgeEvent,
  watch,
} from "../guards/breaker/surge.ts";
import type { Millis } from "../guards/money.ts";
import type { RateLimit, ToolId } from "../guards/tool/tool.ts";
import type { CounterKey, CounterStore, CounterTotal } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Tenure } from "./tenure.ts";

/** What is counted in the store; a rule's buckets are made of these. */
const BASE_MS: Millis = 5_000;
const PRUNE_MS: Millis = 60_000;
/** Agents' tools that are watched at once; the one that was quiet longest is forgotten. */
const SUBJECTS_MAX = 100_000;

interface Subject extends ToolId {
  readonly agent: string;
  /** Calls of all gateways by base bucket, as far back as a rule's bucket reaches. */
  readonly sums: Map<Millis, number>;
  readonly surges: Map<string, Surge>;
  /** Rule buckets that begin at or after this have news. */
  newsFrom: Millis;
}

/** When a subject is looked at, and since when its counts are no history; null: all are news. */
interface Looked {
  readonly now: Millis;
  readonly bornAt: Millis | null;
}

/** The rules in force, and what they are told of a tool. */
export interface SurgeRules {
  readonly breakers: readonly BreakerRule[];
  readonly rateLimit: (agent: string, tool: ToolId) => RateLimit | null;
}

export class Surges {
  readonly #store: CounterStore;
  readonly #log: Log;
  readonly #subjects = new Map<string, Subject>();
  /** This holder's totals that the store has not taken, by subject and bucket. */
  #own = new Map<string, CounterTotal>();
  /** The holder that they are of: another one begins anew. */
  #holder = "";
  #seq = 0;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(store: CounterStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** One attempt, whatever becomes of it. */
  count(agent: string, { server, tool }: ToolId, now: Millis): void {
    const bucket = Math.floor(now / BASE_MS) * BASE_MS;
    const key = { agent, server, tool, bucket };
    const name = nameOf(key);
    this.#own.set(name, { ...key, total: (this.#own.get(name)?.total ?? 0) + 1 });
  }

  /** Once a second: merges, looks, and answers the alarms. Never rejects. */
  async tick(tenure: Tenure, rules: SurgeRules, now: Millis): Promise<readonly Alarm[]> {
    const watching = rules.breakers.filter((rule) => rule.signal === "calls_per_tool");
    if (this.#holder !== tenure.id && this.#holder !== "") {
      // The store has them under the holder before: counted under this one they were there twice.
      this.#own.clear();
      this.#seq = 0;
    }
    this.#holder = tenure.id;
    const sent = [...this.#own.values()];
    const alarms: Alarm[] = [];
    if (this.#seq === 0) {
      // What the store knows from before is history; what is counted here is not.
      for (const sum of await this.#merged(tenure, [])) this.#take(sum, now);
      for (const rule of watching) alarms.push(...this.#lookAll(rule, rules, { now, bornAt: now }));
      this.#forgetNews();
    }
    for (const sum of await this.#merged(tenure, sent)) this.#take(sum, now);
    this.#forgetOld(now);
    for (const rule of watching) alarms.push(...this.#lookAll(rule, rules, { now, bornAt: null }));
    this.#forgetNews();
    await this.#prune(watching, now);
    return alarms;
  }

  #lookAll(rule: SurgeRule, rules: SurgeRules, at: Looked): readonly Alarm[] {
    return [...this.#subjects.values()].flatMap((subject) => this.#look(subject, rule, rules, at));
  }

  #forgetNews(): void {
    for (const subject of this.#subjects.values()) subject.newsFrom = Number.POSITIVE_INFINITY;
  }

  /** An agent goes on: what goes on with it is a new alarm. */
  rearm(agent: string, rules: readonly BreakerRule[], now: Millis): void {
    for (const subject of this.#subjects.values()) {
      if (subject.agent !== agent) continue;
      for (const rule of rules) {
        const surge = subject.surges.get(rule.name);
        if (rule.signal !== "calls_per_tool" || surge === undefined) continue;
        subject.surges.set(rule.name, rearm(surge, rule, now));
      }
    }
  }

  /** Without the store this gateway's own counts are all there is. */
  async #merged(tenure: Tenure, sent: readonly CounterTotal[]): Promise<readonly CounterTotal[]> {
    try {
      const answer = await this.#store.merge(tenure.id, sent, this.#seq);
      if (answer.kind === "fenced") {
        tenure.fenced = true;
        this.#own.clear();
        return sent;
      }
      this.#seq = answer.seq;
      return answer.sums;
    } catch (error) {
      this.#log.warn("the store did not merge counts; this gateway goes by its own", { error });
      return sent;
    }
  }

  #take({ agent, bucket, server, tool, total }: CounterTotal, now: Millis): void {
    const name = JSON.stringify([agent, server, tool]);
    const known = this.#subjects.get(name);
    const subject = known ?? {
      ...{ agent, server, tool, sums: new Map(), surges: new Map() },
      newsFrom: Number.POSITIVE_INFINITY,
    };
    if (total <= (subject.sums.get(bucket) ?? 0) || bucket > now + BASE_MS) return;
    subject.sums.set(bucket, total);
    subject.newsFrom = Math.min(subject.newsFrom, bucket);
    this.#subjects.delete(name);
    this.#subjects.set(name, subject);
    if (this.#subjects.size <= SUBJECTS_MAX) return;
    const [quietest] = this.#subjects.keys();
    if (quietest !== undefined) this.#subjects.delete(quietest);
  }

  #look(
    subject: Subject,
    rule: SurgeRule,
    rules: SurgeRules,
    { bornAt, now }: Looked,
  ): readonly Alarm[] {
    const { agent, server, sums, tool } = subject;
    const size = bucketMsOf(rule);
    // A tool that is met in the midst of a bucket was first called in it.
    const born = bornAt ?? Math.floor(Math.min(now, ...sums.keys()) / size) * size;
    const limit = rules.rateLimit(agent, subject);
    const perMinute = limit === null ? null : perMinuteOf(limit);
    const known = subject.surges.get(rule.name);
    let surge = known ?? watch({ agent, server, tool, perMinute }, born);
    const alarms: Alarm[] = [];
    for (const event of newsOf(sums, known === undefined ? 0 : subject.newsFrom, rule)) {
      const [after, alarm] = observe(surge, rule, event, now);
      surge = after;
      if (alarm !== null) alarms.push(alarm);
    }
    const [after, alarm] = observe(surge, rule, { kind: "tick" }, now);
    subject.surges.set(rule.name, after);
    return alarm === null ? alarms : [...alarms, alarm];
  }

  /** Own totals of buckets that are over are final once the store has them. */
  #forgetOld(now: Millis): void {
    for (const [name, { bucket }] of this.#own) {
      if (bucket < now - 2 * BASE_MS) this.#own.delete(name);
    }
  }

  async #prune(watching: readonly SurgeRule[], now: Millis): Promise<void> {
    if (now - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = now;
    const overMs = Math.max(PRUNE_MS, ...watching.map(reachOf));
    for (const [name, { sums }] of this.#subjects) {
      for (const bucket of sums.keys()) if (bucket < now - overMs) sums.delete(bucket);
      if (sums.size === 0) this.#subjects.delete(name);
    }
    try {
      await this.#store.prune(now - overMs);
    } catch (error) {
      this.#log.warn("the store did not forget old counts; it is asked again", { error });
    }
  }
}

/** The totals of the rule's buckets that changed, from base buckets. */
function newsOf(
  sums: ReadonlyMap<Millis, number>,
  from: Millis,
  rule: SurgeRule,
): readonly SurgeEvent[] {
  if (from === Number.POSITIVE_INFINITY) return [];
  const size = bucketMsOf(rule);
  const first = Math.floor(from / size) * size;
  const totals = new Map<Millis, number>();
  for (const [base, total] of sums) {
    const bucket = Math.floor(base / size) * size;
    if (bucket >= first) totals.set(bucket, (totals.get(bucket) ?? 0) + total);
  }
  return [...totals]
    .sort(([a], [b]) => a - b)
    .map(([bucket, total]) => ({ kind: "count", bucket, total }));
}

function reachOf(rule: SurgeRule): Millis {
  const { above } = rule;
  return 2 * bucketMsOf(rule) + (above.kind === "average" ? above.overMs : 0);
}

function nameOf({ agent, bucket, server, tool }: CounterKey): string {
  return JSON.stringify([agent, server, tool, bucket]);
}
