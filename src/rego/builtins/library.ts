/** Every built-in function that policies may call. */
import { signatureOf } from "../types/signature.ts";
import { isList, RegoSet, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, operand, type Relations } from "./builtin.ts";
import { CRYPTO } from "./crypto.ts";
import { ENCODINGS } from "./encodings.ts";
import { GENERAL } from "./general.ts";
import { GLOB } from "./glob.ts";
import { interpolated } from "./interpolation.ts";
import { JSON_SCHEMA } from "./json-schema.ts";
import { NET } from "./net.ts";
import { REGEX } from "./regex.ts";
import { TIME } from "./time.ts";
import { TOKENS } from "./tokens.ts";
import { URI } from "./uri.ts";
import { UUID } from "./uuid.ts";
import { WALK } from "./walk.ts";
import { YAML } from "./yaml.ts";

/** The functions and how many operands each one takes. */
export interface Library {
  readonly builtins: Builtins;
  readonly relations: Relations;
  arity(name: string): number | undefined;
}

/** What is printed: each value comes as the set of it, empty where undefined. */
function texts(value: Value): readonly string[] {
  if (!isList(value)) return [];
  return value.map((part) => interpolated(part instanceof RegoSet ? part.sorted()[0] : part));
}

const INTERNAL: Builtins = {
  "internal.print": (operands, call: BuiltinCall) => {
    call.print(texts(operand(operands, 1)).join(" "));
    return true;
  },
  trace: () => true,
};

const BUILTINS: Builtins = {
  ...GENERAL,
  ...CRYPTO,
  ...ENCODINGS,
  ...GLOB,
  ...INTERNAL,
  ...JSON_SCHEMA,
  ...NET,
  ...REGEX,
  ...TIME,
  ...TOKENS,
  ...URI,
  ...UUID,
  ...YAML,
};

/** `=` and `:=` are no calls, and still have operands. */
const LANGUAGE: ReadonlySet<string> = new Set(["eq", "assign"]);

export const LIBRARY: Library = {
  builtins: BUILTINS,
  relations: WALK,
  arity: (name) =>
    Object.hasOwn(BUILTINS, name) || Object.hasOwn(WALK, name) || LANGUAGE.has(name)
      ? signatureOf(name)?.parameters.length
      : undefined,
};
