/** Runs an admitted tool call on its server: one write at most, one end, settled exactly once. */
import { NOTHING } from "../../guards/budget/unit.ts";
import type { CommitmentTerms } from "../../guards/commitment/terms.ts";
import type { Answer, LegNumbers, Origin } from "../../guards/events.ts";
import { complaintOf } from "../../guards/tool/complaint.ts";
import {
  amountsOf,
  type ToolCharge,
  type ToolOutcome,
  toolChargeOf,
} from "../../guards/tool/cost.ts";
import { resultValue } from "../../guards/tool/result.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import type { ToolEnd, ToolFault } from "../../ports/tool-server.ts";
import { type Allowed, originOf, type Refusal, type ToolCall, type ToolRunner } from "../call.ts";
import { concluded, endedBy } from "../commitments/ends.ts";
import { openCommitment } from "../commitments/open.ts";
import { emit, type Gateway } from "../gateway.ts";
import { answered, notSent } from "../parking/ends.ts";
import type { Pools } from "../pool.ts";
import { record } from "../refuse.ts";
import { remainingHeader } from "../remaining.ts";
import { admittedEvent, flushMany, legsOf, noteEnded } from "../settle.ts";
import { traceFor } from "../tracing.ts";
import { resultText } from "../transcripts/drafts.ts";
import { resultDigest, watchEnd, watchRefused } from "./watch.ts";

const RETRY_MS = 1_000;

interface Running {
  readonly pools: Pools;
  readonly call: ToolCall;
  readonly granted: GrantedTool;
  readonly allowed: Allowed;
  readonly gateway: Gateway;
  readonly decidedMs: number;
  /** Of the commitment that is open for it; null: there is none. */
  readonly terms: CommitmentTerms | null;
}

/** Never rejects: whatever happens is an end, told to the desk and to the books. */
export function run(call: ToolCall, allowed: Allowed, gateway: Gateway): Promise<void> {
  const { ask, incoming, resolved } = call;
  const server = call.runner ?? incoming.rules.toolServer(ask.server);
  if (typeof resolved === "string" || server === null) {
    throw new Error(`tool ${ask.tool} was admitted without a server`);
  }
  const decidedMs = gateway.clock.monotonic() - incoming.receivedAt;
  const pools = gateway.rates.poolsOf(incoming.tenure, incoming.manifest.agent, resolved);
  const running = { call, granted: resolved, allowed, gateway, decidedMs, pools, terms: null };
  begin(running);
  return resolved.commitment === null
    ? send(running, server)
    : commit(running, resolved.commitment, server);
}

/** What it goes on costing is set aside before it is written. */
async function commit(running: Running, terms: CommitmentTerms, server: ToolRunner): Promise<void> {
  const { allowed: asked, call, gateway, granted } = running;
  const opened = await openCommitment({ call, granted, terms, allowed: asked }, gateway);
  const { allowed, denial } = opened;
  if (denial === null) return send({ ...running, allowed, terms }, server);
  dropPermit(running);
  releaseSlot(running);
  return finish({ ...running, allowed }, NOT_SENT, denial);
}

const NOT_SENT: ToolEnd = {
  kind: "fault",
  fault: { kind: "held", written: false, message: "there was no place for what it begins" },
};

function begin({ allowed, call, gateway }: Running): void {
  const { accounts, answers, bounds } = allowed;
  const { incoming } = call;
  incoming.tenure.callsInFlight += 1;
  gateway.inFlight.add(incoming.decision, {
    call,
    admitted: () => admittedEvent(call, answers, legsOf(accounts, bounds.reserve, null)),
    journalled: false,
  });
}

