/** The gateway's listener for agents, as one guard calls it. */
import { isObject, type JsonObject } from "../wire/json.ts";
import { type Refused, unsure } from "./denied.ts";

export interface Plane {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  /** Null: the task that the key has, or shares for a day. */
  readonly task: string | null;
}

export interface Request {
  readonly path: string;
  /** Sent by POST; without one it is a GET. */
  readonly body?: JsonObject;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

export const TASK_HEADER = "x-slipclutch-task";

/** One request. Rejects with a `DeniedError` if no gateway answered it in its own words. */
export async function send(plane: Plane, { body, path, signal }: Request): Promise<Answer> {
  const headers: Record<string, string> = { authorization: `Bearer ${plane.key}` };
  if (plane.task !== null) headers[TASK_HEADER] = plane.task;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    redirect: "error",
    signal,
  } as const;
  try {
    const response = await fetch(plane.url + path, sent);
    const said: unknown = await response.json();
    if (isObject(said)) return { status: response.status, headers: response.headers, body: said };
  } catch (cause) {
    throw unsure(`No gateway answers at ${plane.url}.`, cause);
  }
  throw unsure(`What answers at ${plane.url} is no gateway.`);
}

/** What a status other than 200 says. */
export function refusedBy({ body, headers, status }: Answer): Refused {
  const { code, error, message, request_id: decision } = body;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return {
    code: typeof code === "string" ? code : "gateway.unsure",
    reasons: [typeof message === "string" ? message : `The gateway answered ${status}.`],
    retryAfter: Number.isFinite(seconds) ? seconds : null,
    decision: typeof decision === "string" ? decision : null,
    parked: parkedIn(error),
  };
}

/** A call that waits says so in the facts of its refusal. */
function parkedIn(error: unknown): Refused["parked"] {
  const details = isObject(error) ? error.details : null;
  const facts = isObject(details) ? details.facts : null;
  if (!isObject(facts)) return null;
  return parked({ id: facts.parked, url: facts.wait_at });
}

/** Where a call waits: a path of this gateway, and nothing else. */
export function parked(said: unknown): Refused["parked"] {
  if (!isObject(said)) return null;
  const { id, url } = said;
  if (typeof id !== "string" || typeof url !== "string") return null;
  return url.startsWith("/guard/v1/parked/") ? { id, url } : null;
}
