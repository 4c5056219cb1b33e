/** The decision log as the configuration says, which a reload may say otherwise. */
import { fileSink } from "../adapters/decision-sink/file/file-sink.ts";
import { httpSink } from "../adapters/decision-sink/http/http-sink.ts";
import { otelSink } from "../adapters/decision-sink/otel/otel-sink.ts";
import type { DecisionLogSettings } from "../config/decision-log-settings.ts";
import type { DecisionRecords } from "../gateway/policies/records.ts";
import type { Clock } from "../ports/clock.ts";
import type { DecisionSink } from "../ports/decision-log.ts";
import type { Attributes } from "../ports/spans.ts";
import { type DecisionCounts, DecisionLog } from "../telemetry/decision-log/decision-log.ts";
import type { NotedDecision } from "../telemetry/decision-log/event.ts";
import type { Log } from "../telemetry/log.ts";

export interface RecordsAround {
  readonly clock: Clock;
  readonly log: Log;
  /** What a collector is told of this process. */
  readonly resource: Attributes;
  /** In every entry: the gateway's `id` and `version`. */
  readonly labels: Readonly<Record<string, string>>;
}

export class Records implements DecisionRecords {
  readonly #around: RecordsAround;
  #settings: DecisionLogSettings | null = null;
  #log: DecisionLog | null = null;
  /** Of those that were closed. */
  #before: Readonly<Record<string, number>> | null = null;
  readonly #closing = new Set<Promise<void>>();

  constructor(around: RecordsAround) {
    this.#around = around;
  }

  get isKept(): boolean {
    return this.#log !== null;
  }

  get counts(): Readonly<Record<string, number>> | null {
    if (this.#log === null) return this.#before;
    return added(this.#before ?? {}, fatesOf(this.#log.counts));
  }

  note(decision: NotedDecision): void {
    this.#log?.note(decision);
  }

  follow(settings: DecisionLogSettings | null): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    const old = this.#log;
    this.#settings = settings;
    this.#log = settings === null ? null : this.#open(settings);
    if (old !== null) this.#end(old);
  }

  /** Within the time limits of a log; what it could not send is told. */
  async close(): Promise<void> {
    const old = this.#log;
    this.#log = null;
    if (old !== null) this.#end(old);
    await Promise.all(this.#closing);
  }

  #end(log: DecisionLog): void {
    const closed = log.close().then(() => {
      this.#before = added(this.#before ?? {}, fatesOf(log.counts));
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }

  #open(settings: DecisionLogSettings): DecisionLog {
    const { clock, labels, log } = this.#around;
    const all = { ...settings.labels, ...labels };
    return new DecisionLog({ sinks: this.#sinks(settings), clock, log, labels: all });
  }

  #sinks({ file, http, otel }: DecisionLogSettings): readonly DecisionSink[] {
    const { clock, log, labels, resource } = this.#around;
    const scope = { name: "slipclutch", version: labels.version ?? "" };
    return [
      ...(file === null ? [] : [fileSink(file)]),
      ...(http === null ? [] : [httpSink(http, clock)]),
      ...(otel === null ? [] : [otelSink({ ...otel, resource, scope }, clock, log)]),
    ];
  }
}

function fatesOf({ dropped, lost, noted, sinks, withheld }: DecisionCounts) {
  const each = Object.values(sinks);
  const sum = (name: "written" | "lost") => each.reduce((all, counts) => all + counts[name], 0);
  return { noted, dropped, withheld, written: sum("written"), lost: lost + sum("lost") };
}

function added(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
