/** A collector of traces, as far as OTLP over HTTP needs one: what came, and what it answers. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** One span as JSON has it, its attributes by name. */
export interface Seen {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
}

export interface Post {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Collector {
  readonly url: string;
  /** Those that were taken. */
  posts(): readonly Post[];
  /** Requests that came whole, whatever was answered. */
  asked(): number;
  /** Of the requests in JSON. */
  spans(): readonly Seen[];
  /** The first span for which it holds, as soon as it is here. */
  find(holds: (span: Seen) => boolean): Promise<Seen>;
  /** What it answers from now on; `hang`: nothing. */
  answer(status: number | "hang", body?: string | Buffer): void;
  close(): Promise<void>;
}

const WAIT_MS = 20_000;

export async function collector(port = 0): Promise<Collector> {
  const posts: Post[] = [];
  const waiting = new Set<() => void>();
  let asked = 0;
  let answer: { status: number | "hang"; body: string | Buffer } = { status: 200, body: "{}" };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      asked += 1;
      const { status, body } = answer;
      if (status === "hang") return;
      const packed = request.headers["content-encoding"] === "gzip";
      const whole = Buffer.concat(chunks);
      if (status === 200) {
        const read = packed ? gunzipSync(whole) : whole;
        posts.push({ url: request.url ?? "", headers: request.headers, body: read });
      }
      response.writeHead(status, { "content-type": "application/json" }).end(body);
      for (const wake of [...waiting]) wake();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const spans = () => posts.flatMap(spansOf);
  return {
    url: `http://127.0.0.1:${address.port}`,
    posts: () => posts,
    asked: () => asked,
    spans,
    find: (holds) =>
      new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          waiting.delete(look);
        };
        const look = () => {
          const found = spans().find(holds);
          if (found === undefined) return;
          end();
          resolve(found);
        };
        const timer = setTimeout(() => {
          end();
          const names = spans().map(({ name }) => name);
          reject(new Error(`no such span in ${WAIT_MS} ms; there were ${names.join(", ")}`));
        }, WAIT_MS);
        waiting.add(look);
        look();
      }),
    answer: (status, body = "{}") => {
      answer = { status, body };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function spansOf({ body, headers }: Post): readonly Seen[] {
  if (headers["content-type"] !== "application/json") return [];
  const parsed = JSON.parse(body.toString("utf8"));
  return parsed.resourceSpans.flatMap((one: { scopeSpans: { spans: Raw[] }[] }) =>
    one.scopeSpans.flatMap(({ spans }) => spans.map(seenOf)),
  );
}

type Pair = { key: string; value: Record<string, unknown> };
type Raw = Omit<Seen, "attributes" | "events"> & {
  attributes: Pair[];
  events: { name: string; attributes: Pair[] }[];
};

function seenOf(raw: Raw): Seen {
  const events = raw.events.map(({ attributes, name }) => ({
    name,
    attributes: named(attributes),
  }));
  return { ...raw, attributes: named(raw.attributes), events };
}

/** With the type that each value had: an integer is a text in JSON. */
function named(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Record<string, unknown>): unknown {
  const [[type, inner] = ["", null]] = Object.entries(value);
  if (type === "intValue") return Number(inner);
  if (type !== "arrayValue") return inner;
  return (inner as { values: Record<string, unknown>[] }).values.map(plain);
}
