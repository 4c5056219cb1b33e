/** The calls of tools that an answer asks for: each is decided as on every other road. */
import { lookAtTool } from "../../guards/decide.ts";
import type { Answer } from "../../guards/events.ts";
import { observedUntil } from "../../guards/manifest/observe.ts";
import { isBudgetTool } from "../../guards/tool/names.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { AnsweredCall, RefusedCalls } from "../../wire/answered-calls.ts";
import { messageOf } from "../../wire/refusal.ts";
import { type Caller, type ModelCall, originOf } from "../call.ts";
import { type Gateway, nextDecision } from "../gateway.ts";
import { noteLetThrough } from "../let-through.ts";
import { policiesOnSeen } from "../policies/ask.ts";
import { record } from "../refuse.ts";
import { type Identified, identify } from "../tools/read.ts";
import { watchAttempt, watchRefused } from "../tools/watch.ts";
import { noteRefused } from "../transcripts/refused.ts";
import { isTakenHere, take } from "./take.ts";

/** A name is whatever the model wrote. */
const NAME_CHARS_MAX = 64;

interface Allowed {
  readonly denial: null;
  readonly call: Identified;
  readonly answers: readonly Answer[];
}

interface Refused {
  readonly denial: Denial;
  readonly call: Identified | null;
  readonly answers: readonly Answer[];
}

/** What a caller waits with, and whoever waits. */
type Asking = Pick<ModelCall, "incoming" | "client" | "turn">;

/**
 * A line for each call that is refused; each is written down and counted. At once, unless something
 * of a call is to be taken here.
 */
export function judge(
  calls: readonly AnsweredCall[],
  { client, incoming: caller, turn }: Asking,
  gateway: Gateway,
): RefusedCalls | Promise<RefusedCalls> {
  const manifest = observedUntil(caller.manifest, gateway.holding.storeNow());
  const refused = new Map<number, string>();
  const taken: Promise<void>[] = [];
  for (const [place, call] of calls.entries()) {
    // The gateway answers its own tool, and every agent has it.
    if (isBudgetTool(call.name)) continue;
    // A call of its own, in the same task.
    const incoming = { ...caller, manifest, decision: nextDecision(gateway) };
    const told = (denial: Denial | null) => {
      if (denial === null) return gateway.takenOut.forget(call, incoming);
      gateway.takenOut.note(call, denial, incoming, gateway.clock.monotonic());
      refused.set(place, lineFor(call, denial));
    };
    const end = (judged: Judged): Promise<void> | void => {
      if (!isAllowed(judged)) {
        noteTurnedDown(judged, incoming, gateway);
        return told(judged.denial);
      }
      if (isTakenHere(judged.call)) {
        return take(judged.call, { client, turn }, gateway).then(told);
      }
      noteLetThrough(judged.call, judged.answers, gateway);
      return told(null);
    };
    const judged = judgeOne(call, incoming, gateway);
    const ended = judged instanceof Promise ? judged.then(end) : end(judged);
    if (ended instanceof Promise) taken.push(ended);
  }
  return taken.length === 0 ? refused : Promise.all(taken).then(() => refused);
}

type Judged = Allowed | Refused;

function isAllowed(judged: Judged): judged is Allowed {
  return judged.denial === null;
}

/** What of it has no state, by the rules of whoever asks. At once, where no policy is asked. */
export function judgeOne(
  answered: AnsweredCall,
  incoming: Caller,
  gateway: Gateway,
): Judged | Promise<Judged> {
  const call = identify(
    {
      name: answered.name,
      server: null,
      arguments: answered.arguments ?? {},
      bytes: answered.argumentsBytes,
      callId: answered.id,
      by: "answer",
    },
    incoming,
  );
  if (isDenial(call)) return { denial: call, call: null, answers: [] };
  const { ask, resolved } = call;
  const { manifest } = incoming;
  // A pin is held against the server where the tool is called: an answer does not wait for that.
  const look = { ask, grants: manifest.tools, manifest, resolved, offered: null };
  const said = policiesOnSeen(look, incoming, gateway);
  const judge = (policy: Awaited<typeof said>): Judged => {
    if (isDenial(policy)) return { denial: policy, call, answers: [] };
    return judged(answered, call, lookAtTool({ ...look, policy }));
  };
  return said instanceof Promise ? said.then(judge) : judge(said);
}

function judged(
  answered: AnsweredCall,
  call: Identified,
  { answers, denial }: ReturnType<typeof lookAtTool>,
): Judged {
  if (denial !== null && denial.code !== "manifest.arguments") return { denial, call, answers };
  if (answered.arguments !== null) return { denial, call, answers };
  const wrong = "they are no JSON that can be read in only one way";
  return { denial: deny("manifest.arguments", { tool: call.ask.tool, wrong }), call, answers };
}

/** A model that pushes at a fence is a runaway too. */
function noteTurnedDown(
  { answers, call, denial }: Refused,
  incoming: Caller,
  gateway: Gateway,
): void {
  record({ denial, origin: originOf(incoming), asked: call?.asked ?? null }, answers, gateway);
  if (call === null) return;
  noteRefused(call, denial.code, gateway);
  watchAttempt(call, gateway);
  watchRefused(call, gateway);
}

function lineFor({ name }: AnsweredCall, denial: Denial): string {
  const called = name === "" ? "a tool without a clear name" : name.slice(0, NAME_CHARS_MAX);
  return `The call to ${called} was refused: ${messageOf(denial)}`;
}
