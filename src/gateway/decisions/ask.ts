/** `POST /guard/v1/decisions`: may this tool be called like this? The agent runs it itself then. */
import { isParked } from "../../guards/clutch/waits.ts";
import { lookAtTool } from "../../guards/decide.ts";
import type { Millis } from "../../guards/money.ts";
import { DENIALS, type Denial, deny, isDenial } from "../../guards/verdict.ts";
import { numbersAreExact } from "../../wire/exact-numbers.ts";
import { describe, isObject, malformed, parseObject } from "../../wire/json.ts";
import { messageOf } from "../../wire/refusal.ts";
import { byteLength } from "../../wire/utf8.ts";
import type { Body } from "../body.ts";
import type { Desk, Incoming, ToolCall } from "../call.ts";
import { originOf } from "../call.ts";
import { HttpClient } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import { manifestFor } from "../governing.ts";
import { noteLetThrough } from "../let-through.ts";
import { policiesOnSeen } from "../policies/ask.ts";
import { record, sendRefusal } from "../refuse.ts";
import { taskNameOf } from "../task-name.ts";
import { type Identified, identify, readToolCall } from "../tools/read.ts";
import { noteRefused } from "../transcripts/refused.ts";

/** The body's own level, and as deep as arguments may be. */
const DEPTH_MAX = 65;
const TEXT_CHARS_MAX = 512;
const RETRY_MS = 1_000;
const KNOWN = ["tool", "arguments", "call_id", "task"];
/** What was decided, whatever the verdict; other statuses say that nothing could be. */
const VERDICTS: ReadonlySet<number> = new Set([402, 403, 429]);

interface Asked {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly callId: string | null;
  readonly task: string | null;
}

/** A call for the usual path; null: it is answered already. */
export async function askDecision(
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<ToolCall | Denial | null> {
  const asked = read(body);
  if (isDenial(asked)) return asked;
  const of = await inTask(asked.task, incoming, gateway);
  if (isDenial(of)) return of;
  const { arguments: given, bytes, callId, tool: name } = asked;
  const named = { name, server: null, arguments: given, bytes, callId, by: "decision" } as const;
  const call = identify(named, of);
  if (isDenial(call)) return call;
  if (!runsAtAgent(call, of)) {
    return look(call, of, gateway);
  }
  if (gateway.openDecisions.size >= of.rules.configuration.limits.callsInFlightMax) {
    return tooManyOpen(of);
  }
  const desk = new DecisionDesk(of);
  const { decision, manifest, taskName } = of;
  const runner = gateway.openDecisions.runner(decision, manifest.agent, taskName.id, () =>
    desk.allow(),
  );
  const client = new DecisionClient(of.response, of.headers);
  return readToolCall(named, of, { desk, client, runner });
}

/** Each is remembered until its outcome: no more of them than calls may be in flight. */
function tooManyOpen({ rules }: Incoming): Denial {
  const { callsInFlightMax } = rules.configuration.limits;
  const because = "too many decisions wait for their outcome";
  return deny("gateway.overloaded", { because, calls_in_flight_max: callsInFlightMax }, RETRY_MS);
}

function runsAtAgent({ resolved }: Identified, { rules }: Incoming): boolean {
  return typeof resolved !== "string" && rules.toolServer(resolved.server) === null;
}

function read(body: Body): Asked | Denial {
  const parsed = parseObject(body.text, DEPTH_MAX);
  if (isDenial(parsed)) return parsed;
  const { members, root } = parsed;
  const unknown = Object.keys(root).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    const facts = { unknown: unknown.slice(0, 40), known: KNOWN.join(", ") };
    return deny("request.unknown-field", facts);
  }
  const { arguments: given = {}, call_id: callId = null, task = null, tool } = root;
  if (!isText(tool)) return malformed("tool", describe(tool), "the name of a tool");
  if (!isObject(given)) return malformed("arguments", describe(given), "an object");
  if (callId !== null && !isText(callId)) return malformed("call_id", describe(callId), "a text");
  if (task !== null && !isText(task)) return malformed("task", describe(task), "a text");
  if (!numbersAreExact(given)) {
    return malformed("arguments", "a number past 2^53", "such numbers as strings");
  }
  const place = members.find(({ name }) => name === "arguments");
  const bytes = place ? byteLength(body.text.slice(place.valueFrom, place.valueTo)) : 0;
  return { tool, arguments: given, bytes, callId, task };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= TEXT_CHARS_MAX;
}

