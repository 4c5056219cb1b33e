/**
 * Approvals: a call that needs one waits in a review of its own. What is approved is exactly this
 * call (agent, task, tool, arguments) under this manifest, once, for a while; all of it is asked
 * again when the call is about to go out.
 */
import { hash } from "node:crypto";
import type { Approval } from "../../guards/tool/facts.ts";
import type { Review } from "../../ports/store.ts";
import type { Call, ToolCall } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import { PACE_MS } from "./calm.ts";

const NO_APPROVAL: Approval = { kind: "none" };
const ID_BYTES = 8;
const REVIEWS_MAX = 1_000;
/** Of the arguments, in a review: a person reads no more. */
const SHOWN_CHARS_MAX = 64 * 1024;
const EXPIRED = "Nobody approved this call in time.";

/** The review of one call: its id is the subject, so that no other call is decided with it. */
export async function openApproval(call: Call, gateway: Gateway): Promise<string> {
  if (call.kind === "model") throw new Error("a model call asks for no approval");
  const { chance, holding, store } = gateway;
  const { ask, incoming } = call;
  const { tool } = ask;
  const id = `a-${chance.hex(ID_BYTES)}`;
  const review = await store.clutch.open({
    id,
    kind: "approval",
    agent: incoming.manifest.agent,
    subject: call.turn?.call ?? incoming.decision,
    reason: `A call of ${tool} asks for an approval.`,
    evidence: JSON.stringify(evidenceOf(id, call, gateway)),
    at: holding.storeNow(),
  });
  return review.id;
}

/** What a person is to see. Arguments are stored as those of parked calls are: encrypted. */
function evidenceOf(id: string, call: ToolCall, { seal }: Gateway): Evidence {
  const { arguments: given, bytes, server, tool } = call.ask;
  const text = JSON.stringify(given);
  const sealed = Buffer.from(seal.close(id, text.slice(0, SHOWN_CHARS_MAX))).toString("base64");
  const task = call.incoming.taskName.id;
  return { server, tool, task, arguments_bytes: bytes, binding: bindingOf(call), sealed };
}

/** The review with the arguments in clear, for whoever decides. */
export function withArguments(review: Review, { seal }: Gateway): Review {
  if (review.kind !== "approval") return review;
  const { sealed, ...evidence } = evidenceIn(review);
  const text = seal.open(review.id, Buffer.from(sealed, "base64"));
  return { ...review, evidence: JSON.stringify({ ...evidence, arguments: shown(text) }) };
}

/** What was too long to be stored whole is shown as far as it goes. */
function shown(text: string): unknown {
  return text.length < SHOWN_CHARS_MAX ? JSON.parse(text) : `${text}…`;
}

interface Evidence {
  readonly server: string;
  readonly tool: string;
  readonly task: string;
  readonly arguments_bytes: number;
  readonly binding: string;
  readonly sealed: string;
}

function evidenceIn({ evidence }: Review): Evidence {
  // `as`: `openApproval` wrote it, and nobody else opens reviews of this kind.
  return JSON.parse(evidence) as Evidence;
}

/** What a person's word is bound to. */
function bindingOf({ ask, incoming }: ToolCall): string {
  const { manifest, taskName } = incoming;
  const bound = [manifest.agent, manifest.digest, taskName.id, ask.server, ask.tool, ask.digest];
  return hash("sha256", JSON.stringify(bound));
}

/** What was said of this call, as of now. Rejects if the store cannot be asked. */
export async function approvalOf(call: ToolCall, gateway: Gateway): Promise<Approval> {
  const id = call.turn?.approval ?? null;
  if (id === null) return NO_APPROVAL;
  const [review] = await gateway.store.clutch.reviews({ id, limit: 1 });
  const given = review?.decisions.find(({ decision }) => decision === "approve");
  if (review === undefined || given === undefined || !isBound(review, call)) return NO_APPROVAL;
  const { expireAfterMs } = gateway.rules.configuration.approvals;
  const expired = gateway.holding.storeNow() - given.at >= expireAfterMs;
  return { kind: expired ? "expired" : "given", review: id };
}

function isBound(review: Review, call: ToolCall): boolean {
  return review.kind === "approval" && evidenceIn(review).binding === bindingOf(call);
}

/** Every second: what nobody has decided in time is denied. */
export async function expireApprovals(gateway: Gateway): Promise<void> {
  const { holding, lot, rules, store } = gateway;
  if (lot.isEmpty) return;
  const before = holding.storeNow() - rules.configuration.approvals.expireAfterMs;
  const open = await store.clutch.reviews({ state: "open", limit: REVIEWS_MAX });
  for (const review of open) {
    if (review.kind === "approval" && review.openedAt <= before) await expire(review, gateway);
  }
}

/** Another gateway may do it first, or a person decide: then the version is another one. */
async function expire({ agent, id, version }: Review, gateway: Gateway): Promise<void> {
  const { chance, holding, store } = gateway;
  const [call] = await store.parking.list({ review: id, states: ["parked"], limit: 1 });
  if (call === undefined) return;
  const about = { task: null, call: call.call, message: EXPIRED };
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version, decision: "deny", ...about },
    ...{ by: "gateway", reason: EXPIRED, at: holding.storeNow(), paceMs: PACE_MS },
  });
  if (answer.kind !== "ok") return;
  const event = { agent, review: id, decision: "deny", task: null, call: call.call } as const;
  emit(gateway, holding.tenure, {
    kind: "review.decided",
    ...event,
    reason: EXPIRED,
    by: "gateway",
  });
}
