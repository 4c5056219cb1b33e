/**
 * The metrics. Labels are what the configuration names (agents, models, providers, budgets, codes),
 * never what a caller invents (tasks, unknown models): a scrape stays small whatever is asked.
 */
import type { Unit } from "../guards/budget/unit.ts";
import {
  type Asked,
  type Event,
  type EventKind,
  isToolAsked,
  type Origin,
  type ToolAsked,
} from "../guards/events.ts";
import { formatUsd } from "../guards/money.ts";
import type { Usage } from "../guards/price/price.ts";
import type { DenialCode } from "../guards/verdict.ts";
import type { Fate } from "../ports/spans.ts";
import { gaugesText, type Reading } from "./gauges.ts";
import { COUNTERS, HISTOGRAMS } from "./metric-names.ts";
import { Counter, Histogram } from "./series.ts";
import { TaskTotals } from "./task-totals.ts";

const DECISION_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1,
];
const PROVIDER_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

const MS_PER_SECOND = 1_000;
const NONE = "none";
/** Until a call was priced its model may be a caller's invention: only these come after that. */
const PRICED: ReadonlySet<DenialCode> = new Set<DenialCode>([
  "model.unbounded",
  "clutch.parked",
  "review.denied",
  "budget.parked",
  "parking.full",
  "budget.exhausted",
  "budget.contended",
  "provider.unreachable",
  "provider.timeout",
]);
const OTHER = "other";
/** Until a tool was granted its name may be a caller's invention: only these come after that. */
const GRANTED: ReadonlySet<DenialCode> = new Set<DenialCode>([
  "manifest.changed",
  "manifest.read-only",
  "manifest.arguments",
  "policy.denied",
  "request.too-large",
  "rate-limit.exceeded",
  "tool.busy",
  "clutch.parked",
  "review.denied",
  "budget.parked",
  "parking.full",
  "budget.exhausted",
  "budget.contended",
  "provider.unreachable",
  "provider.timeout",
]);

