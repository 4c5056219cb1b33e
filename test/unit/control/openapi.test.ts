/** The document of the API is whole, and says what is served. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { openApiDocument } from "../../../src/control/openapi.ts";
import { ROUTES } from "../../../src/control/routes/index.ts";
import { controlApp } from "../../../src/control/server.ts";
import { checkAnswer, publishedDocument } from "../../support/api-document.ts";
import { MemoryOperations } from "./operations.ts";

interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly security: readonly object[];
  readonly "x-role"?: string;
  readonly parameters: readonly { name: string; in: string; required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument(ROUTES))) as Document;

function operations(): readonly (readonly [name: string, Operation])[] {
  return Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
    ),
  );
}

test("every route is in it with its role, and nothing else is", () => {
  const said = operations().map(([name, operation]) => [name, operation["x-role"] ?? null]);
  const served = ROUTES.map(({ method, path, role }) => {
    return [`${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`, role];
  });
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(served));
  expect(said.length).toBe(served.length);
});

test("what is open says so, and everything else wants a token or a session", () => {
  for (const [name, { security, ...operation }] of operations()) {
    expect([name, security.length]).toEqual([name, operation["x-role"] === undefined ? 0 : 2]);
  }
});

test("every operation has a name of its own, a sentence, and the parameters of its path", () => {
  const names = operations().map(([, { operationId }]) => operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, { description, parameters, responses }] of operations()) {
    expect(description, name).toMatch(/\.$/);
    const inPath = parameters.filter((one) => one.in === "path" && one.required);
    expect(inPath.map((one) => `{${one.name}}`)).toEqual(name.match(/\{\w+\}/g) ?? []);
    expect(Object.keys(responses).filter((status) => status.startsWith("2")).length).toBe(1);
  }
});

test("what a parameter means is said where its name does not", () => {
  const [, journal] = operations().find(([name]) => name === "GET /api/v1/journal") ?? [];
  const from = journal?.parameters.find(({ name }) => name === "from");
  expect(from).toMatchObject({ required: false, description: expect.stringContaining("24h") });
  const [, inputs] = operations().find(([name]) => name === "GET /api/v1/inputs") ?? [];
  expect(inputs?.parameters.find(({ name }) => name === "agent")?.required).toBe(true);
});

test("every reference leads somewhere, and every schema is one of JSON Schema 2020-12", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(DOCUMENT, "api");
  for (const name of Object.keys(DOCUMENT.components.schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name).not.toThrow();
  }
  const known = Object.keys(DOCUMENT.components.schemas);
  const text = JSON.stringify(DOCUMENT);
  for (const [, to] of text.matchAll(/"\$ref":"([^"]*)"/g)) {
    expect(known.map((name) => `#/components/schemas/${name}`)).toContain(to);
  }
  expect(text).not.toContain("readOnly");
  expect(DOCUMENT.openapi).toBe("3.1.0");
});

test("a gateway serves it to whoever asks, as it is published", async () => {
  const own = new MemoryOperations();
  const app = controlApp({ operations: own, clock: own.clock, log: { error: () => undefined } });
  const response = await app.request("/api/v1/openapi.json", {}, {});
  expect(await response.json()).toEqual(publishedDocument());
});

test("an answer that the document does not know is found", async () => {
  const json = (answer: unknown, status = 200) => {
    const headers = { "content-type": "application/json" };
    return new Response(JSON.stringify(answer), { status, headers });
  };
  const session = { name: "a", role: "viewer", expires_at: null };
  const path = "/api/v1/session";
  await checkAnswer("GET", path, json(session));
  await expect(checkAnswer("GET", path, json({ ...session, more: 1 }))).rejects.toThrow("document");
  await expect(checkAnswer("GET", path, json({ name: "a" }))).rejects.toThrow("document");
  await expect(checkAnswer("GET", path, json(session, 202))).rejects.toThrow("document");
  const problem = (code: string) => ({ error: { code, message: "m", hint: "h" } });
  await checkAnswer("GET", path, json(problem("token.missing"), 401));
  const other = checkAnswer("GET", path, json(problem("review.unknown"), 404));
  await expect(other).rejects.toThrow("document");
});
