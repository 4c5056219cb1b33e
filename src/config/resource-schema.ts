/** The fields that point into the arguments of a call: at its SQL, and at what it is about. */
import { z } from "zod";
import { strict } from "./fields.ts";

/** Longest path into arguments. */
const POINTER_CHARACTERS_MAX = 1024;

const ARGUMENT = "a JSON pointer that begins with /arguments/, like /arguments/sql";
export const argumentPointer = z
  .string({ error: ARGUMENT })
  .regex(/^\/arguments(\/([^~/]|~[01])*)+$/, { error: ARGUMENT })
  .max(POINTER_CHARACTERS_MAX, { error: ARGUMENT });

const RESOURCE_WORD =
  "a word of small letters, digits and _, other than type\nPolicies see it as resource.WORD.";
const resourceWord = z
  .string({ error: RESOURCE_WORD })
  .regex(/^(?!type$)[a-z][a-z0-9_]{0,63}$/, { error: RESOURCE_WORD });
const ATTRIBUTES_MAX = 32;
const ATTRIBUTES = `1 to ${ATTRIBUTES_MAX} attributes, like table_name: { pointer: /arguments/table }`;

function isOneTo(max: number, number: number): boolean {
  return number >= 1 && number <= max;
}

/** What a call is about. */
export const resource = strict({
  type: resourceWord
    .describe("What it is, like `database`. Policies see resource.type.")
    .optional(),
  attributes: z
    .record(
      resourceWord,
      strict({ pointer: argumentPointer.describe("Where in the call it is found.") }),
      { error: ATTRIBUTES },
    )
    .refine((all) => isOneTo(ATTRIBUTES_MAX, Object.keys(all).length), { error: ATTRIBUTES })
    .describe("With `type`: what policies see of it: texts, numbers, true or false.")
    .optional(),
  sql_tables: argumentPointer
    .describe(
      "Instead of both: where in a call its SQL is. Each table that it names is a resource of type `database` with a `table_name`.",
    )
    .optional(),
});
