/** Clients that ask once and wait, each on a connection of its own. */
import { type ClientRequest, request } from "node:http";

/** So many connect at once: a backlog is not what is measured. */
const AT_ONCE = 100;

export interface Waiting {
  /** Hangs up. */
  leave(): void;
}

/** Answers once all of them were written; nobody reads what they are told. */
export async function askAll(
  count: number,
  to: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
): Promise<Waiting> {
  const open: ClientRequest[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => {
      return askOne(to, from + index, open);
    });
    await Promise.all(some);
  }
  return { leave: () => open.forEach((each) => void each.destroy()) };
}

function askOne(
  { headers, url }: Parameters<typeof askAll>[1],
  no: number,
  open: ClientRequest[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ arguments: { no, file: `recording-${no}.wav` } });
    const length = String(Buffer.byteLength(body));
    const asked = request(url, {
      method: "POST",
      agent: false,
      headers: { ...headers, "content-type": "application/json", "content-length": length },
    });
    open.push(asked);
    asked.on("response", (response) => response.resume());
    asked.on("finish", resolve);
    // Once it was written: it was hung up, or its server was killed.
    asked.on("error", reject);
    asked.end(body);
  });
}
