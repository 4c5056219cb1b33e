/** Grants that say too little of what a tool may be asked. */
import { foldName } from "../../guards/tool/names.ts";
import { FORMATS, type JsonSchema } from "../argument-schema.ts";
import type { Path } from "../source.ts";
import type { Tool } from "./granted-tools.ts";
import type { Told } from "./lint-rules.ts";
import { listOf, schemaOf } from "./schema-values.ts";

/** Names of tools that run whatever their arguments say. */
const POWERFUL =
  /(^|_)(bash|shell|sh|zsh|terminal|exec|eval|sql|curl)(_|$)|^(call|invoke|run|execute|use)_(tool|command|code|script|python|query|function)$|^(http_)?(request|fetch)$|^(db_)?query$|^(python|code_interpreter|command)$/;

/** Names of arguments that say what is run, asked or reached. */
const INNER = new Set(["command", "cmd", "script", "code", "sql", "statement", "expression"]).add(
  "tool_name",
);
/** The same of tools that are powerful by their name; elsewhere they are mostly harmless. */
const INNER_OF_POWERFUL = new Set([...INNER, "tool", "name", "query", "url", "uri", "endpoint"]);
/** An address that the tool goes to, wherever it is. */
const ADDRESSES = new Set(["url", "uri", "endpoint"]);

/** What is mostly paid for by the call. */
const PAID =
  /(^|_)(transcri\w+|synthesi[sz]e\w*|speech|tts|voice|image|video|render|geocode|sms|email|mail|ocr|translate|deploy|provision|purchase|buy|order|pay|payment|charge|refund|transfer)(_|$)|^create_(server|instance|service|cluster|vm|database)/;

/** Deeper schemas are looked at no further: their top says enough. */
const DEPTH_MAX = 16;

export function argumentFindings(tool: Tool, at: Path): readonly Told[] {
  const { effect, readOnly, server, tool: name, unwraps } = tool.granted;
  const found: Told[] = [];
  const schema = tool.raw.arguments;
  const path = [...at, "tool_name"];
  // The call that stands inside is decided by its own grant.
  const decided = unwraps === null ? [] : Object.values(unwraps).flatMap(ownArgument);
  const isPowerful = unwraps === null && POWERFUL.test(foldName(name));
  if (schema !== undefined) {
    found.push(...schemaFindings(schema, { at: [...at, "arguments"], isPowerful, name, decided }));
  } else if (isPowerful) {
    const hint =
      "Add arguments that say with enum, const or pattern what it may be asked; or, where they are " +
      "a call of another tool, unwraps at its server.";
    found.push({ rule: "tool.powerful", path, says: `${name} runs whatever it is asked`, hint });
  } else if (effect === "write" && !readOnly) {
    const hint = "Add arguments, a JSON Schema with enums, patterns and bounds.";
    const says = `${server}__${name} may write, with any arguments`;
    found.push({ rule: "tool.any-arguments", path, says, hint });
  }
  return found;
}

/** The argument that a pointer leads to, if that is not inside another one. */
function ownArgument(pointer: string | null): readonly string[] {
  const [, , token, deeper] = pointer?.split("/") ?? [];
  if (token === undefined || deeper !== undefined) return [];
  return [token.replaceAll("~1", "/").replaceAll("~0", "~")];
}

/** What sounds dear and may be called without end. */
export function limitFindings({ granted }: Tool, at: Path): readonly Told[] {
  const { cost, rateLimit, tool } = granted;
  if (!PAID.test(foldName(tool)) || rateLimit !== null || cost !== null) return [];
  const hint = "Add rate_limit, and cost if its calls are billed.";
  const says = `${tool} sounds as if each call cost money, and nothing limits them`;
  return [{ rule: "tool.no-limit", path: [...at, "tool_name"], says, hint }];
}

interface Look {
  readonly at: Path;
  readonly isPowerful: boolean;
  readonly name: string;
  /** Arguments in which a call of another tool stands. */
  readonly decided: readonly string[];
}

function schemaFindings(schema: JsonSchema, look: Look): readonly Told[] {
  const named = Object.keys(schemaOf(schema.properties));
  if (named.length === 0 && !saysMore(schema)) {
    const hint = "Name its arguments under properties: others are refused then.";
    const says = "the schema names no arguments, so any pass";
    return [{ rule: "arguments.open", path: look.at, says, hint }];
  }
  return partFindings(schema, { ...look, isTop: true, key: null, depth: 0 });
}

