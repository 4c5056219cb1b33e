/** What the end of a tool call means for commitments: for its own, and for those that it ends. */
import { activate, lose } from "../../guards/commitment/commitment.ts";
import { type CommitmentTerms, type Ending, serviceOf } from "../../guards/commitment/terms.ts";
import { resultValue } from "../../guards/tool/result.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import type { ToolCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { cancelCommitment, change, endCommitment, NEVER_SENT } from "./commitments.ts";

/** More that are called the same than anything sane has. */
const TWINS_MAX = 1_000;
const ENDING_TOOL = "its ending tool";

/**
 * The call of a commitment has ended. Never rejects: what the store does not take is owed to it.
 *
 *   never sent                     ended: nothing was made
 *   a result with an id            active; where the tool says that it failed, only by an id in its
 *                                  answer, and not by one that it was given
 *   a result that says it failed   ended: the tool's owner vouches for what it says
 *   a result without an id         unknown, as everything else; by the id that it was given
 */
export function concluded(
  call: ToolCall,
  terms: CommitmentTerms,
  end: ToolEnd,
  gateway: Gateway,
): Promise<void> {
  const id = call.incoming.decision;
  return gateway.owedCommitments.owe(id, () => conclude(id, { call, terms, end }, gateway));
}

interface Concluded {
  readonly call: ToolCall;
  readonly terms: CommitmentTerms;
  readonly end: ToolEnd;
}

async function conclude(
  id: string,
  { call, end, terms }: Concluded,
  gateway: Gateway,
): Promise<void> {
  if (end.kind === "fault" && !end.fault.written) {
    return cancelCommitment(id, NEVER_SENT, gateway);
  }
  const service = serviceOf(documentOf(call, end), terms.id);
  if (service !== null && end.kind === "result") {
    await change(id, (commitment, now) => activate(commitment, service, now), gateway);
    return;
  }
  if (end.kind === "result" && end.result.isError) {
    return cancelCommitment(id, "the tool says that it failed", gateway);
  }
  await change(id, (commitment, now) => lose(commitment, service, now), gateway);
}

/** Where ids are looked for. What a tool was given says nothing of what it failed to make. */
function documentOf({ ask }: ToolCall, end: ToolEnd): object {
  if (end.kind === "fault") return { arguments: ask.arguments };
  const result = resultValue(end.result);
  return end.result.isError ? { result } : { arguments: ask.arguments, result };
}

/** A tool that ends commitments has succeeded: those that it names end. Never rejects. */
export async function endedBy(
  call: ToolCall,
  endings: readonly Ending[],
  end: ToolEnd,
  gateway: Gateway,
): Promise<void> {
  if (end.kind !== "result" || end.result.isError) return;
  for (const ending of endings) {
    const service = serviceOf(documentOf(call, end), ending.id);
    if (service === null) continue;
    const { agent } = call.incoming.manifest;
    const { server, tool } = ending;
    const which = { agent, server, tool, service };
    const by = call.incoming.decision;
    await gateway.owedCommitments.owe(`${by} ${server} ${tool}`, async () => {
      const filter = { ...which, states: ["active", "unknown"], limit: TWINS_MAX } as const;
      const { commitments } = await gateway.store.commitments.list(filter);
      for (const { id } of commitments) {
        await endCommitment(id, { by: ENDING_TOOL, reason: by }, gateway);
      }
    });
  }
}
