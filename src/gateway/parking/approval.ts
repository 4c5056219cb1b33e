/**
 * Approvals: a call that needs one waits in a review of its own. What is approved is exactly this
 * call (agent, task, tool, arguments, or the whole request to a model) under this manifest and
 * these policies, once, for a while; all of it is asked again when the call is about to go out.
 */
import { hash } from "node:crypto";
import { approves } from "../../guards/clutch/decisions.ts";
import { WITHDRAWN } from "../../guards/clutch/review.ts";
import type { Approval } from "../../guards/facts.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import type { ToolAsk } from "../../guards/tool/tool.ts";
import type { Review, ReviewDecision } from "../../ports/store.ts";
import type { Call } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import { PACE_MS } from "./calm.ts";
import { digestOf } from "./digest.ts";
import type { Seal } from "./seal.ts";

const NO_APPROVAL: Approval = { kind: "none" };
const ID_BYTES = 8;
const REVIEWS_MAX = 1_000;
/** Of the arguments, in a review: a person reads no more. */
const SHOWN_CHARS_MAX = 64 * 1024;
/** Of what policies say, shown each by itself; and in the review's own sentence. */
const REASONS_MAX = 50;
const REASON_MAX = 500;
const EXPIRED = "Nobody approved this call in time.";

/** The review of one call: its id is the subject, so that no other call is decided with it. */
export async function openApproval(
  call: Call,
  said: readonly string[],
  gateway: Gateway,
): Promise<string> {
  const { chance, holding, store } = gateway;
  const reasons = eachOnce(said);
  const { incoming } = call;
  const id = `a-${chance.hex(ID_BYTES)}`;
  const review = await store.clutch.open({
    id,
    kind: "approval",
    agent: incoming.manifest.agent,
    subject: call.turn?.call ?? incoming.decision,
    reason: reasonOf(call, reasons),
    evidence: JSON.stringify(evidenceOf(id, call, reasons, gateway)),
    at: holding.storeNow(),
  });
  return review.id;
}

/** A policy that was asked of each table of a query says the same of many. */
function eachOnce(said: readonly string[]): readonly string[] {
  const reasons = said.map((reason) => reason.trim()).filter((reason) => reason !== "");
  return [...new Set(reasons)].slice(0, REASONS_MAX);
}

/** Whoever reads a notice sees what a policy has said of it. */
function reasonOf(call: Call, reasons: readonly string[]): string {
  const what = call.kind === "tool" ? call.ask.tool : `the model ${call.asked.model}`;
  const asks = `A call of ${what} asks for an approval`;
  if (reasons.length === 0) return `${asks}.`;
  const said = `${asks}: ${reasons.map((reason) => reason.replace(/\.$/, "")).join("; ")}`;
  if (said.length > REASON_MAX) return `${said.slice(0, REASON_MAX)}…`;
  return /[.!?…]$/.test(said) ? said : `${said}.`;
}

/** What a person is to see. Arguments are stored as those of parked calls are: encrypted. */
function evidenceOf(
  id: string,
  call: Call,
  reasons: readonly string[],
  { seal }: Gateway,
): Evidence {
  const task = call.incoming.taskName.id;
  const of = { task, arguments_bytes: call.asked.bytes, binding: bindingOf(call) };
  const said = reasons.length === 0 ? of : { ...of, reasons };
  if (call.kind === "model") {
    const { model } = call.asked;
    return { model, ...said, sealed: sealedFor(id, call.read.root, seal) };
  }
  const { arguments: given, server, tool } = call.ask;
  return { server, tool, ...said, sealed: sealedFor(id, given, seal) };
}

function sealedFor(review: string, given: Given, seal: Seal): string {
  const text = JSON.stringify(given).slice(0, SHOWN_CHARS_MAX);
  return Buffer.from(seal.close(review, text)).toString("base64");
}

/** The evidence once a person has put other arguments in the place of the agent's. */
export function evidenceEdited(
  review: Review,
  edited: { readonly given: Given; readonly bytes: number; readonly binding: string },
  seal: Seal,
): string {
  const evidence = evidenceIn(review);
  const { binding, bytes, given } = edited;
  const { sealed_before = evidence.sealed } = evidence;
  const sealed = sealedFor(review.id, given, seal);
  return JSON.stringify({ ...evidence, arguments_bytes: bytes, binding, sealed, sealed_before });
}

