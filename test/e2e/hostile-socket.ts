/** Bytes to a listener as they are, and the HTTP answers that come back, however malformed the question. */
import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  readonly answers: readonly RawAnswer[];
  /** The other side ended the connection. */
  readonly closed: boolean;
}

const PATIENCE_MS = 5_000;

export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends everything at once; done with so many answers, or when the other side closes. */
export async function exchange(
  url: string,
  bytes: string | Buffer,
  answersWanted = 1,
): Promise<Exchange> {
  const socket = await open(url);
  let received = Buffer.alloc(0);
  return new Promise((resolve) => {
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answers: answersIn(received), closed });
    };
    const timer = setTimeout(() => finish(false), PATIENCE_MS);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const answers = answersIn(received);
      if (answers.length < answersWanted) return;
      // One that says so is waited for; a busy machine takes its time.
      if (answers.at(-1)?.headers.get("connection") === "close") return;
      // Another close that belongs to the answer comes with it or right after it.
      setTimeout(() => finish(socket.readableEnded), 20);
    });
    socket.on("error", () => finish(true)); // reset by the other side
    socket.on("end", () => finish(true));
    socket.write(bytes);
  });
}

/** Whole answers with a content-length. */
function answersIn(received: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return answers;
    const [first = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    const length = Number(headers.get("content-length") ?? 0);
    const body = rest.subarray(end + 4, end + 4 + length);
    if (body.length < length) return answers;
    answers.push({ status: Number(first.split(" ")[1]), headers, body: body.toString("utf8") });
    rest = rest.subarray(end + 4 + length);
  }
}

/** A request with lines that are sent as they are. */
export function request(lines: readonly string[], body: string | Buffer = ""): Buffer {
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}

/** The code in our refusal, as header and body agree on it; null: it is not one of ours. */
export function codeOf(answer: RawAnswer | undefined): string | null {
  const said = /code=(\S+)/.exec(answer?.headers.get("x-slipclutch-decision") ?? "")?.[1] ?? null;
  if (said === null || answer === undefined) return null;
  const { error } = JSON.parse(answer.body);
  return error.code === said && typeof error.message === "string" ? said : null;
}
