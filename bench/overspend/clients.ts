/** Clients that make calls, keep their connections, and hang up where they are told to. */
import { Agent, type IncomingMessage, request } from "node:http";
import type { Format } from "./variants.ts";

export interface Sending {
  readonly url: string;
  readonly format: Format;
  readonly key: string;
  readonly body: string;
  readonly hangUpAfter: number | null;
}

/**
 * What came of one attempt. `again`: the gateway said to come back. `lost`: it went away, and what
 * became of the call is not known here.
 */
export type Heard =
  | { readonly kind: "answered" | "failed" | "hung-up" | "refused" }
  | { readonly kind: "again" | "lost"; readonly because: string };

/** More than a stopped gateway sleeps. */
const ATTEMPT_MS = 40_000;
const BODY_CHARACTERS_MAX = 1024 * 1024;

const PATHS = { chat: "/v1/chat/completions", messages: "/v1/messages" } as const satisfies Record<
  Format,
  string
>;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

export function closeClients(): void {
  agent.destroy();
}

export function attempt({ body, format, hangUpAfter, key, url }: Sending): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const sent = request(url + PATHS[format], {
      agent,
      method: "POST",
      headers,
      timeout: ATTEMPT_MS,
    });
    const hangUp = () => {
      sent.destroy();
      resolve({ kind: "hung-up" });
    };
    const lost = (error: Error) => resolve({ kind: "lost", because: error.message });
    sent.on("timeout", () => sent.destroy(new Error("no answer")));
    sent.on("error", lost);
    sent.on("response", (response) => {
      response.on("error", lost);
      hear(response, hangUpAfter === null ? Number.POSITIVE_INFINITY : hangUpAfter, hangUp).then(
        resolve,
        reject,
      );
    });
    sent.end(body);
    // By then the request is on its way, and most often at the upstream.
    if (hangUpAfter === 0) sent.once("finish", () => setTimeout(hangUp, 3));
  });
}

function hear(response: IncomingMessage, chunksMax: number, hangUp: () => void): Promise<Heard> {
  return new Promise((resolve, reject) => {
    let text = "";
    let chunks = 0;
    response.setEncoding("utf8");
    response.on("data", (data: string) => {
      text = (text + data).slice(0, BODY_CHARACTERS_MAX);
      chunks += data.split("data: ").length - 1;
      if (chunks >= chunksMax && response.statusCode === 200) hangUp();
    });
    response.on("end", () => {
      const heard = meaning(response.statusCode ?? 0, text);
      if (heard === null) reject(new Error(`an answer of ${response.statusCode}: ${text}`));
      else resolve(heard);
    });
    response.on("aborted", () => resolve({ kind: "lost", because: "the answer broke off" }));
  });
}

/** Null: an answer that no variant can have, so a mistake of ours. */
function meaning(status: number, text: string): Heard | null {
  if (status === 200) return { kind: "answered" };
  if (status === 402) return { kind: "refused" };
  if (status === 429 || status === 503) return { kind: "again", because: codeOf(text) };
  return status >= 500 ? { kind: "failed" } : null;
}

function codeOf(text: string): string {
  return /"code":\s*"([^"]*)"/.exec(text)?.[1] ?? "";
}
