import type { Exchange, Fault, Provider, Sink, UpstreamRequest } from "../ports/provider.ts";

/** What a provider reported about one request, in order. */
export type Report =
  | {
      readonly kind: "head";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: "data"; readonly text: string; readonly bytes: number }
  | { readonly kind: "end" }
  | { readonly kind: "fail"; readonly fault: Fault };

export interface RecordingOptions {
  /** The answer of `mayWrite`; true when left out. */
  readonly mayWrite?: () => boolean;
  /** Called with each report after it was kept, `index` counting reports of its kind from 0. */
  readonly onReport?: (report: Report, index: number, exchange: Exchange) => void;
  /** Keeps no text, for answers too large to keep. */
  readonly countOnly?: boolean;
}

/** One request whose reports are kept, for tests of providers and of what stands before them. */
export class Recording {
  readonly reports: Report[] = [];
  /** Resolves with the report that ended the request. */
  readonly over: Promise<Report>;
  exchange: Exchange | null = null;
  /** How often the provider asked whether it may write. */
  asked = 0;
  bytes = 0;
  readonly #options: RecordingOptions;
  readonly #counts = { head: 0, data: 0, end: 0, fail: 0 };
  #finish: (report: Report) => void = () => {};

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  sink(): Sink {
    const decoder = new TextDecoder();
    return {
      mayWrite: () => {
        this.asked++;
        return this.#options.mayWrite?.() ?? true;
      },
      head: (status, headers) => this.#add({ kind: "head", status, headers }),
      data: (chunk) => {
        const bytes = chunk.byteLength;
        this.bytes += bytes;
        const text = this.#options.countOnly ? "" : decoder.decode(chunk, { stream: true });
        this.#add({ kind: "data", text, bytes });
      },
      end: () => this.#add({ kind: "end" }),
      fail: (fault) => this.#add({ kind: "fail", fault }),
    };
  }

  /** Kinds of all reports, runs of data as one: "head data end". */
  shape(): string {
    const kinds = this.reports.map((report) => report.kind);
    return kinds.filter((kind, at) => kind !== "data" || kinds[at - 1] !== "data").join(" ");
  }

  text(): string {
    return this.reports.map((report) => (report.kind === "data" ? report.text : "")).join("");
  }

  status(): number | null {
    const head = this.reports.find((report) => report.kind === "head");
    return head?.status ?? null;
  }

  fault(): Fault | null {
    const fail = this.reports.find((report) => report.kind === "fail");
    return fail?.fault ?? null;
  }

  #add(report: Report): void {
    if (!this.#options.countOnly || report.kind !== "data") this.reports.push(report);
    const index = this.#counts[report.kind]++;
    if (!this.exchange) throw new Error("reported before send had returned");
    this.#options.onReport?.(report, index, this.exchange);
    if (report.kind === "end" || report.kind === "fail") this.#finish(report);
  }
}

/** Sends one request and keeps what is reported of it. */
export function record(
  provider: Provider,
  request: UpstreamRequest,
  options: RecordingOptions = {},
): Recording {
  const recording = new Recording(options);
  recording.exchange = provider.send(request, recording.sink());
  return recording;
}
