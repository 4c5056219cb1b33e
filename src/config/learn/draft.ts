/**
 * The least manifest that would have allowed what an agent was seen to do, as a draft to review:
 * its tools with the schemas that their arguments fit, its models, and nothing else. What a person
 * has written before stays, where it lets all of that through.
 */
import type { JsonSchema } from "../argument-schema.ts";
import type { ArgumentSchemas } from "../arguments.ts";
import type { ToolServerSettings } from "../configuration.ts";
import { near } from "./near.ts";
import { callsOf, peakOf, type Seen, type SeenCalls, type SeenModel } from "./seen.ts";
import { isTooDeep, schemaOf } from "./values.ts";

const PER_SECONDS = 60;

type Json = Readonly<Record<string, unknown>>;

/** What is there already. */
export interface Before {
  readonly agent: string;
  /** The manifest as it is written; null: there is none. */
  readonly document: Json | null;
  /** Its grants, each with the tool that it turned out to be of. */
  readonly grants: readonly Grant[];
  /** Null: nobody knows which there are. */
  readonly servers: ReadonlyMap<string, ToolServerSettings> | null;
  readonly schemas: ArgumentSchemas;
}

interface Grant {
  readonly server: string;
  readonly tool: string;
  /** As it is written. */
  readonly entry: Json;
}

export interface Draft {
  readonly document: Json;
  /** Each under the server that the draft grants it of. */
  readonly calls: readonly SeenCalls[];
  /** What a person should know before it is enforced. */
  readonly remarks: readonly string[];
}

const SECOND_MS = 1_000;

/** Only while an agent is observed. */
const OBSERVING = new Set(["mode", "observe_until", "observe_servers"]);

export function draftOf(seen: readonly Seen[], before: Before): Draft {
  const calls = callsOf(seen).map((one) => placedIn(one, before));
  const tools = calls.map((one) => toolOf(one, before));
  const models = seen.filter((one) => one.kind === "model");
  const kept = Object.entries(before.document ?? firstOf(before.agent));
  const hosted = [...new Set(models.flatMap((one) => one.hosted))].sort();
  const gone = hosted.length === 0 ? new Set([...OBSERVING, "hosted_tools"]) : OBSERVING;
  const document = {
    ...Object.fromEntries(kept.filter(([key]) => !gone.has(key))),
    models: modelsOf(models, before),
    allowed_tools: tools.flatMap(({ entry }) => entry ?? []),
    ...(hosted.length === 0 ? {} : { hosted_tools: hosted }),
  };
  const remarks = [
    ...unreadOf(before),
    ...tools.flatMap((one) => one.remarks),
    ...unusedOf(calls, before),
    ...changesOf("models", [...new Set(models.map(({ model }) => model))].sort(), before),
    ...changesOf("hosted_tools", hosted, before),
  ];
  return { document, calls, remarks };
}

/** What somebody wrote elsewhere, a blacklist above all, must not get lost unseen. */
function unreadOf({ agent, document, servers }: Before): readonly string[] {
  if (document !== null) return [];
  const what =
    servers === null ? "no guardrails folder was read" : `no manifest of ${agent} is there`;
  return [`${what}: what one says elsewhere, like its blacklist, is not in this. See --config.`];
}

function firstOf(agent: string): Json {
  return { schema_version: "v1", agent_id: literal(agent) };
}

/** A tool that no server has is the agent's own, where it is clear which server that is. */
function placedIn(calls: SeenCalls, { servers }: Before): SeenCalls {
  if (calls.server !== "" || servers === null) return calls;
  const own = [...servers.values()].filter(({ kind }) => kind === "agent");
  const [only, another] = own;
  return only !== undefined && another === undefined ? { ...calls, server: only.name } : calls;
}

interface Entry {
  /** Null: there is no server for it. */
  readonly entry: Json | null;
  readonly remarks: readonly string[];
}

function toolOf(calls: SeenCalls, before: Before): Entry {
  const { server, tool, unknown } = calls;
  const name = server === "" ? tool : `${server}__${tool}`;
  if (server === "") {
    const says = "no tool server has it, so it was left out. If the agent runs it itself, declare";
    return { entry: null, remarks: [`${tool}: ${says} it under a server of kind: agent.`] };
  }
  const known = before.grants.find((grant) => grant.server === server && grant.tool === tool);
  const rate = rateOf(calls, known?.entry);
  const given = argumentsOf(calls, known?.entry, before);
  const writes = writesOf(calls, known?.entry);
  const entry = {
    ...(known?.entry ?? { tool_name: literal(tool), server: literal(server) }),
    ...writes.fields,
    ...rate.fields,
    ...given.fields,
  };
  const lost = `${unknown} kinds of arguments were not kept: hold what you know against its schema.`;
  const deep = "arguments nested more than ten deep: its schema lets anything through there.";
  const remarks = [
    ...[writes.remark, rate.remark, given.remark],
    given !== AS_IT_IS && calls.arguments.some((one) => isTooDeep(one)) ? deep : null,
    unknown === 0 ? null : lost,
  ];
  return { entry, remarks: remarks.flatMap((says) => (says === null ? [] : [`${name}: ${says}`])) };
}

