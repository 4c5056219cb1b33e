/**
 * The least manifest that would have allowed what an agent was seen to do, as a draft to review:
 * its tools with the schemas that their arguments fit, its models, and nothing else. What a person
 * has written before stays, where it lets all of that through.
 */
import type { JsonSchema } from "../argument-schema.ts";
import type { ArgumentSchemas } from "../arguments.ts";
import type { ToolServerSettings } from "../configuration.ts";
import { near } from "./near.ts";
import { callsOf, type Seen, type SeenCalls, type SeenModel } from "./seen.ts";
import { schemaOf } from "./values.ts";

const PER_SECONDS = 60;

type Json = Readonly<Record<string, unknown>>;

/** What is there already. */
export interface Before {
  readonly agent: string;
  /** The manifest as it is written; null: there is none. */
  readonly document: Json | null;
  /** Its grants, each with the server that it turned out to be of. */
  readonly grants: readonly { readonly server: string; readonly entry: Json }[];
  /** Null: nobody knows which there are. */
  readonly servers: ReadonlyMap<string, ToolServerSettings> | null;
  readonly schemas: ArgumentSchemas;
}

export interface Draft {
  readonly document: Json;
  readonly calls: readonly SeenCalls[];
  /** What a person should know before it is enforced. */
  readonly remarks: readonly string[];
}

/** Only while an agent is observed. */
const OBSERVING = new Set(["mode", "observe_until", "observe_servers"]);

export function draftOf(seen: readonly Seen[], before: Before): Draft {
  const calls = callsOf(seen);
  const placed = calls.map((one) => placedIn(one, before));
  const tools = placed.map((one) => toolOf(one, before));
  const models = seen.filter((one) => one.kind === "model");
  const kept = Object.entries(before.document ?? firstOf(before.agent));
  const hosted = [...new Set(models.flatMap((one) => one.hosted))].sort();
  const document = {
    ...Object.fromEntries(kept.filter(([key]) => !OBSERVING.has(key))),
    ...(models.length === 0 ? {} : { models: modelsOf(models, before) }),
    allowed_tools: tools.flatMap(({ entry }) => entry ?? []),
    ...(hosted.length === 0 ? {} : { hosted_tools: hosted }),
  };
  const remarks = [...tools.flatMap((one) => one.remarks), ...unusedOf(placed, before)];
  return { document, calls, remarks };
}

function firstOf(agent: string): Json {
  return { schema_version: "v1", agent_id: agent };
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
  const known = before.grants.find(({ entry, server: of }) => {
    return of === server && entry.tool_name === tool;
  });
  const rate = rateOf(calls, known?.entry);
  const given = argumentsOf(calls, known?.entry, before);
  const entry = {
    ...(known?.entry ?? { tool_name: tool, server }),
    ...(calls.writes ? { read_only: false } : {}),
    ...rate.fields,
    ...given.fields,
  };
  const lost = `${unknown} kinds of arguments were not kept: hold what you know against its schema.`;
  const remarks = [rate.remark, given.remark, unknown === 0 ? null : lost];
  return { entry, remarks: remarks.flatMap((says) => (says === null ? [] : [`${name}: ${says}`])) };
}

interface Part {
  readonly fields: Json;
  readonly remark: string | null;
}

const AS_IT_IS: Part = { fields: {}, remark: null };

/** The highest that was seen, as a round number. */
function rateOf({ peak }: SeenCalls, entry: Json | undefined): Part {
  const learned = { requests: near(peak, "above"), per_seconds: PER_SECONDS };
  if (entry === undefined) return { fields: { rate_limit: learned }, remark: null };
  const written = entry.rate_limit;
  if (!isRate(written) || perMinute(written) >= peak) return AS_IT_IS;
  const remark = `called up to ${peak} times a minute, more often than its rate_limit: raised.`;
  return { fields: { rate_limit: learned }, remark };
}

function isRate(value: unknown): value is { requests: number; per_seconds: number } {
  return typeof value === "object" && value !== null && "requests" in value;
}

function perMinute({ per_seconds, requests }: { requests: number; per_seconds: number }): number {
  return per_seconds >= PER_SECONDS ? requests : (requests * PER_SECONDS) / per_seconds;
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
      if (caps.some((cap) => cap === null)) return model;
      const most = caps.reduce<number>((max, cap) => Math.max(max, cap ?? 0), 1);
      return { model, max_output_tokens: near(most, "above") };
    });
}

/** Granted and never called: the least manifest has it no more. */
function unusedOf(placed: readonly SeenCalls[], { grants }: Before): readonly string[] {
  return grants.flatMap(({ entry, server }) => {
    const isUsed = placed.some((one) => one.server === server && one.tool === entry.tool_name);
    return isUsed
      ? []
      : [`${server}__${String(entry.tool_name)}: never called, so it was left out.`];
  });
}
