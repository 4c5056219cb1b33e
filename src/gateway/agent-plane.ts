/** The agents' listener: who asks, and for what. Everything it does not know is refused. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import { type KeyRecord, StoreUnreachable } from "../ports/store.ts";
import { type Address, addressOf } from "./address.ts";
import { type Body, collect } from "./body.ts";
import { type Call, type Incoming, originOf, unknownOrigin } from "./call.ts";
import { askDecision } from "./decisions/ask.ts";
import { reportOutcome } from "./decisions/outcome.ts";
import { type Gateway, nextDecision } from "./gateway.ts";
import { manifestFor } from "./governing.ts";
import { budgets, endTask, models, openTask } from "./guard-api.ts";
import { handle } from "./handle.ts";
import { parkedCall } from "./parking/ask.ts";
import { askData } from "./policies/data.ts";
import { readCall } from "./read.ts";
import { record, refuse, sendRefusal } from "./refuse.ts";
import { taskNameOf } from "./task-name.ts";
import { readDispatch } from "./tools/dispatcher.ts";
import { serveMcp } from "./tools/mcp.ts";
import { foreignCaller } from "./tools/mcp-host.ts";
import { beginSpan } from "./tracing.ts";
import { denialOf, OpenAnswers, refuseUnreadable } from "./unreadable.ts";

/** Node's clients keep a connection for a few seconds; proxies before us for up to a minute. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 20_000;
/** How often connections are looked at for being slow. */
const CHECK_MS = 2_000;
const HEADERS_BYTES_MAX = 16_384;
const RETRY_MS = 1_000;
/** What a request for a tool may have beside the arguments: names, ids, `_meta`. */
const AROUND_ARGUMENTS_BYTES = 64 * 1024;
/** As large as the largest answer of a tool server: it may go to another gateway by the store. */
const OUTCOME_BYTES_MAX = 8 * 1024 * 1024;
/** Of a body that was refused before it had arrived. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;
const DISCARD_MS = 10_000;

export function agentPlane(gateway: Gateway): Server {
  const { limits } = gateway.rules.configuration;
  const answers = new OpenAnswers();
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
      requestTimeout: limits.requestMs + HEADERS_MS,
      maxHeaderSize: HEADERS_BYTES_MAX,
      noDelay: true,
    },
    (request, response) => {
      const { socket } = request;
      gateway.requests += 1;
      answers.begin(socket, response);
      response.on("close", () => {
        gateway.requests -= 1;
        answers.end(socket, response);
      });
      void serve(request, response, gateway);
    },
  );
  server.on("clientError", (error, socket) => {
    if (!answers.mayAnswer(socket, error)) return socket.destroy();
    const denial = denialOf(error, HEADERS_BYTES_MAX);
    return refuseUnreadable(denial, socket, { decision: nextDecision(gateway), gateway });
  });
  return server;
}

/** Never rejects: what goes wrong here is a refusal too. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  gateway: Gateway,
): Promise<void> {
  const decision = nextDecision(gateway);
  try {
    const arrived = await identify(request, response, decision, gateway);
    if (arrived === null) return;
    beginSpan(arrived.incoming, gateway);
    await answer(request, arrived, gateway);
  } catch (error) {
    const unreachable = error instanceof StoreUnreachable;
    const code = unreachable ? "store.unreachable" : "gateway.unsure";
    if (!unreachable) gateway.metrics.error("serve");
    gateway.log.error("a request was refused: serving it failed", { decision, error });
    refuseUnknown(deny(code, {}, unreachable ? RETRY_MS : undefined), request, response, {
      decision,
      gateway,
    });
  }
}

/** A request whose sender is known, and what it asks for. */
interface Arrived {
  readonly address: Address;
  readonly incoming: Incoming;
}

/** The sender of a request, before a byte of its body is taken in; null: it was refused. */
async function identify(
  request: IncomingMessage,
  response: ServerResponse,
  decision: string,
  gateway: Gateway,
): Promise<Arrived | null> {
  const context = { decision, gateway };
  const closed = closedBecause(gateway);
  if (closed !== null) return refuseUnknown(closed, request, response, context);

  const address = addressOf(request.method ?? "", request.url ?? "");
  const found = gateway.keys.find(tokenOf(request));
  const key = found instanceof Promise ? await found : found;
  if (key === "busy") {
    const busy = deny("gateway.overloaded", { because: "too many unknown keys" }, RETRY_MS);
    return refuseUnknown(busy, request, response, context);
  }
  const owner = key === null ? null : ownerOf(key);
  const manifest = owner === null ? null : gateway.rules.manifest(owner);
  if (key === null || owner === null || manifest === null) {
    const facts: Record<string, string> =
      owner === null ? {} : { because: "no manifest", agent: owner };
    return refuseUnknown(deny("key.invalid", facts), request, response, context);
  }
  if (address === null) {
    const asked = `${request.method} ${(request.url ?? "").split("?")[0]?.slice(0, 200)}`;
    return refuseUnknown(deny("request.unknown-path", { asked }), request, response, context);
  }
  // Node gives every header but set-cookie as one string or not at all.
  const headers = request.headers as Readonly<Record<string, string | undefined>>;
  const taskName = taskNameOf(key, headers, address.task, gateway.holding.storeNow());
  if (isDenial(taskName)) return refuseUnknown(taskName, request, response, context);
  const { rules } = gateway;
  holdRules(rules, response);
  const governing = await manifestFor(manifest, taskName, gateway);
  if (isDenial(governing)) return refuseUnknown(governing, request, response, context);
  const incoming = {
    ...{ response, headers, key, rules, decision, taskName },
    ...{ manifest: governing, tenure: gateway.holding.tenure, call: decision, receivedAt: 0 },
  };
  return { address, incoming };
}

