/** `slipclutch manifest explain`: what an agent may do, in words; or whether it may do this. */
import { answeringEngines, policiesOnCall } from "../../compose/policy-review.ts";
import type { Reading } from "../../config/review/reading.ts";
import { lineOf, type Path, pathText } from "../../config/source.ts";
import { ENGAGED } from "../../guards/clutch/clutch.ts";
import { admitTool } from "../../guards/decide.ts";
import type { Answer } from "../../guards/events.ts";
import { type GrantedResource, serversOf } from "../../guards/library/grants.ts";
import { resolveReading } from "../../guards/library/reading.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { formatUsd } from "../../guards/money.ts";
import { type PolicySaid, type PolicyVerdict, UNASKED } from "../../guards/policy/said.ts";
import { reserveOf } from "../../guards/tool/cost.ts";
import type { ToolFacts } from "../../guards/tool/facts.ts";
import { foldName, resolveTool } from "../../guards/tool/names.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import { DENIALS } from "../../guards/verdict.ts";
import { clean } from "../paint.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";
import { agentWords } from "./agent-words.ts";
import { FOLDER, manifestIn, print, readingIn } from "./folder.ts";

export interface ExplainOptions {
  readonly agent: string;
  readonly args?: string;
  readonly resource?: string;
  readonly prompt?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export async function runExplain(
  tool: string | undefined,
  options: ExplainOptions,
  shell: Shell,
): Promise<number> {
  const folder = options.config ?? FOLDER;
  const asked = askedBy(tool, options);
  if (asked === null) {
    const reading = await readingIn(folder, shell);
    return explainAgent(reading, manifestIn(reading, options.agent), options, shell);
  }
  const reading = await readingIn(folder, shell, { online: false, engines: answeringEngines() });
  try {
    const manifest = manifestIn(reading, options.agent);
    return await explainCall(asked, { manifest, reading }, options, shell);
  } finally {
    await reading.configuration.policySet?.close();
  }
}

/** Null: nothing but the agent. */
function askedBy(tool: string | undefined, options: ExplainOptions): Asked | null {
  const { args, prompt, resource } = options;
  const named = { tool, resource, prompt };
  const given = Object.entries(named).filter(([, name]) => name !== undefined);
  if (given.length > 1) {
    const hint = "Ask for one after the other.";
    throw new CommandError(EXIT.usage, "a tool, a resource and a prompt are asked for", hint);
  }
  if (args !== undefined && (given.length === 0 || resource !== undefined)) {
    const hint = "Name the tool or prompt that they are of.";
    throw new CommandError(EXIT.usage, "--args are of no tool", hint);
  }
  const text = args ?? "{}";
  if (tool !== undefined) return { kind: "tool", name: tool, text };
  if (resource !== undefined) return { kind: "resource", name: resource, text };
  return prompt === undefined ? null : { kind: "prompt", name: prompt, text };
}

function explainAgent(
  reading: Reading,
  manifest: Manifest,
  { json }: ExplainOptions,
  shell: Shell,
): number {
  const words = agentWords(reading, manifest);
  if (json) print(shell, JSON.stringify({ agent: manifest.agent, words }));
  else for (const line of words) print(shell, clean(line));
  return EXIT.ok;
}

interface Asked {
  readonly kind: "tool" | "resource" | "prompt";
  readonly name: string;
  /** JSON. */
  readonly text: string;
}

interface Place {
  readonly reading: Reading;
  readonly manifest: Manifest;
}

/** What depends on the moment: an agent that is not paused, in a task that is alive. */
const MOMENTARY: ReadonlySet<string> = new Set(["task", "clutch", "pin", "rate-limit", "budget"]);

/** By the guards of the gateway. */
async function explainCall(
  asked: Asked,
  place: Place,
  { json }: ExplainOptions,
  shell: Shell,
): Promise<number> {
  const unasked = factsOf(asked, place.manifest);
  const policy = await policiesOnCall(unasked, place.manifest);
  const facts = { ...unasked, policy };
  const said = policy === UNASKED ? [] : policy;
  const { answers, verdict } = admitTool(facts, { purses: [] });
  const looked = answers.filter(({ guard }) => !MOMENTARY.has(guard));
  const denial = verdict.kind === "deny" ? verdict : null;
  const by = ruleOf(asked, facts, place);
  const cost = denial === null ? costOf(facts) : null;
  if (json) {
    const { code = null, facts: numbers = {} } = denial ?? {};
    const told = { verdict: verdict.kind, code, facts: numbers, by, cost_max_usd: cost };
    print(shell, JSON.stringify({ ...told, answers: looked, policies: said.map(policyJson) }));
  } else {
    for (const line of looked.flatMap((one) => guardLines(one, said))) print(shell, clean(line));
    if (by !== null) print(shell, clean(`${"by".padEnd(12)}${by}`));
    if (cost !== null) print(shell, `${"cost".padEnd(12)}at most $${cost}`);
    if (verdict.kind === "park") print(shell, "It waits until a person approves it.");
    else if (denial === null) print(shell, passedBy(said));
    else print(shell, clean(`Refused with ${denial.code}. ${DENIALS[denial.code].hint}`));
    print(shell, "Not looked at: pins, pauses, rate limits and what budgets have left.");
    if (said.length > 0) print(shell, TOLD);
  }
  return verdict.kind === "allow" ? EXIT.ok : EXIT.no;
}

function passedBy(said: PolicySaid): string {
  return said.length === 0
    ? "The manifest lets it through."
    : "The manifest and the policies let it through.";
}

/** What policies were told instead of what depends on the moment. */
const TOLD = "Policies were told of a task that has just begun, and of no budgets and no metrics.";

/** Whoever asks here is an operator: all that policies say is told. */
function guardLines({ answer, guard, numbers }: Answer, said: PolicySaid): readonly string[] {
  const name = guard.padEnd(12);
  if (guard !== "policy" || said.length === 0) return [`${name}${answer}${listed(numbers)}`];
  return [`${name}${answer}`, ...said.map((one) => `${" ".repeat(12)}${policyWords(one)}`)];
}

const VERDICTS: Readonly<Record<PolicyVerdict["verdict"], string>> = {
  allow: "allows it",
  deny: "denies it",
  park: "waits until a person approves",
};

function policyWords({ about, because, policy, reasons, verdict }: PolicyVerdict): string {
  const why = because ?? reasons.join("; ");
  const of = about === null ? "" : ` of ${about}`;
  return `${policy}${of} ${VERDICTS[verdict]}${why === "" ? "" : `: ${why}`}`;
}

function policyJson({ about, because, policy, reasons, verdict }: PolicyVerdict) {
  return { policy, verdict, about, reasons, because };
}

function costOf({ ask, resolved }: ToolFacts): string | null {
  const cost = typeof resolved === "string" ? null : resolved.cost;
  const reserve = reserveOf(cost, ask.arguments);
  return reserve === null || reserve === 0 ? null : formatUsd(reserve);
}

/** Where in the manifest that is said; null: nowhere, and so it is refused. */
function ruleOf(
  { kind, name }: Asked,
  { resolved }: Pick<ToolFacts, "resolved">,
  { manifest, reading }: Place,
): string | null {
  const file = reading.manifests.get(manifest.agent);
  if (file === undefined || resolved === "unknown") return null;
  const told = (path: Path) => `${file.source.file}:${lineOf(file.source, path)} ${pathText(path)}`;
  if (kind !== "tool") return told(grantOfReading(kind, name, manifest));
  const { allowed } = manifest.tools;
  if (resolved !== "blacklisted") {
    const { server, tool } = resolved;
    const isIt = (each: GrantedTool) => each.server === server && each.tool === tool;
    return told(["allowed_tools", allowed.findIndex(isIt)]);
  }
  for (const key of ["blacklisted_tools", "denied_tools"] as const) {
    for (const [index, entry] of (file.data[key] ?? []).entries()) {
      const grants = { ...manifest.tools, blacklisted: new Set([foldName(entry)]) };
      if (resolveTool(name, grants, null) === "blacklisted") return told([key, index]);
    }
  }
  return null;
}

/** In a valid manifest all that is written is granted, in its order. */
function grantOfReading(kind: "resource" | "prompt", name: string, { library }: Manifest): Path {
  if (kind === "resource") {
    const covering = (one: GrantedResource) => serversOf(name, [one]).length > 0;
    return ["allowed_resources", library.resources.findIndex(covering)];
  }
  const found = resolveTool(name, library.prompts, null);
  const { allowed } = library.prompts;
  return ["allowed_prompts", typeof found === "string" ? 0 : allowed.indexOf(found)];
}

function listed(numbers: Readonly<Record<string, string | number>>): string {
  const words = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? "" : `  (${words.join(", ")})`;
}

type Found = Pick<ToolFacts, "resolved"> & {
  readonly ask: Pick<ToolFacts["ask"], "server" | "tool" | "reading">;
};

function find({ kind, name }: Asked, { library, tools }: Manifest): Found {
  if (kind !== "tool") {
    const { id, reading, resolved } = resolveReading({ kind, name, server: null }, library);
    return { resolved, ask: { ...id, reading } };
  }
  const found = resolveTool(name, tools, null);
  if (typeof found === "string") return { resolved: found, ask: { server: "", tool: name } };
  // What depends on the moment is not asked: as the last line says.
  const resolved = { ...found, pin: null, commitment: null };
  return { resolved, ask: { server: found.server, tool: found.tool } };
}

function factsOf(asked: Asked, manifest: Manifest): Omit<ToolFacts, "policy"> {
  const { ask: found, resolved } = find(asked, manifest);
  const { text } = asked;
  const ask = {
    ...{ ...found, arguments: argumentsIn(text), digest: "" },
    ...{ bytes: Buffer.byteLength(text), callId: null },
  };
  return {
    task: { id: "", ended: false, ageMs: 0, durationMaxMs: null },
    manifest: { agent: manifest.agent, observing: false },
    ask,
    grants: manifest.tools,
    resolved,
    offered: null,
    approved: { kind: "none" },
    rate: null,
    slots: null,
    commitments: null,
    reserve: 0,
    clutch: ENGAGED,
    letGo: false,
  };
}

function argumentsIn(text: string): Readonly<Record<string, unknown>> {
  const hint = `Like --args '{"ticket": 4711}'.`;
  const wrong = () => new CommandError(EXIT.usage, "--args is no JSON object", hint);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong();
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong();
  // A map of JSON.
  return value as Readonly<Record<string, unknown>>;
}
