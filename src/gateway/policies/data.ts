/**
 * `POST /v1/data/<path>`: agents ask a policy themselves, in OPA's format. It says what the policy
 * says and lets nothing through: nothing is reserved, and nothing is counted as a call.
 */
import { recordedOf } from "../../guards/manifest/observe.ts";
import type { PolicyAnswer, PolicyDocument } from "../../guards/policy/answer.ts";
import {
  type Asked,
  type AskedSaid,
  askedAbout,
  type Exposed,
  exposedAt,
  saidOf,
  worstOf,
} from "../../guards/policy/asked.ts";
import type { PolicyInput } from "../../guards/policy/input.ts";
import { verdictOf } from "../../guards/policy/said.ts";
import { overBecause } from "../../guards/task/alive.ts";
import { resourceSent } from "../../guards/tool/resource.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import { BUNDLE } from "../../telemetry/decision-log/event.ts";
import { numbersAreExact } from "../../wire/exact-numbers.ts";
import { describe, isObject, type JsonObject, malformed, parseObject } from "../../wire/json.ts";
import type { Place } from "../address.ts";
import type { Body } from "../body.ts";
import { type Incoming, originOf } from "../call.ts";
import { standingRefusal } from "../decide.ts";
import { emit, type Gateway } from "../gateway.ts";
import { taskFacts } from "../gather.ts";
import { send } from "../guard-api.ts";
import { refuse } from "../refuse.ts";
import { unsure } from "../unsure.ts";
import { knownOf } from "./ask.ts";
import { type Circumstances, circumstancesOf } from "./circumstances.ts";
import { nanosecondsOf } from "./evaluate.ts";
import { noting } from "./noting.ts";
import { resourceInput } from "./questions.ts";

/** As of a decision: the body's own level, and as deep as arguments may be. */
const DEPTH_MAX = 65;
const NS_PER_MS = 1_000_000;

type DataPlace = Extract<Place, { readonly kind: "data" }>;

/** What is asked, and of which policies. */
interface Question {
  /** As it was sent, but for its resource, which is as ours are. */
  readonly input: JsonObject;
  /** One of each of the rules that expose the path. */
  readonly asked: readonly Asked[];
}

/** One policy's answer, with all that it was given for. */
interface Answered extends Asked {
  readonly input: PolicyDocument;
  readonly answer: PolicyAnswer;
  readonly said: AskedSaid;
}

export async function askData(
  place: DataPlace,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const answered = await answerSurely(place, body, incoming, gateway);
  if (isDenial(answered)) return refuseQuestion(answered, incoming, gateway);
  note(place, answered, incoming, gateway);
  if (answered?.answer.kind === "failed") {
    return refuseQuestion(failureOf(answered), incoming, gateway);
  }
  const value = answered?.answer.kind === "value" ? { result: answered.answer.value } : {};
  const more = extras(place, answered, incoming, gateway);
  send(incoming, 200, { ...value, decision_id: incoming.decision, ...more });
}