/** Everything that one process counts: a subscriber of events. */
export class Metrics {
  readonly #calls = new Counter(COUNTERS.calls);
  readonly #denials = new Counter(COUNTERS.denials);
  readonly #spared = new Counter(COUNTERS.spared);
  readonly #toolCalls = new Counter(COUNTERS.toolCalls);
  readonly #unallowed = new Counter(COUNTERS.unallowed);
  readonly #policiesAsked = new Counter(COUNTERS.policiesAsked);
  readonly #toolSpend = new Counter(COUNTERS.toolSpend, formatUsd);
  readonly #outcomes = new Counter(COUNTERS.outcomes);
  readonly #policies = new Counter(COUNTERS.policies);
  readonly #tokens = new Counter(COUNTERS.tokens);
  readonly #spend = new Counter(COUNTERS.spend, formatUsd);
  readonly #estimated = new Counter(COUNTERS.estimated);
  readonly #capped = new Counter(COUNTERS.capped);
  readonly #overbilled = new Counter(COUNTERS.overbilled);
  readonly #overbilledBy = {
    usd: new Counter(COUNTERS.overbilledUsd, formatUsd),
    tokens: new Counter(COUNTERS.overbilledTokens),
  };
  readonly #released: Readonly<Record<Unit, Counter>> = {
    usd: new Counter(COUNTERS.releasedUsd, formatUsd),
    tokens: new Counter(COUNTERS.releasedTokens),
    calls: new Counter(COUNTERS.releasedCalls),
  };
  readonly #alarms = new Counter(COUNTERS.alarms);
  readonly #notices = new Counter(COUNTERS.notices);
  readonly #faults = new Counter(COUNTERS.faults);
  readonly #happened = new Counter(COUNTERS.happened);
  readonly #journal = new Counter(COUNTERS.journal);
  readonly #tasks = new TaskTotals();
  readonly #spans = new Counter(COUNTERS.spans);
  readonly #errors = new Counter(COUNTERS.errors);
  readonly #decision = new Histogram(HISTOGRAMS.decision, DECISION_SECONDS);
  readonly #firstByte = new Histogram(HISTOGRAMS.firstByte, PROVIDER_SECONDS);
  readonly #provider = new Histogram(HISTOGRAMS.provider, PROVIDER_SECONDS);
  readonly #tool = new Histogram(HISTOGRAMS.tool, PROVIDER_SECONDS);
  readonly #policy = new Histogram(HISTOGRAMS.policy, DECISION_SECONDS);

  constructor() {
    // They are there before they happen: what counts the first time would else look like no change.
    for (const kind of NOTABLE) this.#happened.add([kind], 0);
  }

  observe(event: Event): void {
    this.#journal.add([event.kind]);
    this.#tasks.observe(event);
    switch (event.kind) {
      case "call.refused":
        this.#refused(event);
        return;
      case "call.spared":
        this.#spared.add([event.agent ?? NONE, event.code]);
        return;
      case "call.settled":
        this.#settled(event);
        return;
      case "result.unallowed": {
        const agent = event.agent ?? NONE;
        this.#unallowed.add([agent, event.code ?? NONE]);
        if (event.beyond > 0) this.#unallowed.add([agent, OTHER], event.beyond);
        return;
      }
      case "policy.asked":
        this.#policiesAsked.add([event.agent ?? NONE, event.policy ?? NONE, event.verdict]);
        return;
      case "call.capped":
        this.#capped.add([event.agent ?? NONE, event.model]);
        return;
      case "budget.overbilled":
        this.#overbilled.add([event.provider, event.model]);
        this.#overbilledBy[event.unit].add(
          [event.provider, event.model],
          Math.max(event.charged - event.reserved, 0),
        );
        return;
      case "forfeit.released":
        for (const { amount, budget, unit } of event.releases) {
          this.#released[unit].add([budget, event.evidence], BigInt(amount));
        }
        return;
      case "breaker.alarmed":
        this.#alarms.add([event.agent, event.rule, event.action]);
        return;
      case "notice.sent":
        this.#notices.add([event.notifier, event.about, "sent"]);
        return;
      case "notice.given-up":
        this.#notices.add([event.notifier, event.about, "given_up"]);
        return;
      default:
        if (NOTABLE.has(event.kind)) this.#happened.add([event.kind]);
    }
  }

  /** An error inside the gateway, which refused a call: a bug or a lost dependency. */
  error(where: string): void {
    this.#errors.add([where]);
  }

  /** What became of spans. */
  spans(became: Fate, count: number): void {
    this.#spans.add([became], count);
  }

  /** An answer of a policy, `tookMs` after its question. */
  policy(name: string, answer: string, tookMs: number): void {
    this.#policies.add([name, answer]);
    this.#policy.observe([name], tookMs / MS_PER_SECOND);
  }

  /** An outcome of a decision of this process, by where its agent reported it. */
  reported(where: "here" | "elsewhere", became: "settled" | "repeated" | "dropped"): void {
    this.#outcomes.add([where, became]);
  }

  /** An attempt to tell people that failed, and is made again. */
  retriedNotice(notifier: string, about: string): void {
    this.#notices.add([notifier, about, "retried"]);
  }

  #refused(event: Origin & { asked: Asked | null; code: DenialCode }): void {
    const { asked, code } = event;
    const agent = event.agent ?? NONE;
    this.#denials.add([agent, code]);
    if (asked !== null && isToolAsked(asked)) {
      const [server, tool] = GRANTED.has(code) ? [asked.server, asked.tool] : [OTHER, OTHER];
      return this.#toolCalls.add([agent, server, tool, "refused"]);
    }
    const model = asked === null ? NONE : PRICED.has(code) ? asked.model : OTHER;
    this.#calls.add([agent, model, asked?.provider ?? NONE, "refused"]);
  }

  #settled(event: Extract<Event, { kind: "call.settled" }>): void {
    const { asked, usage } = event;
    if (isToolAsked(asked)) return this.#settledTool(event, asked);
    const agent = event.agent ?? NONE;
    const provider = asked.provider ?? NONE;
    this.#calls.add([agent, asked.model, provider, event.outcome]);
    this.#spend.add([agent, asked.model], event.charged);
    if (event.estimated) this.#estimated.add([provider, asked.model]);
    if (event.fault !== null) this.#faults.add([provider, event.fault]);
    if (usage !== null) this.#used(usage, agent, asked.model);
    this.#decision.observe([], event.decidedMs / MS_PER_SECOND);
    this.#provider.observe([provider], (event.endedMs - event.decidedMs) / MS_PER_SECOND);
    if (event.firstByteMs === null) return;
    this.#firstByte.observe([provider], (event.firstByteMs - event.decidedMs) / MS_PER_SECOND);
  }

  #used(usage: Usage, agent: string, model: string): void {
    const add = (kind: string, tokens: number) => {
      if (tokens > 0) this.#tokens.add([agent, model, kind], Math.round(tokens));
    };
    add("input", usage.input);
    add("cached_input", usage.cachedInput);
    add("cache_write", usage.cacheWrite5m + usage.cacheWrite1h);
    add("input_audio", usage.inputAudio);
    add("output", usage.output);
    add("output_audio", usage.outputAudio);
  }

  #settledTool(event: Extract<Event, { kind: "call.settled" }>, { server, tool }: ToolAsked): void {
    const agent = event.agent ?? NONE;
    this.#toolCalls.add([agent, server, tool, event.outcome]);
    if (event.charged > 0) this.#toolSpend.add([agent, server, tool], event.charged);
    this.#decision.observe([], event.decidedMs / MS_PER_SECOND);
    this.#tool.observe([server], (event.endedMs - event.decidedMs) / MS_PER_SECOND);
  }

  /** The text of a scrape. */
  render(reading: Reading): string {
    const outcomes = [this.#outcomes, this.#unallowed, this.#policiesAsked];
    const decided = [this.#policies, this.#policy];
    const tools = [this.#toolCalls, this.#toolSpend, this.#tool, ...outcomes, ...decided];
    const counted = [
      this.#calls,
      this.#denials,
      this.#spared,
      this.#tokens,
      this.#spend,
      this.#estimated,
    ];
    const over = Object.values(this.#overbilledBy);
    const rare = [this.#capped, this.#overbilled, ...over, this.#faults];
    const released = Object.values(this.#released);
    const inner = [
      this.#alarms,
      this.#notices,
      ...released,
      this.#happened,
      this.#journal,
      this.#spans,
      this.#errors,
    ];
    const timed = [this.#decision, this.#firstByte, this.#provider, ...this.#tasks.metrics];
    const all = [...counted, ...tools, ...rare, ...inner, ...timed].map((metric) => metric.text());
    return all.join("") + gaugesText(reading);
  }
}

/** Events that are worth an alert by themselves; all are counted as journal entries too. */
const NOTABLE: ReadonlySet<EventKind> = new Set<EventKind>([
  "model.flagged",
  "commitment.unknown",
  "commitment.unrenewable",
  "gateway.fenced",
  "journal.gap",
  "journal.overflowed",
  "store.lost",
  "configuration.changed",
  "configuration.rejected",
  "remote.lost",
  "remote.rewritten",
]);
