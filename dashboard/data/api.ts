/** The control plane's API as the pages ask it: the session's cookie goes along by itself. */
import type { ProblemView } from "../../src/control/schemas/gateway.ts";

/** Longer than any answer of a gateway that works. */
const ANSWER_MS = 20_000;

/** What the API said instead of an answer; status 0: nothing came. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** Seconds; null: it said none. */
  readonly retryAfter: number | null;

  constructor(status: number, problem: ProblemView["error"], retryAfter: number | null) {
    super(problem.message);
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint;
    this.retryAfter = retryAfter;
  }
}

type Told = (asked: { readonly status: number; readonly date: string | null }) => void;
const watchers = new Set<Told>();

/** Whoever wants to know how the gateway answers: each answer, or 0 for none. */
export function watchAnswers(watcher: Told): void {
  watchers.add(watcher);
}

/** The answer's text, so that one that is the same again changes nothing. */
export async function getText(path: string): Promise<string> {
  return (await ask(path, { method: "GET" })).text();
}

export async function get<T>(path: string): Promise<T> {
  // `as`: the server's own types say what is answered here.
  return JSON.parse(await getText(path)) as T;
}

/** An answer without a body is null. */
export async function send<T>(
  method: "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T | null> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  const text = await (await ask(path, init)).text();
  // `as`: the server's own types say what is answered here.
  return text === "" ? null : (JSON.parse(text) as T);
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal, credentials: "same-origin" });
  } catch (error) {
    tell(0, null);
    const message = error instanceof Error ? error.message : String(error);
    const hint = "Limits still hold: gateways go on inside what they have leased, then refuse.";
    throw new Refused(0, { code: "gateway.unreachable", message, hint }, null);
  }
  tell(response.status, response.headers.get("date"));
  if (response.ok) return response;
  throw await refusedOf(response);
}

function tell(status: number, date: string | null): void {
  for (const watcher of watchers) watcher({ status, date });
}

async function refusedOf(response: Response): Promise<Refused> {
  const text = await response.text();
  const seconds = Number(response.headers.get("retry-after") ?? "");
  const retryAfter = seconds > 0 ? seconds : null;
  return new Refused(response.status, problemOf(text, response.status), retryAfter);
}

function problemOf(text: string, status: number): ProblemView["error"] {
  try {
    // `as`: every refusal of the API has this shape; one that has not is caught here.
    const { error } = JSON.parse(text) as ProblemView;
    if (typeof error.message === "string") return error;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  return { code: `http.${status}`, message: `The gateway answered ${status}.`, hint: "" };
}
