/** Counters and histograms of our own, and their text for Prometheus. */

/** Label sets of one metric; those beyond are counted together as `other`. */
export const SERIES_MAX = 1_000;
/** Characters of one label's value. */
export const LABEL_CHARACTERS_MAX = 120;

const OTHER = "other";
/** What a counter adds up in a number before it is put to the sum: two of them are still exact. */
const REST_MAX = 2 ** 52;

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

interface Series<Cell> {
  readonly values: readonly string[];
  readonly cell: Cell;
}

/** What the labels so far lead to: a series, where they are all, or on by the next one. */
interface Shelf<Cell> {
  series: Series<Cell> | null;
  readonly next: Map<string, Shelf<Cell>>;
}

function emptyShelf<Cell>(): Shelf<Cell> {
  return { series: null, next: new Map() };
}

/**
 * Finds a cell by its labels; past `SERIES_MAX` sets the shared one is found. Label by label: to
 * put them together would make a text for each count of each call.
 */
class Cells<Cell> {
  readonly #all: Series<Cell>[] = [];
  readonly #first = emptyShelf<Cell>();
  readonly #labels: number;
  readonly #fresh: () => Cell;

  constructor(labels: number, fresh: () => Cell) {
    this.#labels = labels;
    this.#fresh = fresh;
  }

  at(values: readonly string[]): Cell {
    let shelf: Shelf<Cell> | undefined = this.#first;
    for (const value of values) shelf = shelf?.next.get(value);
    return shelf?.series?.cell ?? this.#make(values);
  }

  #make(values: readonly string[]): Cell {
    if (this.#all.length >= SERIES_MAX && values.some((value) => value !== OTHER)) {
      return this.at(new Array<string>(this.#labels).fill(OTHER));
    }
    const bounded = values.map((value) => value.slice(0, LABEL_CHARACTERS_MAX));
    const series = { values: bounded, cell: this.#fresh() };
    this.#all.push(series);
    this.#shelfOf(values).series = series;
    return series.cell;
  }

  #shelfOf(values: readonly string[]): Shelf<Cell> {
    let shelf = this.#first;
    for (const value of values) {
      const next = shelf.next.get(value) ?? emptyShelf();
      shelf.next.set(value, next);
      shelf = next;
    }
    return shelf;
  }

  [Symbol.iterator]() {
    return this.#all.values();
  }
}

/**
 * A sum that only grows. Kept as `bigint`, for nano-USD outgrow what a `number` holds exactly; what
 * came last is a number still, which counts without making a new one.
 */
export class Counter {
  readonly metric: MetricName;
  readonly #format: (sum: bigint) => string;
  readonly #cells: Cells<{ sum: bigint; rest: number }>;

  constructor(metric: MetricName, format: (sum: bigint) => string = String) {
    this.metric = metric;
    this.#format = format;
    this.#cells = new Cells(metric.labels.length, () => ({ sum: 0n, rest: 0 }));
  }

  add(labels: readonly string[], amount: number | bigint = 1): void {
    const cell = this.#cells.at(labels);
    if (typeof amount === "number" && amount <= REST_MAX) cell.rest += amount;
    else cell.sum += BigInt(amount);
    if (cell.rest <= REST_MAX) return;
    cell.sum += BigInt(cell.rest);
    cell.rest = 0;
  }

  text(): string {
    let text = header(this.metric, "counter");
    for (const { values, cell } of this.#cells) {
      text += sample(this.metric, values, this.#format(cell.sum + BigInt(cell.rest)));
    }
    return text;
  }
}

/** Counts of values in fixed buckets: durations are in seconds. */
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

  observe(labels: readonly string[], value: number): void {
    const cell = this.#cells.at(labels);
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket += 1;
    cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
    cell.sum += value;
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
