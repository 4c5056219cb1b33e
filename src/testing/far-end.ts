/** A server that is posted to: it checks what it is sent, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the next requests are answered, whatever they hold; without one as they deserve. */
export type FarAnswer =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "hang"
  | "reset"
  /** A status of 200, and of what was to follow it a part. */
  | "half";

export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Uint8Array;
}

/** What a far end that checks made of a request. */
export type Checked<Received> =
  | { readonly ok: true; readonly received: Received; readonly body: string }
  | { readonly ok: false; readonly why: string; readonly status: number };

export interface FarEnd<Received> {
  readonly url: string;
  /** Every request, in its order. */
  readonly arrived: readonly Arrived[];
  /** What was accepted. */
  readonly received: readonly Received[];
  /** Why others were not. */
  readonly wrong: readonly string[];
  /** Of every request from now on; null: by what it holds. */
  answer(answer: FarAnswer | null): void;
  /** Lets the requests that hang go with this answer, and those to come. */
  close(): Promise<void>;
}

const HALF = '{"taken": ';

export async function farEnd<Received>(
  path: string,
  check: (arrived: Arrived) => Checked<Received>,
): Promise<FarEnd<Received>> {
  const arrived: Arrived[] = [];
  const received: Received[] = [];
  const wrong: string[] = [];
  let scripted: FarAnswer | null = null;
  const answer = (one: Arrived, response: ServerResponse): void => {
    arrived.push(one);
    if (scripted === "hang") return;
    if (scripted === "reset") return void response.destroy();
    if (scripted === "half") {
      response.writeHead(200, { "content-length": HALF.length * 2 });
      return void response.write(HALF, () => response.destroy());
    }
    if (scripted !== null) {
      response.writeHead(scripted.status, scripted.headers).end(scripted.body ?? "");
      return;
    }
    const checked = check(one);
    if (checked.ok) received.push(checked.received);
    else wrong.push(checked.why);
    const status = checked.ok ? 200 : checked.status;
    response.writeHead(status).end(checked.ok ? checked.body : checked.why);
  };
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const { headers, method = "", url = "" } = request;
      const body = bytes.toString("utf8");
      answer({ method, path: url, headers, body, bytes }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}${path}`,
    arrived,
    received,
    wrong,
    answer: (next) => {
      scripted = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
