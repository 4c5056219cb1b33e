/** Counters and histograms of our own, and their text for Prometheus. */

/** Label sets of one metric; those beyond are counted together as `other`. */
export const SERIES_MAX = 1_000;
/** Characters of one label's value. */
export const LABEL_CHARACTERS_MAX = 120;

const OTHER = "other";
const SEPARATOR = "\u0000";

/** What a metric is called and what it says: one row of the reference. */
export interface MetricName {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  const pairs = names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`);
  return `{${pairs.join(",")}}`;
}

/** One line of a sample. */
export function sample(metric: MetricName, values: readonly string[], value: string): string {
  return `${metric.name}${labelText(metric.labels, values)} ${value}\n`;
}

/** The two lines before a metric's samples. */
export function header(metric: MetricName, type: "counter" | "gauge" | "histogram"): string {
  return `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${type}\n`;
}

/** Finds a cell by its labels; past `SERIES_MAX` sets the shared one is found. */
class Cells<Cell> {
  readonly #cells = new Map<string, { readonly values: readonly string[]; readonly cell: Cell }>();
  readonly #labels: number;
  readonly #fresh: () => Cell;

  constructor(labels: number, fresh: () => Cell) {
    this.#labels = labels;
    this.#fresh = fresh;
  }

  at(values: readonly string[]): Cell {
    const key = values.join(SEPARATOR);
    const found = this.#cells.get(key);
    if (found) return found.cell;
    if (this.#cells.size >= SERIES_MAX && values.some((value) => value !== OTHER)) {
      return this.at(new Array<string>(this.#labels).fill(OTHER));
    }
    const bounded = values.map((value) => value.slice(0, LABEL_CHARACTERS_MAX));
    const made = { values: bounded, cell: this.#fresh() };
    this.#cells.set(key, made);
    return made.cell;
  }

  [Symbol.iterator]() {
    return this.#cells.values();
  }
}

/** A sum that only grows. Kept as `bigint`, for nano-USD outgrow what a `number` holds exactly. */
export class Counter {
  readonly metric: MetricName;
  readonly #format: (sum: bigint) => string;
  readonly #cells: Cells<{ sum: bigint }>;

  constructor(metric: MetricName, format: (sum: bigint) => string = String) {
    this.metric = metric;
    this.#format = format;
    this.#cells = new Cells(metric.labels.length, () => ({ sum: 0n }));
  }

  add(labels: readonly string[], amount: number | bigint = 1): void {
    this.#cells.at(labels).sum += BigInt(amount);
  }

  text(): string {
    let text = header(this.metric, "counter");
    for (const { values, cell } of this.#cells) {
      text += sample(this.metric, values, this.#format(cell.sum));
    }
    return text;
  }
}

/** Counts of durations in fixed buckets, in seconds. */
export class Histogram {
  readonly metric: MetricName;
  readonly #bounds: readonly number[];
  readonly #cells: Cells<{ readonly counts: Float64Array; sum: number }>;

  constructor(metric: MetricName, bounds: readonly number[]) {
    this.metric = metric;
    this.#bounds = bounds;
    this.#cells = new Cells(metric.labels.length, () => ({
      counts: new Float64Array(bounds.length + 1),
      sum: 0,
    }));
  }

  observe(labels: readonly string[], seconds: number): void {
    const cell = this.#cells.at(labels);
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > (this.#bounds[bucket] ?? 0)) bucket += 1;
    cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
    cell.sum += seconds;
  }

  text(): string {
    const { name, labels, help } = this.metric;
    const buckets = { name: `${name}_bucket`, labels: [...labels, "le"], help };
    const sums = { name: `${name}_sum`, labels, help };
    const totals = { name: `${name}_count`, labels, help };
    let text = header(this.metric, "histogram");
    for (const { values, cell } of this.#cells) {
      let count = 0;
      for (const [index, inBucket] of cell.counts.entries()) {
        count += inBucket;
        text += sample(buckets, [...values, String(this.#bounds[index] ?? "+Inf")], String(count));
      }
      text += sample(sums, values, String(Number(cell.sum.toPrecision(12))));
      text += sample(totals, values, String(count));
    }
    return text;
  }
}
