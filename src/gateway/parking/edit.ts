/**
 * Other arguments for a tool call that waits, as a person wants them. They are held against the
 * manifest now, so that whoever writes them hears at once what is wrong; and again when the call
 * goes out, as everything is.
 */
import { aboutOf, aboutText } from "../../guards/clutch/about.ts";
import { whatOf } from "../../guards/clutch/park.ts";
import { lookAtTool } from "../../guards/decide.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { resolveTool } from "../../guards/tool/names.ts";
import type { ToolAsk } from "../../guards/tool/tool.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import type { Edit, Parked, Review } from "../../ports/store.ts";
import { messageOf } from "../../wire/refusal.ts";
import type { Asker } from "../draws.ts";
import type { Gateway } from "../gateway.ts";
import { manifestFor } from "../governing.ts";
import { policiesOnSeen } from "../policies/ask.ts";
import { isUnnamed } from "../task-name.ts";
import { askDigest } from "../tools/read.ts";
import { bindingFor, evidenceEdited } from "./approval.ts";
import { toolWorst } from "./hold.ts";
import { editedText, requestOf, type StoredTool } from "./request.ts";

type Given = Readonly<Record<string, unknown>>;

/** A sentence: why these cannot be its arguments. Rejects if the store cannot be asked. */
export async function editFor(
  row: Parked,
  given: Given,
  review: Review,
  gateway: Gateway,
): Promise<Edit | string> {
  const what = whatOf(row.digest);
  if (what === "model") return "it is a call of a model, and its request cannot be edited";
  if (what === "decision") return "its agent runs this tool itself, with its own arguments";
  const request = await waitingRequest(row, gateway);
  if (request === null) return "it waits no more";
  const asked = askedBy(request);
  const digest = askDigest(request, given);
  if (asked === null || digest === null) return "the arguments are nested too deep";
  const bytes = Buffer.byteLength(JSON.stringify(given));
  const ask: ToolAsk = { ...request, arguments: given, digest, bytes };
  const manifest = await manifestOf(row, gateway);
  if (manifest === null || isDenial(manifest)) return "its agent has no manifest that holds now";
  const denial = await refusalOf(ask, askerOf(row, manifest, gateway), gateway);
  if (denial !== null) return `these arguments would be refused: ${sentenceOf(denial)}`;
  const text = editedText(request, { arguments: given, bytes, askedDigest: asked });
  const worstNano = toolWorst(resolve(ask, manifest), given);
  const binding = bindingFor(manifest, row.task, ask);
  const edited = { given, bytes, binding };
  return {
    call: row.call,
    request: gateway.seal.close(row.call, text),
    about: aboutText({ ...aboutOf(row.about), bytes, worstNano }),
    evidence: review.kind === "approval" ? evidenceEdited(review, edited, gateway.seal) : null,
  };
}

/** What a tool call asks that waits; null: it is none, or waits no more. */
export async function waitingRequest(
  row: Parked,
  { seal, store }: Gateway,
): Promise<StoredTool | null> {
  const bytes = await store.parking.request(row.call);
  if (bytes === null) return null;
  const request = requestOf(seal.open(row.call, bytes));
  return request.kind === "tool" ? request : null;
}

/** Edited before, it is still what its agent asked first. */
function askedBy({ askedDigest, server, tool, arguments: given }: StoredTool): string | null {
  return askedDigest ?? askDigest({ server, tool }, given);
}

async function manifestOf({ agent, task }: Parked, gateway: Gateway) {
  const newest = gateway.rules.manifest(agent);
  if (newest === null) return null;
  const how = isUnnamed(task) ? ("unnamed" as const) : ("named" as const);
  return await manifestFor(newest, { id: task, how }, gateway);
}

function resolve({ server, tool }: ToolAsk, { tools }: Manifest) {
  return resolveTool(tool, tools, server);
}

/** As if its agent had asked it like this. */
function askerOf({ key, task }: Parked, manifest: Manifest, { holding, rules }: Gateway): Asker {
  const how = isUnnamed(task) ? ("unnamed" as const) : ("named" as const);
  return {
    ...{ manifest, rules, key: { id: key }, taskName: { id: task, how } },
    tenure: holding.tenure,
  };
}

async function refusalOf(ask: ToolAsk, asker: Asker, gateway: Gateway): Promise<Denial | null> {
  const { manifest } = asker;
  const resolved = resolve(ask, manifest);
  const look = { ask, grants: manifest.tools, manifest, resolved, offered: null };
  const policy = await policiesOnSeen(look, asker, gateway);
  return isDenial(policy) ? policy : lookAtTool({ ...look, policy }).denial;
}

/** With what is wrong, and where; it ends the sentence of whoever says it. */
function sentenceOf(denial: Denial): string {
  const { at, wrong } = denial.facts;
  const said = wrong === undefined ? messageOf(denial) : `${at ?? "/arguments"} ${wrong}`;
  return said.replace(/\.$/, "");
}
