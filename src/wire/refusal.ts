/**
 * How a refusal looks on the wire: one body and one stream frame that every official client and
 * framework turns into a proper error with our message and our code. The message stands twice and
 * the code three times, because each client reads another place.
 */
import { DENIALS, type Denial, type DenialFacts } from "../guards/verdict.ts";

/** What names one refusal: the decision in the journal, and the request as clients report it. */
export interface RefusalIds {
  readonly decision: string;
  readonly requestId: string;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Clients ignore a longer wait and come back at once, so none is ever asked for. */
const RETRY_AFTER_SECONDS_MAX = 59;
const MS_PER_SECOND = 1000;
/** Facts can name what a client wrote; a message is for people. */
const FACT_CHARS_MAX = 200;

/**
 * Types that clients know, by status. A stream's frame always says `permission_error`: clients that
 * have no status left guess it from the words, and repeat a call where they guess 500.
 */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "permission_error",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  429: "rate_limit_error",
};
const [FRAME_ERROR_TYPE, SERVER_ERROR_TYPE] = ["permission_error", "api_error"];

/**
 * Worth another try. Not 504: the call was sent and may be billed, so nobody repeats it unasked.
 */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503]);

/** The whole answer to a call that is refused before anything was sent. */
export function renderRefusal(denial: Denial, ids: RefusalIds): Refusal {
  const { status } = DENIALS[denial.code];
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-request-id": ids.requestId,
    "request-id": ids.requestId,
    "x-slipclutch-decision": `${ids.decision}; code=${denial.code}`,
    "x-should-retry": String(RETRIED_STATUSES.has(status)),
  };
  if (denial.retryAfterMs !== undefined) {
    const seconds = Math.ceil(denial.retryAfterMs / MS_PER_SECOND);
    headers["retry-after"] = String(Math.max(1, Math.min(seconds, RETRY_AFTER_SECONDS_MAX)));
  }
  const type = ERROR_TYPES[status] ?? SERVER_ERROR_TYPE;
  return { status, headers, body: JSON.stringify(errorBody(denial, ids, type)) };
}

/** The last frame of a stream that is cut after it began; close it right after. */
export function renderErrorFrame(denial: Denial, ids: RefusalIds, sequence: number): string {
  const body = errorBody(denial, ids, FRAME_ERROR_TYPE);
  const data = JSON.stringify({ ...body, param: null, sequence_number: sequence });
  return `event: error\ndata: ${data}\n\n`;
}

/** What happened, the numbers that decided, and the way forward, in one line. */
export function messageOf(denial: Denial): string {
  const { hint } = DENIALS[denial.code];
  const says = denial.says ?? DENIALS[denial.code].says;
  const facts = Object.entries(shortened(denial.facts)).map(([name, value]) => `${name}: ${value}`);
  return facts.length === 0 ? `${says} ${hint}` : `${says} (${facts.join(", ")}) ${hint}`;
}

function errorBody(denial: Denial, ids: RefusalIds, type: string) {
  const { code } = denial;
  const message = messageOf(denial);
  const details = { error_code: detailCodeOf(denial), facts: shortened(denial.facts) };
  return {
    type: "error",
    message,
    code,
    error: { type, message, code, param: null, details },
    request_id: ids.requestId,
  };
}

/**
 * The loops of the official Anthropic clients begin with a conversation that the provider holds,
 * whose input nobody here could bound; told by this code, they send it all themselves from then on.
 */
function detailCodeOf({ code, facts }: Denial): string {
  const isThread = code === "model.unbounded" && facts.what === "body thread";
  return isThread ? "thread_unsupported_request" : code;
}

function shortened(facts: DenialFacts): DenialFacts {
  const short = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, FACT_CHARS_MAX) : value,
  ]);
  return Object.fromEntries(short);
}