function send(running: Running, server: ToolRunner): Promise<void> {
  const { call, gateway, granted } = running;
  const { manifest, taskName, tenure } = call.incoming;
  let refused: Denial | null = null;
  let written = false;
  return new Promise((resolve) => {
    const request = {
      tool: granted.tool,
      arguments: call.ask.arguments,
      timeoutMs: granted.timeoutMs,
      resultBytesMax: granted.resultBytesMax,
      meta: traceFor(call, gateway),
      progress: call.desk.progress,
    };
    const exchange = server.call(request, {
      mayWrite: () => {
        // Nobody waits for it any more, and nothing has been done: it is left undone.
        if (!written && call.client.isGone()) return false;
        refused =
          gateway.holding.refusal(tenure) ?? gateway.clutches.refusal(manifest.agent, taskName.id);
        if (refused !== null) return false;
        // A server that lost our session is written to again: the same call, on the same permit.
        if (!written && !usePermit(running)) {
          refused = deny("rate-limit.exceeded", { tool: granted.tool }, RETRY_MS);
          return false;
        }
        written = true;
        return true;
      },
      end: (end) => {
        if (!written) dropPermit(running);
        releaseSlot(running);
        void finish(running, end, refused).finally(resolve);
      },
    });
    // One that was parked runs to its end: its answer is kept for whoever comes for it.
    if (call.turn === null) call.client.onCut(() => exchange.abort());
  });
}

function usePermit({ allowed, call, gateway, pools }: Running): boolean {
  const { permit } = allowed.bounds;
  if (pools.rate === null) return true;
  // Who is observed was let through without one.
  if (permit === undefined) return call.incoming.manifest.observing;
  return gateway.rates.use(pools.rate, permit);
}

function dropPermit({ allowed, gateway, pools }: Running): void {
  const { permit } = allowed.bounds;
  if (pools.rate !== null && permit !== undefined) gateway.rates.drop(pools.rate, permit);
}

function releaseSlot({ allowed, call, gateway, pools }: Running): void {
  const { slot } = allowed.bounds;
  if (pools.slots === null || slot === undefined) return;
  gateway.rates.release(call.incoming.tenure, pools.slots, slot);
}

interface Telling {
  readonly gateway: Gateway;
  readonly headers: Readonly<Record<string, string>>;
  /** The same call asked for again: breakers do not count it. */
  readonly again: boolean;
}

/** Written down as every refusal, told as this road tells it. */
export function refuseTool(
  call: ToolCall,
  refusal: Refusal,
  answers: readonly Answer[],
  { again, gateway, headers }: Telling,
): void {
  record(refusal, answers, gateway);
  if (!again) watchRefused(call, gateway);
  call.desk.refuse(refusal.denial, refusal.origin, headers);
}

/** The money first, so that the headers tell what is left after this call. */
async function finish(running: Running, end: ToolEnd, refused: Denial | null): Promise<void> {
  const { allowed, call, gateway, granted } = running;
  const charge = toolChargeOf(granted.cost, allowed.bounds.reserve.usd, outcomeOf(call, end));
  const denial = end.kind === "result" ? null : (refused ?? faultDenial(end.fault, granted));
  settle(running, end, charge);
  const sent = wasSent(end);
  if (sent) keep(call, end, denial, gateway);
  const isAll = running.terms === null && granted.ends.length === 0;
  if (end.kind === "result" && isAll) {
    // Its caller need not wait until it is written down: that follows before anything else can.
    try {
      return call.desk.answer(end.result, ownHeaders(running));
    } finally {
      tell(running, end, charge);
    }
  }
  tell(running, end, charge);
  if (running.terms !== null) await concluded(call, running.terms, end, gateway);
  if (granted.ends.length > 0) await endedBy(call, granted.ends, end, gateway);
  if (end.kind === "result") return call.desk.answer(end.result, ownHeaders(running));
  // Whoever is told that it was not sent may come again at once: then it is to be free.
  if (!sent) await notSent(call, gateway);
  // Nobody is refused who has left: how the call ended is in the books.
  if (denial === null || call.client.isGone()) return;
  const origin = originOf(call.incoming);
  record({ denial, origin, asked: call.asked }, [], gateway);
  call.desk.refuse(denial, origin, {});
}

/** With the flush of its settlement, for whoever asks for this call again. */
function keep(call: ToolCall, end: ToolEnd, denial: Denial | null, gateway: Gateway): void {
  if (end.kind === "result") return answered(call, { kind: "result", result: end.result }, gateway);
  if (denial !== null) answered(call, { kind: "refused", denial }, gateway);
}

