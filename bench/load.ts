/**
 * The load of the benchmarks: one request, over and over, on kept-alive connections of raw sockets,
 * so that it costs little beside what is measured. Takes one job as JSON on its command line and
 * answers with one line of JSON when it is done.
 *
 *   connections + requests   as fast as answers come back
 *   rate + requests          so many a second, whether answers come back or not
 */
import { connect, type Socket } from "node:net";

export interface Job {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly requests: number;
  /** Requests a second; null: as fast as possible. */
  readonly rate: number | null;
}

export interface Load {
  readonly requests: number;
  /** Answers with another status than 200. */
  readonly failures: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstByteP50Ms: number;
}

const REQUESTS_MAX = 1_000_000;
const TICK_MS = 1;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_CHUNKS = Buffer.from("\r\n0\r\n\r\n");
const STALLED_MS = 60_000;

function requestBytes({ body, headers, path, url }: Job): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

interface Answered {
  readonly status: number;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** One connection: a request at a time, and how its answer ends. */
class Connection {
  readonly #socket: Socket;
  readonly #bytes: Buffer;
  #tell: ((answered: Answered) => void) | null = null;
  #head: Buffer = Buffer.alloc(0);
  #status = 0;
  #beganAt = 0;
  /** Bytes of body still to come; null while the head is read; -1: until the last chunk. */
  #left: number | null = null;
  #tail: Buffer = Buffer.alloc(0);

  constructor(job: Job, bytes: Buffer) {
    const { hostname, port } = new URL(job.url);
    this.#bytes = bytes;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setTimeout(STALLED_MS, () => this.#fail(new Error("an answer has stalled")));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("a connection was closed")));
    this.#socket.on("data", (chunk) => this.#read(chunk));
  }

  send(tell: (answered: Answered) => void): void {
    this.#tell = tell;
    this.#head = Buffer.alloc(0);
    this.#left = null;
    this.#beganAt = 0;
    this.#tail = Buffer.alloc(0);
    this.#socket.write(this.#bytes);
  }

  end(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  /** A load that lost a connection measures something else, and must not say that it did not. */
  #fail(error: Error): void {
    process.stderr.write(`load: ${error.message}\n`);
    process.exit(1);
  }

  #read(chunk: Buffer): void {
    let body = chunk;
    if (this.#left === null) {
      if (this.#beganAt === 0) this.#beganAt = performance.now();
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf(END_OF_HEAD);
      if (end < 0) return;
      const head = this.#head.toString("latin1", 0, end);
      this.#status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      this.#left = length === undefined ? -1 : Number(length);
      // The end of chunks is looked for with the line end before it.
      body = this.#head.subarray(this.#left === -1 ? end + 2 : end + 4);
    }
    if (this.#left === -1) this.#readChunked(body);
    else {
      this.#left -= body.length;
      if (this.#left <= 0) this.#done();
    }
  }

  #readChunked(body: Buffer): void {
    const seen = this.#tail.length === 0 ? body : Buffer.concat([this.#tail, body]);
    this.#tail = seen.subarray(Math.max(0, seen.length - END_OF_CHUNKS.length));
    if (this.#tail.equals(END_OF_CHUNKS)) this.#done();
  }

  #done(): void {
    const tell = this.#tell;
    this.#tell = null;
    tell?.({ status: this.#status, beganAt: this.#beganAt, endedAt: performance.now() });
  }
}

class Tally {
  readonly latencies: number[] = [];
  readonly firstBytes: number[] = [];
  failures = 0;

  add(sentAt: number, { beganAt, endedAt, status }: Answered): void {
    this.latencies.push(endedAt - sentAt);
    this.firstBytes.push(beganAt - sentAt);
    if (status !== 200) this.failures += 1;
  }
}

function closedLoop(job: Job, connections: readonly Connection[], tally: Tally): Promise<void> {
  let begun = 0;
  return new Promise((resolve) => {
    let open = connections.length;
    const next = (connection: Connection) => {
      if (begun >= job.requests) {
        open -= 1;
        if (open === 0) resolve();
        return;
      }
      begun += 1;
      const sentAt = performance.now();
      connection.send((answered) => {
        tally.add(sentAt, answered);
        next(connection);
      });
    };
    for (const connection of connections) next(connection);
  });
}

/** Latency counts from when a request was due, so that a pause of the gateway is not left out. */
function atRate(
  job: Job,
  rate: number,
  connections: readonly Connection[],
  tally: Tally,
): Promise<void> {
  const free = [...connections];
  const startedAt = performance.now();
  let begun = 0;
  return new Promise((resolve) => {
    const send = () => {
      const due = Math.min(job.requests, ((performance.now() - startedAt) / 1000) * rate);
      while (begun < due) {
        const connection = free.pop();
        if (connection === undefined) return;
        const dueAt = startedAt + (begun * 1000) / rate;
        begun += 1;
        connection.send((answered) => {
          tally.add(dueAt, answered);
          free.push(connection);
          if (tally.latencies.length < job.requests) return;
          clearInterval(timer);
          resolve();
        });
      }
    };
    const timer = setInterval(send, TICK_MS);
  });
}

function quantile(sorted: readonly number[], share: number): number {
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return sorted[at] ?? Number.NaN;
}

async function run(job: Job): Promise<Load> {
  if (job.requests > REQUESTS_MAX) throw new Error(`at most ${REQUESTS_MAX} requests`);
  const bytes = requestBytes(job);
  const connections = Array.from({ length: job.connections }, () => new Connection(job, bytes));
  const tally = new Tally();
  const startedAt = performance.now();
  if (job.rate === null) await closedLoop(job, connections, tally);
  else await atRate(job, job.rate, connections, tally);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const connection of connections) connection.end();
  const latencies = tally.latencies.sort((a, b) => a - b);
  const firstBytes = tally.firstBytes.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    failures: tally.failures,
    seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    firstByteP50Ms: quantile(firstBytes, 0.5),
  };
}

if (import.meta.main) {
  const job = JSON.parse(process.argv[2] ?? "") as Job; // written by who starts this program
  process.stdout.write(`${JSON.stringify(await run(job))}\n`);
}