/** Until the answer is over, whatever becomes of it, no reload closes what these rules lead to. */
function holdRules(rules: Gateway["rules"], response: ServerResponse): void {
  if (response.destroyed) return;
  rules.requests += 1;
  response.on("close", () => {
    rules.requests -= 1;
  });
}

async function answer(
  request: IncomingMessage,
  { address, incoming }: Arrived,
  gateway: Gateway,
): Promise<void> {
  const { place } = address;
  if (place.kind === "budgets") return budgets(incoming, gateway);
  if (place.kind === "models") return models(incoming);
  if (place.kind === "parked") return parkedCall(place.id, incoming, gateway);
  const foreign = place.kind === "mcp" ? foreignCaller(incoming) : null;
  if (foreign !== null) {
    discardRest(request, gateway);
    const refusal = { denial: foreign, origin: originOf(incoming), asked: null };
    return refuse(refusal, [], incoming, gateway);
  }
  if (place.kind === "mcp" && !place.posts) return refuseMethod(incoming);

  const { limits } = incoming.rules.configuration;
  const within = { bytesMax: bytesMaxOf(place, incoming), withinMs: limits.requestMs };
  const collected = collect(request, within, gateway.clock);
  const body = collected instanceof Promise ? await collected : collected;
  incoming.receivedAt = gateway.clock.monotonic();
  if (body === "gone") return;
  if (isDenial(body)) {
    discardRest(request, gateway);
    return refuse({ denial: body, origin: originOf(incoming), asked: null }, [], incoming, gateway);
  }
  if (place.kind === "open-task") return openTask(body, incoming, gateway);
  if (place.kind === "end-task") return endTask(place.id, body, incoming, gateway);

  if (place.kind === "mcp") return serveMcp(place.server, body, incoming, gateway);

  if (place.kind === "outcome") return reportOutcome(place.id, body, incoming, gateway);

  if (place.kind === "data") return askData(place, body, incoming, gateway);

  const read = readAt(place, body, incoming, gateway);
  const call = read instanceof Promise ? await read : read;
  if (call === null) return;
  if (isDenial(call)) {
    return refuse({ denial: call, origin: originOf(incoming), asked: null }, [], incoming, gateway);
  }
  return handle(call, gateway);
}

type CallPlace = Extract<Address["place"], { readonly kind: "model" | "tool" | "decision" }>;

/** A call for the one path of all calls; null: it is answered already. */
function readAt(
  place: CallPlace,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Call | Denial | Promise<Call | Denial | null> {
  switch (place.kind) {
    case "model":
      return readCall(place.format, body, incoming);
    case "tool":
      return readDispatch(place.name, body, incoming);
    case "decision":
      return askDecision(body, incoming, gateway);
  }
}

const WITH_ARGUMENTS: ReadonlySet<Address["place"]["kind"]> = new Set([
  ...(["mcp", "tool", "decision", "data"] as const),
]);

/** Arguments are bounded by the manifest: what is larger is refused before it is parsed. */
function bytesMaxOf({ kind }: Address["place"], { manifest, rules }: Incoming): number {
  const { maxRequestBytes } = rules.configuration.limits;
  if (kind === "outcome") return Math.min(maxRequestBytes, OUTCOME_BYTES_MAX);
  if (!WITH_ARGUMENTS.has(kind)) return maxRequestBytes;
  return Math.min(maxRequestBytes, manifest.tools.argumentsBytesMax + AROUND_ARGUMENTS_BYTES);
}

/** The protocol's way of saying that there is no stream and no session here. */
function refuseMethod({ response }: Incoming): void {
  response.writeHead(405, { allow: "POST", "content-length": 0 });
  response.end();
}

/** Reasons to take no call at all, cheapest first. */
function closedBecause(gateway: Gateway): Denial | null {
  if (gateway.draining) return deny("gateway.overloaded", { because: "stopping" }, RETRY_MS);
  const { callsInFlightMax } = gateway.rules.configuration.limits;
  if (gateway.requests > callsInFlightMax) {
    return deny("gateway.overloaded", { calls_in_flight_max: callsInFlightMax }, RETRY_MS);
  }
  const because = gateway.closedBecause;
  return because === null ? null : deny("gateway.unsure", { because }, RETRY_MS);
}

interface Context {
  readonly decision: string;
  readonly gateway: Gateway;
}

/** Refuses a request whose sender is not known; its body is not kept. */
function refuseUnknown(
  denial: Denial,
  request: IncomingMessage,
  response: ServerResponse,
  { decision, gateway }: Context,
): null {
  const origin = unknownOrigin(decision, gateway.rules);
  record({ denial, origin, asked: null }, [], gateway);
  discardRest(request, gateway);
  sendRefusal(response, denial, origin);
  return null;
}

/**
 * A connection that is closed on a body still coming is reset, and most clients then never see the
 * refusal but send everything again: so a bounded rest is taken in and thrown away.
 */
function discardRest(request: IncomingMessage, { clock, heap }: Gateway): void {
  if (request.complete) return;
  let bytes = 0;
  const cancel = clock.after(DISCARD_MS, () => request.destroy());
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    heap.thrownAway(chunk.length);
    if (bytes > DISCARDED_BYTES_MAX) request.destroy();
  });
  request.once("close", cancel);
}

/** Bearer, as the newer official clients send it, or `x-api-key`. Two that differ are none. */
function tokenOf({ headers }: IncomingMessage): string | null {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
  const named = headers["x-api-key"];
  if (typeof named !== "string") return bearer;
  return bearer === null || bearer === named ? named : null;
}

function ownerOf({ holder }: KeyRecord): string | null {
  return holder.kind === "operator" ? null : holder.agent;
}