function outcomeOf({ ask }: ToolCall, end: ToolEnd): ToolOutcome {
  if (end.kind === "fault") return { kind: end.fault.written ? "fault" : "dropped" };
  return { kind: "result", arguments: ask.arguments, result: resultValue(end.result) };
}

function settle({ allowed, call, gateway }: Running, end: ToolEnd, charge: ToolCharge): void {
  const { decision, tenure } = call.incoming;
  gateway.cashier.settle(tenure, decision, allowed.accounts, {
    reserved: allowed.bounds.reserve,
    charged: wasSent(end) ? amountsOf(charge.charged) : null,
    estimated: charge.estimated,
  });
  tenure.callsInFlight -= 1;
  gateway.inFlight.delete(decision);
}

/** The journal, the metrics and the breakers. */
function tell(running: Running, end: ToolEnd, charge: ToolCharge): void {
  const { allowed, call, decidedMs, gateway } = running;
  const { accounts, answers, bounds } = allowed;
  const { receivedAt, tenure } = call.incoming;
  const { charged, estimated } = charge;
  const { fault, outcome } = judged(running, end);
  const result = wasSent(end) ? resultDigest(end) : null;
  noteEnded(call, outcome, gateway);
  const origin: Origin = originOf(call.incoming);
  const amounts = wasSent(end) ? amountsOf(charged) : NOTHING;
  const legs: readonly LegNumbers[] = legsOf(accounts, bounds.reserve, amounts);
  emit(gateway, tenure, {
    kind: "call.settled",
    ...origin,
    ...{ asked: call.asked, answers, legs, outcome, status: null, fault, result, usage: null },
    ...{ estimated, reserved: bounds.reserve.usd, charged, sentCap: null, capped: false },
    ...{ decidedMs, firstByteMs: null, endedMs: gateway.clock.monotonic() - receivedAt },
  });
  flushMany(tenure, gateway);
  if (charge.overbilled) {
    const { server, tool } = call.ask;
    const who = { provider: server, model: tool, unit: "usd" } as const;
    const numbers = { reserved: bounds.reserve.usd, charged };
    emit(gateway, tenure, { kind: "budget.overbilled", ...origin, ...who, ...numbers });
  }
  if (result !== null) watchEnd(call, result, gateway);
  noteSaid(running, end, { fault, outcome });
}

/** What is kept of it, where that is kept. */
function noteSaid({ call, gateway }: Running, end: ToolEnd, { fault, outcome }: Judged): void {
  const said = end.kind === "result" ? end.result : null;
  const text = () => (said === null ? (fault ?? outcome) : resultText(said));
  const came = outcome === "dropped" ? "fault" : outcome;
  gateway.transcripts.ended(call, came, { bytes: said?.bytes ?? 0, text });
}

function wasSent(end: ToolEnd): boolean {
  return end.kind === "result" || end.fault.written;
}

interface Judged {
  readonly outcome: "ok" | "error" | "fault" | "dropped";
  /** What was wrong, in words. */
  readonly fault: string | null;
}

/** What breakers and people are told of it. */
function judged({ granted }: Running, end: ToolEnd): Judged {
  if (end.kind === "fault") {
    const { kind, message, written } = end.fault;
    return { outcome: written ? "fault" : "dropped", fault: `${kind}: ${message}` };
  }
  const fault = complaintOf(granted, end.result);
  return { outcome: fault === null ? "ok" : "error", fault };
}

function ownHeaders({ allowed, call }: Running): Record<string, string> {
  const { decision, taskName } = call.incoming;
  return {
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
    ...remainingHeader(allowed.accounts),
  };
}

/** What the agent is told of a server's fault: which one it was, never how it is reached. */
function faultDenial({ kind, written }: ToolFault, granted: GrantedTool): Denial {
  const { resultBytesMax, server, tool } = granted;
  const code = kind === "timeout" ? "provider.timeout" : "provider.unreachable";
  const facts = { tool_server: server, tool, because: kind, may_have_run: String(written) };
  // The way forward is another question, or a larger limit.
  const limit = kind === "too-large" ? { limit: "max_result_bytes", max: resultBytesMax } : {};
  return deny(code, { ...facts, ...limit });
}
