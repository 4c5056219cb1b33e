/** The API as an OpenAPI 3.1 document (spec.openapis.org), made from its routes. */
import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "./problem.ts";
import type { Json, Route } from "./routes/route.ts";
import { NAMED } from "./schemas/named.ts";

const COMPONENTS = "#/components/schemas/";
const JSON_TYPE = "application/json";

/** Every answer may be one of these. */
const ALWAYS: readonly ProblemCode[] = ["control.error"];
const OF_OPERATORS: readonly ProblemCode[] = [
  ...(["token.missing", "token.invalid", "token.agent", "token.too-many-failures"] as const),
  ...(["session.ended", "request.cross-site", "store.unreachable"] as const),
];
const OF_BODIES: readonly ProblemCode[] = [
  ...(["request.malformed", "request.not-json", "request.too-large"] as const),
];

/** Every code with which this route may say no. */
export function problemsOf(route: Route): ReadonlySet<ProblemCode> {
  const { body, headers, problems = [], query, role } = route;
  return new Set([
    ...ALWAYS,
    ...(role === null ? [] : OF_OPERATORS),
    ...(role === null || role === "viewer" ? [] : (["role.insufficient"] as const)),
    ...(query === undefined && headers === undefined ? [] : (["request.malformed"] as const)),
    ...(body === undefined ? [] : OF_BODIES),
    ...problems,
  ]);
}

export function openApiDocument(routes: readonly Route[]): Json {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    const operations = paths[path] ?? {};
    paths[path] = operations;
    operations[route.method.toLowerCase()] = operation(route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Slipclutch control API",
      version: "1",
      description:
        "Amounts are decimal texts in fields that end in their unit, times are ISO texts.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: schemas.named(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An operator's token." },
        session: { type: "apiKey", in: "cookie", name: "slipclutch_session" },
      },
    },
  };
}

function operation(route: Route, schemas: Schemas): Json {
  const { body, name, role, says } = route;
  const open = { security: [] };
  const closed = { security: [{ token: [] }, { session: [] }], "x-role": role };
  return {
    operationId: name,
    description: says,
    ...(role === null ? open : closed),
    parameters: parametersOf(route, schemas),
    ...(body === undefined ? {} : { requestBody: requestBody(schemas.input(body)) }),
    responses: responsesOf(route, schemas),
  };
}

function requestBody(schema: Json): Json {
  return { required: true, content: { [JSON_TYPE]: { schema } } };
}

function parametersOf({ headers, path, query }: Route, schemas: Schemas): readonly Json[] {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const inPath = names.map((name) => {
    return { name, in: "path", required: true, schema: { type: "string" } };
  });
  return [
    ...inPath,
    ...(query === undefined ? [] : given(query, "query", schemas)),
    ...(headers === undefined ? [] : given(headers, "header", schemas)),
  ];
}

function given(shape: z.ZodObject, place: "query" | "header", schemas: Schemas): readonly Json[] {
  // `as`: the shape of an object of zod holds schemas of zod.
  const fields = Object.entries(shape.shape) as [string, z.ZodType][];
  return fields.map(([name, field]) => {
    const { description, ...schema } = schemas.input(field);
    const required = !field.safeParse(undefined).success;
    const said = description === undefined ? {} : { description };
    return { name, in: place, required, ...said, schema };
  });
}

function responsesOf(route: Route, schemas: Schemas): Json {
  const { content, otherwise, status = 200 } = route;
  const responses: Record<string, Json> = {
    [status]: { description: "Done.", ...contentOf(content, schemas) },
  };
  if (otherwise !== undefined) {
    const answer = contentOf({ schema: otherwise.schema }, schemas);
    responses[otherwise.status] = { description: "Not so.", ...answer };
  }
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const of = PROBLEMS[code].status;
    byStatus.set(of, [...(byStatus.get(of) ?? []), code]);
  }
  for (const [of, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const description = codes.map((code) => `\`${code}\``).join(", ");
    const schema = { $ref: `${COMPONENTS}Problem` };
    responses[of] = { description, content: { [JSON_TYPE]: { schema } } };
  }
  return responses;
}

function contentOf(content: Route["content"], schemas: Schemas): Json {
  if (content === null) return {};
  if ("text" in content) return { content: { [content.text]: { schema: { type: "string" } } } };
  const json = { [JSON_TYPE]: { schema: schemas.output(content.schema) } };
  if (content.lines === undefined) return { content: json };
  const lines = { "application/x-ndjson": { schema: schemas.output(content.lines) } };
  return { content: { ...json, ...lines } };
}

/** No name of a schema: what stands where it is used. */
const INLINE = "inline";

/** JSON Schemas of what requests and answers hold; those with names are referred to by them. */
class Schemas {
  readonly #names = new Map<z.ZodType, string>();

  constructor() {
    for (const [id, schema] of Object.entries(NAMED)) this.#names.set(schema, id);
  }

  named(): Readonly<Record<string, Json>> {
    return this.#rendered("output", null);
  }

  output(schema: z.ZodType): Json {
    return this.#one(schema, "output");
  }

  input(schema: z.ZodType): Json {
    return this.#one(schema, "input");
  }

  #one(schema: z.ZodType, io: "input" | "output"): Json {
    const name = this.#names.get(schema);
    if (name !== undefined) return { $ref: COMPONENTS + name };
    return this.#rendered(io, schema)[INLINE] ?? {};
  }

  #rendered(io: "input" | "output", inline: z.ZodType | null): Readonly<Record<string, Json>> {
    const registry = z.registry<{ id: string }>();
    for (const [schema, id] of this.#names) registry.add(schema, { id });
    if (inline !== null) registry.add(inline, { id: INLINE });
    const uri = (id: string) => COMPONENTS + id;
    const settings = { target: "draft-2020-12", io, uri, override: withoutReadOnly } as const;
    const { schemas } = z.toJSONSchema(registry, settings);
    return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
  }
}

/** That a list is not to be changed says something to our compiler alone. */
function withoutReadOnly({ jsonSchema }: { readonly jsonSchema: { readOnly?: boolean } }): void {
  delete jsonSchema.readOnly;
}

/** Within the document a schema has neither an address nor a dialect of its own. */
function bare({ $id, $schema, ...schema }: Json): Json {
  return schema;
}