/** A top that leaves it to its branches, or takes nothing at all. */
function saysMore(schema: JsonSchema): boolean {
  const keys = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const", "patternProperties"].concat(
    "propertyNames",
  );
  return keys.some((key) => key in schema) || schema.additionalProperties === false;
}

interface Part extends Look {
  readonly isTop: boolean;
  /** The argument that it is of. */
  readonly key: string | null;
  readonly depth: number;
}

function partFindings(schema: unknown, part: Part): readonly Told[] {
  const { at, depth } = part;
  if (schema === false || depth > DEPTH_MAX) return [];
  if (depth === 1 && part.key !== null && part.decided.includes(part.key)) return [];
  const own = schemaOf(schema);
  const inside = (value: unknown, path: Path, key = part.key) =>
    partFindings(value, { ...part, at: [...at, ...path], isTop: false, key, depth: depth + 1 });
  const members = Object.entries(schemaOf(own.properties)).flatMap(([name, member]) =>
    inside(member, ["properties", name], name),
  );
  const branches = ["allOf", "anyOf", "oneOf", "prefixItems"].flatMap((keyword) =>
    listOf(own[keyword]).flatMap((branch, index) => inside(branch, [keyword, index])),
  );
  const items = own.items === undefined ? [] : inside(own.items, ["items"]);
  return [...ownFindings(schema, own, part), ...members, ...branches, ...items];
}

function ownFindings(schema: unknown, own: JsonSchema, part: Part): readonly Told[] {
  const { at, isTop, name } = part;
  if (isFree(own) && isInner(part)) {
    const hint = "Say with enum, const or pattern what may stand there.";
    const says = `${part.key} of ${name} is what it runs or reaches, and is left free`;
    return [{ rule: "tool.powerful", path: at, says, hint }];
  }
  if (isText(own) && isUnbounded(own)) {
    const hint = "Add maxLength, better an enum or a pattern with a maxLength.";
    return [{ rule: "arguments.unbounded-text", path: at, says: "any text of any length", hint }];
  }
  const open = openPart(schema, own, isTop);
  if (open === null) return [];
  const hint = "Name what it may have; additionalProperties: false refuses the rest.";
  return [{ rule: "arguments.open", path: [...at, ...open.path], says: open.says, hint }];
}

/** Not held to certain values. */
function isFree(own: JsonSchema): boolean {
  const isHeld = ["enum", "const", "pattern", "$ref"].some((key) => key in own);
  const isElsewhere = ["allOf", "anyOf", "oneOf", "properties"].some((key) => key in own);
  return !isHeld && !isElsewhere && (own.type === undefined || isText(own) || own.type === "array");
}

function isInner({ isPowerful, key }: Part): boolean {
  if (key === null) return false;
  const folded = foldName(key);
  return (
    INNER.has(folded) || ADDRESSES.has(folded) || (isPowerful && INNER_OF_POWERFUL.has(folded))
  );
}

function isText({ type }: JsonSchema): boolean {
  return type === "string" || listOf(type).includes("string");
}

/** A pattern without a maxLength is what `check` warns of. */
function isUnbounded(own: JsonSchema): boolean {
  const isFormatted = typeof own.format === "string" && FORMATS.includes(own.format);
  return !isFormatted && ["maxLength", "enum", "const", "pattern"].every((key) => !(key in own));
}

function openPart(
  schema: unknown,
  own: JsonSchema,
  isTop: boolean,
): { readonly path: Path; readonly says: string } | null {
  if (own.additionalProperties === true) {
    return { path: ["additionalProperties"], says: "arguments that are not named pass" };
  }
  if (isTop) return null;
  if (schema === true || Object.keys(own).length === 0)
    return { path: [], says: "any value passes" };
  if (own.type === "object" && own.additionalProperties === undefined && !saysMore(own)) {
    return {
      path: [],
      says: "what is not named inside it passes: only the top is closed by itself",
    };
  }
  const isList = own.type === "array" && own.items === undefined && own.prefixItems === undefined;
  return isList ? { path: [], says: "a list of anything" } : null;
}