/** Null: it may ask none there, and is told no more than that there is no answer. */
async function answerSurely(
  { path }: DataPlace,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Answered | Denial | null> {
  const standing = standingRefusal(incoming, gateway);
  if (standing !== null) return standing;
  const sent = read(body);
  if (isDenial(sent)) return sent;
  const exposed = exposedAt(path, incoming.manifest.policies);
  if (exposed.length === 0) return null;
  const question = questionOf(sent.input, exposed);
  if (isDenial(question)) return question;
  try {
    return await answerOf(question, incoming, gateway);
  } catch (error) {
    return unsure(error, gateway);
  }
}

/** Other members of the body are left aside, as OPA leaves them. */
function read(body: Body): { readonly input: JsonObject } | Denial {
  const parsed = parseObject(body.text === "" ? "{}" : body.text, DEPTH_MAX);
  if (isDenial(parsed)) return parsed;
  const { input = {} } = parsed.root;
  if (!isObject(input)) return malformed("input", describe(input), "an object");
  if (numbersAreExact(input)) return { input };
  return malformed("input", "a number past 2^53", "such numbers as strings");
}

function questionOf(input: JsonObject, exposed: readonly Exposed[]): Question | Denial {
  const resource = Object.hasOwn(input, "resource") ? resourceSent(input.resource) : null;
  if (resource !== null && "because" in resource) {
    return deny("resource.underivable", { at: resource.at, because: resource.because });
  }
  const asked = askedAbout(resource, exposed);
  if (isDenial(asked)) return asked;
  return {
    input: resource === null ? input : { ...input, resource: resourceInput(resource) },
    asked,
  };
}

async function answerOf(
  { asked, input }: Question,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Answered | Denial | null> {
  const known = await knownOf({ kind: "agent", incoming }, gateway);
  if (isDenial(known)) return known;
  const { manifest, taskName } = incoming;
  const over = overBecause(taskFacts(taskName.id, known.lineage, manifest, gateway));
  if (over !== null) return over;
  const now = gateway.holding.storeNow();
  const around = circumstancesOf(known, null, now, gateway);
  const { commit } = incoming.rules.configuration;
  const at = nanosecondsOf(now);
  const answered = noting(incoming, now, gateway);
  const answers = asked.map(async ({ binding, rules }): Promise<Answered> => {
    const commits = { guardrails: commit, policies: rules.revision };
    const told = toldOf(input, { ...around, commits });
    const askedAt = gateway.clock.monotonic();
    const answer = await rules.ask(binding, told, { now: at, timeoutMs: rules.timeoutMs });
    const tookMs = gateway.clock.monotonic() - askedAt;
    const { verdict } = verdictOf(answer, binding, null);
    answered({ rules, binding, input: told, answer, verdict, tookMs });
    return { binding, rules, input: told, answer, said: saidOf(answer, binding) };
  });
  return worstOf(await Promise.all(answers));
}

/**
 * Whatever the gateway knows by itself takes the place of what was sent: a policy that trusts
 * `agent_id` or `budgets` where a call is decided is not to be told others by the agent that asks
 * it. What the agent alone knows, `call` among it, is as it says.
 */
function toldOf(sent: JsonObject, known: Circumstances & Pick<PolicyInput, "commits">) {
  return { ...sent, ...known };
}

/** The one place where an answer is written down; null: none that it may ask is there. */
function note(
  { path }: DataPlace,
  answered: Answered | null,
  incoming: Incoming,
  gateway: Gateway,
): void {
  const { because, verdict } = answered?.said ?? NONE;
  emit(gateway, incoming.tenure, {
    ...{ kind: "policy.asked", policy: answered?.binding.name ?? null, verdict, because },
    path: path.map(encodeURIComponent).join("/"),
    ...originOf(incoming),
  });
}

const NONE: AskedSaid = { verdict: "none", because: null };

/** Why it failed may repeat what other agents are not to know of the policy: it is kept. */
function failureOf({ binding: { name }, said }: Answered): Denial {
  const denial = deny("gateway.unsure", { policy: name, because: "the policy failed" });
  return { ...denial, rule: GUARD, kept: { why: said.because ?? "" } };
}

function refuseQuestion(denial: Denial, incoming: Incoming, gateway: Gateway): void {
  const { code, kept } = denial;
  const answers =
    kept === undefined ? [] : [{ guard: GUARD, answer: code, numbers: recordedOf(denial) }];
  refuse({ denial, origin: originOf(incoming), asked: null }, answers, incoming, gateway);
}

const GUARD = "policy";

/** What clients of OPA can ask for beside the answer; whatever else they say changes nothing. */
function extras(
  { query }: DataPlace,
  answered: Answered | null,
  { manifest, receivedAt }: Incoming,
  { clock, version }: Gateway,
) {
  const asked = new URLSearchParams(query);
  const rules = answered?.rules ?? manifest.policies[0];
  const bundles = rules === undefined ? {} : { [BUNDLE]: { revision: rules.revision } };
  const tookNs = Math.round((clock.monotonic() - receivedAt) * NS_PER_MS);
  return {
    ...(isAskedFor("provenance", asked) && { provenance: { version, bundles } }),
    ...(isAskedFor("metrics", asked) && { metrics: { timer_server_handler_ns: tookNs } }),
  };
}

/** As OPA reads a switch: `?metrics` says yes too. */
function isAskedFor(name: string, query: URLSearchParams): boolean {
  const values = query.getAll(name);
  if (values.length === 1 && values[0] === "") return true;
  return values.some((value) => value.toLowerCase() === "true");
}