interface Part {
  readonly fields: Json;
  readonly remark: string | null;
}

const AS_IT_IS: Part = { fields: {}, remark: null };

function writesOf({ writes }: SeenCalls, entry: Json | undefined): Part {
  if (!writes || entry?.read_only === false) return AS_IT_IS;
  const remark =
    entry === undefined ? null : "it wrote, and was granted to read: read_only: false.";
  return { fields: { read_only: false }, remark };
}

/** The highest that was seen, as a round number. */
function rateOf({ instants, peak }: SeenCalls, entry: Json | undefined): Part {
  if (entry === undefined) {
    const learned = { requests: near(peak, "above"), per_seconds: PER_SECONDS };
    return { fields: { rate_limit: learned }, remark: null };
  }
  const written = entry.rate_limit;
  if (!isRate(written)) return AS_IT_IS;
  const { per_seconds, requests } = written;
  const most = peakOf(instants, per_seconds * SECOND_MS);
  if (most <= requests) return AS_IT_IS;
  const seen = `called up to ${most} times in ${per_seconds} s`;
  return {
    fields: { rate_limit: { requests: near(most, "above"), per_seconds } },
    remark: `${seen}, more often than its rate_limit: raised.`,
  };
}

function isRate(value: unknown): value is { requests: number; per_seconds: number } {
  return typeof value === "object" && value !== null && "requests" in value;
}

function argumentsOf(calls: SeenCalls, entry: Json | undefined, { schemas }: Before): Part {
  const values = calls.arguments;
  if (values.length === 0) return AS_IT_IS;
  const learned = { arguments: literal(schemaOf(values)) };
  const written = entry?.arguments;
  if (!isSchema(written)) return { fields: learned, remark: null };
  const check = schemas.check(written);
  const misfits = values.filter((value) => check(value) !== null).length;
  if (misfits === 0) return AS_IT_IS;
  const remark = `${misfits} of ${values.length} kinds of arguments did not fit its schema: widened.`;
  return { fields: learned, remark };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** In a file of the folder `${` begins the name of a variable; `$${` is what was meant here. */
function literal(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, literal(part)]));
}

/** A model that is written with limits of its own keeps them. */
function modelsOf(models: readonly SeenModel[], { document }: Before): readonly unknown[] {
  const written = Array.isArray(document?.models) ? document.models : [];
  const groups = Map.groupBy(models, ({ model }) => model);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([model, calls]) => {
      const known: unknown = written.find((one) => one === model || Object(one).model === model);
      if (known !== undefined) return known;
      const caps = calls.map(({ outputCap }) => outputCap);
      if (caps.some((cap) => cap === null)) return literal(model);
      const most = caps.reduce<number>((max, cap) => Math.max(max, cap ?? 0), 1);
      return { model: literal(model), max_output_tokens: near(most, "above") };
    });
}

/** Granted and never called: the least manifest has it no more. */
function unusedOf(placed: readonly SeenCalls[], { grants }: Before): readonly string[] {
  return grants.flatMap(({ server, tool }) => {
    const isUsed = placed.some((one) => one.server === server && one.tool === tool);
    return isUsed ? [] : [`${server}__${tool}: never called, so it was left out.`];
  });
}

/**
 * Of names in a list: what it did not have, and what nobody asked for. Without a list a manifest
 * grants every model, and nothing that is hosted.
 */
function changesOf(
  key: "models" | "hosted_tools",
  seen: readonly string[],
  { document }: Before,
): readonly string[] {
  const list = document?.[key] ?? (key === "hosted_tools" ? [] : null);
  if (!Array.isArray(list)) {
    return seen.length === 0 ? ["models: none was asked for, so none is granted."] : [];
  }
  const written = list.map((one: unknown) => String(Object(one).model ?? one));
  return [
    ...seen.filter((one) => !written.includes(one)).map((one) => `${key}: ${one} was added.`),
    ...written
      .filter((one) => !seen.includes(one))
      .map((one) => `${key}: ${one} was never asked for, so it was left out.`),
  ];
}
