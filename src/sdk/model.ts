/** Clients of models, made to call the gateway, with a warning where a cap is hit. */
import { type Plane, TASK_HEADER } from "./plane.ts";

/** What a client is given; every official one takes these. */
export interface ModelSettings {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

/** The official OpenAI and Anthropic clients, by what they have. */
export interface ModelClient {
  withOptions(options: ModelSettings): unknown;
}

type Warn = (message: string) => void;

/** A client of the same class and settings, whose calls go to the gateway. */
export function guardedModel<Client extends ModelClient>(
  client: Client,
  plane: Plane,
  warn: Warn,
): Client {
  const settings = settingsOf(plane, warn);
  const baseURL = basesOf(client, settings.baseURL, plane.url);
  // `withOptions` of both answers with a client of the class it was called on.
  return client.withOptions({ ...settings, baseURL }) as Client;
}

/** OpenAI's base has the `/v1`, Anthropic's has not. */
function basesOf(client: ModelClient, withVersion: string, bare: string): string {
  if ("chat" in client) return withVersion;
  if ("messages" in client) return bare;
  throw new TypeError("guard.model takes a client of the packages openai or @anthropic-ai/sdk.");
}

/** For whatever takes a base URL with `/v1`, a key and a fetch. */
export function settingsOf(plane: Plane, warn: Warn): ModelSettings {
  return { baseURL: `${plane.url}/v1`, apiKey: plane.key, fetch: guardedFetch(plane, warn) };
}

/**
 * Says who asks and for which task, whatever else the client has been told: its own key and task
 * belong to the provider that it was made for.
 */
function guardedFetch(plane: Plane, warn: Warn): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(`${plane.url}/`)) {
      throw new TypeError(`A guarded client calls ${plane.url} and nothing else.`);
    }
    const { headers } = request;
    headers.set("authorization", `Bearer ${plane.key}`);
    headers.delete("x-api-key");
    if (plane.task !== null) headers.set(TASK_HEADER, plane.task);
    return watched(await fetch(request), warn);
  };
}

/** Refusals that say: the agent has come to a limit on what it may use. */
const CAPS: ReadonlySet<string> = new Set([
  "budget.exhausted",
  "budget.contended",
  "budget.parked",
  "task.exhausted",
  "call.cap",
]);

function watched(response: Response, warn: Warn): Response {
  const [decision = "", said = ""] = (response.headers.get("x-slipclutch-decision") ?? "").split(
    "; ",
  );
  const code = said.replace("code=", "");
  if (CAPS.has(code)) warn(`slipclutch: a model call was refused: ${code} (${decision})`);

  const narrowed = response.headers.get("x-slipclutch-narrowed") ?? "";
  const cap = /max_output_tokens=(\d+)/.exec(narrowed)?.[1];
  if (cap === undefined || response.body === null) return response;
  const hit = () =>
    warn(`slipclutch: an answer was cut at the cap of ${cap} output tokens (${decision})`);
  return new Response(response.body.pipeThrough(lookout(hit)), response);
}

/** Inside a text of JSON the quotes are escaped, so no answer can say this by itself. */
const CUT = /"(?:finish|stop)_reason"\s{0,8}:\s{0,8}"(?:length|max_tokens)"/;
/** Longer than what is looked for. */
const TAIL_CHARS = 64;

/** Passes bytes on as they are; calls once if the answer ended because of its cap. */
function lookout(
  hit: () => void,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder("latin1");
  let tail = "";
  let seen = false;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      if (seen) return;
      const text = tail + decoder.decode(chunk);
      seen = CUT.test(text);
      if (seen) hit();
      tail = text.slice(-TAIL_CHARS);
    },
  });
}