/** The body may name the task, as the header may; a key that is for one task has no other. */
async function inTask(
  task: string | null,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Incoming | Denial> {
  if (task === null || task === incoming.taskName.id) return incoming;
  if (incoming.taskName.how === "named") {
    return malformed("task", "another task than that of the key, header or path", "one task");
  }
  const { headers, key } = incoming;
  const taskName = taskNameOf(key, headers, task, gateway.holding.storeNow());
  if (isDenial(taskName)) return taskName;
  // What holds for the task that a key shares is not what holds for one that began earlier.
  const manifest = await manifestFor(incoming.manifest, taskName, gateway);
  return isDenial(manifest) ? manifest : { ...incoming, taskName, manifest };
}

/** A tool that the gateway runs is decided when it is called: until then it is only looked at. */
async function look(
  call: Identified,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Denial | null> {
  const { ask, asked, resolved } = call;
  const { manifest } = incoming;
  const seen = { ask, grants: manifest.tools, manifest, resolved, offered: null };
  const policy = await policiesOnSeen(seen, incoming, gateway);
  if (isDenial(policy)) return policy;
  const { answers, denial } = lookAtTool({ ...seen, policy });
  const desk = new DecisionDesk(incoming);
  if (denial === null) {
    noteLetThrough(call, answers, gateway);
    desk.allow();
    return null;
  }
  const origin = originOf(incoming);
  noteRefused(call, denial.code, gateway);
  record({ denial, origin, asked }, answers, gateway);
  desk.refuse(denial, origin, {});
  return null;
}

/** Whoever asks is told at once that the call waits. */
class DecisionClient extends HttpClient {
  override get patienceMs(): Millis {
    return 0;
  }
}

/** Tells a verdict. What becomes of the call later is for the books alone. */
class DecisionDesk implements Desk {
  readonly progress = null;
  readonly #incoming: Incoming;
  #isAnswered = false;

  constructor(incoming: Incoming) {
    this.#incoming = incoming;
  }

  allow(): void {
    this.#send({ verdict: "allow", code: null, reasons: [] }, {});
  }

  refuse(denial: Denial, origin: Parameters<Desk["refuse"]>[1], headers: Headers): void {
    if (this.#isAnswered) return;
    const { code, facts, retryAfterMs } = denial;
    if (!VERDICTS.has(DENIALS[code].status)) {
      this.#isAnswered = true;
      return sendRefusal(this.#incoming.response, denial, origin, headers);
    }
    const waits = isParked(code) && facts.parked !== undefined;
    const parked = { parked: { id: facts.parked, url: facts.wait_at } };
    const after =
      retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1_000) };
    const verdict = waits ? "park" : "deny";
    const said = { verdict, code, reasons: [messageOf(denial)], ...after, ...(waits && parked) };
    this.#send(said, headers);
  }

  /** The same call was reported on before: whoever asks again is not to run it again. */
  answer({ structuredContent }: Parameters<Desk["answer"]>[0], headers: Headers): void {
    if (this.#isAnswered) return;
    const reused = deny("call.key-reused", { because: "it has run, and this is its result" });
    const { code } = reused;
    const result = structuredContent ?? null;
    this.#send({ verdict: "deny", code, reasons: [messageOf(reused)], result }, headers);
  }

  #send(said: Readonly<Record<string, unknown>>, headers: Headers): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const { decision, response, taskName } = this.#incoming;
    if (response.destroyed) return;
    const text = JSON.stringify({ decision, ...said });
    response.writeHead(200, {
      ...headers,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "x-slipclutch-decision": decision,
      "x-slipclutch-task": encodeURI(taskName.id),
    });
    response.end(text);
  }
}

type Headers = Readonly<Record<string, string>>;