/** The review with the arguments in clear, for whoever decides. */
export function withArguments(review: Review, { seal }: Gateway): Review {
  if (review.kind !== "approval") return review;
  const { sealed, sealed_before: before, ...evidence } = evidenceIn(review);
  const open = (text: string) => shown(seal.open(review.id, Buffer.from(text, "base64")));
  const edited = before === undefined ? {} : { arguments_before: open(before) };
  const all = { ...evidence, arguments: open(sealed), ...edited };
  return { ...review, evidence: JSON.stringify(all) };
}

/** What was too long to be stored whole is shown as far as it goes. */
function shown(text: string): unknown {
  return text.length < SHOWN_CHARS_MAX ? JSON.parse(text) : `${text}…`;
}

interface Evidence {
  /** Of a call of a tool; of a model there is its name, and its request as its arguments. */
  readonly server?: string;
  readonly tool?: string;
  readonly model?: string;
  readonly task: string;
  /** Why policies want it, in their words. */
  readonly reasons?: readonly string[];
  readonly arguments_bytes: number;
  readonly binding: string;
  readonly sealed: string;
  /** What its agent asked, where a person has changed it. */
  readonly sealed_before?: string;
}

type Given = Readonly<Record<string, unknown>>;

function evidenceIn({ evidence }: Review): Evidence {
  // `as`: `openApproval` wrote it, and nobody else opens reviews of this kind.
  return JSON.parse(evidence) as Evidence;
}

function bindingOf(call: Call): string {
  const { manifest, taskName } = call.incoming;
  if (call.kind === "tool") return bindingFor(manifest, taskName.id, call.ask);
  return boundTo(manifest, taskName.id, [digestOf(call)]);
}

/** What a person's word is bound to, of a call of a tool. */
export function bindingFor(
  manifest: Rules,
  task: string,
  { digest, server, tool }: Pick<ToolAsk, "server" | "tool" | "digest">,
): string {
  return boundTo(manifest, task, [server, tool, digest]);
}

type Rules = Pick<Manifest, "agent" | "digest" | "policies">;

function boundTo({ agent, digest, policies }: Rules, task: string, asked: readonly string[]) {
  const rules = policies.map((each) => each.digest);
  return hash("sha256", JSON.stringify([agent, digest, ...rules, task, ...asked]));
}

/** What was said of this call, as of now. Rejects if the store cannot be asked. */
export function approvalOf(call: Call, gateway: Gateway): Approval | Promise<Approval> {
  const id = call.turn?.approval ?? null;
  return id === null ? NO_APPROVAL : approvalIn(id, call, gateway);
}

async function approvalIn(id: string, call: Call, gateway: Gateway): Promise<Approval> {
  const [review] = await gateway.store.clutch.reviews({ id, limit: 1 });
  const given = review?.decisions.find(approves);
  if (review === undefined || given === undefined || !isBound(review, call)) return NO_APPROVAL;
  const { expireAfterMs } = gateway.rules.configuration.approvals;
  const expired = gateway.holding.storeNow() - given.at >= expireAfterMs;
  return { kind: expired ? "expired" : "given", review: id };
}

function isBound(review: Review, call: Call): boolean {
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

async function expire(review: Review, gateway: Gateway): Promise<void> {
  const { id } = review;
  const [row] = await gateway.store.parking.list({ review: id, states: ["parked"], limit: 1 });
  // Its gateway died before its call was parked, or another review has that by now.
  if (row === undefined) return withdraw(review, gateway);
  const about = { decision: "deny", task: null, call: row.call } as const;
  await decide(review, { ...about, message: EXPIRED, reason: EXPIRED }, gateway);
}

/** The review of a call that could not be parked: whoever looks at the queue is not to see it. */
export async function withdrawApproval(id: string, gateway: Gateway): Promise<void> {
  const [review] = await gateway.store.clutch.reviews({ id, limit: 1 });
  if (review !== undefined) await withdraw(review, gateway);
}

async function withdraw(review: Review, gateway: Gateway): Promise<void> {
  const about = { decision: "end", task: evidenceIn(review).task, call: null } as const;
  await decide(review, { ...about, message: null, reason: WITHDRAWN }, gateway);
}

type Deciding = Pick<ReviewDecision, "decision" | "task" | "call" | "message" | "reason">;

/** Another gateway may do it first, or a person decide: then the version is another one. */
async function decide(
  { agent, id, version }: Review,
  deciding: Deciding,
  gateway: Gateway,
): Promise<void> {
  const { chance, holding, store } = gateway;
  const { message, ...said } = deciding;
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version, ...said, message },
    ...{ by: "gateway", at: holding.storeNow(), paceMs: PACE_MS },
  });
  if (answer.kind !== "ok") return;
  const event = { kind: "review.decided", agent, review: id, ...said, by: "gateway" } as const;
  emit(gateway, holding.tenure, event);
}
