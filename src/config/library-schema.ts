/** The fields by which a manifest grants resources and prompts. */
import { z } from "zod";
import { URI_CHARS_MAX } from "../guards/library/uri.ts";
import { id, strict } from "./fields.ts";
import { jsonSchema } from "./tool-schema.ts";

const URI = `a URI of at most ${URI_CHARS_MAX} characters, like file:///data/a.txt`;
const uri = z
  .string({ error: URI })
  .max(URI_CHARS_MAX, { error: URI })
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[^\s\p{C}]+$/u, { error: URI });

/** A resource, or a folder of resources, that a manifest grants. */
export const allowedResource = strict({
  server: id.describe("Which of `tool_servers` has it; one of `kind: mcp`."),
  uri: uri.describe("One resource: its URI, letter by letter as its server lists it.").optional(),
  under: uri
    .describe(
      "Instead of `uri`: all resources whose URI is below this one, which ends in `/`. Not itself.",
    )
    .optional(),
});

/** A prompt that a manifest grants. */
export const allowedPrompt = strict({
  server: id.describe("Which of `tool_servers` has it; one of `kind: mcp`."),
  name: id.describe("The prompt, as its server names it."),
  arguments: jsonSchema
    .describe(
      "JSON Schema 2020-12 of its arguments, which are texts. With `properties`, others are refused.",
    )
    .optional(),
});

export type RawResource = z.output<typeof allowedResource>;
export type RawPrompt = z.output<typeof allowedPrompt>;
