/** Holds what the control plane answers to the document of its API. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openApiDocument, problemsOf } from "../../src/control/openapi.ts";
import { ROUTES } from "../../src/control/routes/index.ts";
import type { Route } from "../../src/control/routes/route.ts";

/** As it is published. */
export const PUBLISHED = join(import.meta.dirname, "..", "..", "docs", "reference", "openapi.json");

const DOCUMENT = "https://slipclutch.test/openapi.json";

let made: Ajv2020 | null = null;
const validators = new Map<string, ValidateFunction>();

function ajv(): Ajv2020 {
  if (made !== null) return made;
  // The document's own words are no words of JSON Schema; formats are for people.
  made = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  // As it is sent: what JSON leaves out is not in it.
  made.addSchema(JSON.parse(JSON.stringify(openApiDocument(ROUTES))), DOCUMENT);
  return made;
}

function routeOf(method: string, path: string): Route | undefined {
  const asked = new URL(path, "http://localhost").pathname;
  const wanted = method === "HEAD" ? "GET" : method;
  // Paths without parameters come first, as where requests are routed.
  const fitting = ROUTES.filter((route) => {
    const pattern = `^${route.path.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`;
    return route.method === wanted && new RegExp(pattern).test(asked);
  });
  return fitting.toSorted((a, b) => a.path.split(":").length - b.path.split(":").length)[0];
}

/** Throws where an answer is not one that the document knows. */
export async function checkAnswer(method: string, path: string, given: Response): Promise<void> {
  const route = routeOf(method, path);
  if (route === undefined) return;
  const { status } = given;
  const name = `${method} ${path}: ${status}`;
  const type = given.headers.get("content-type") ?? "";
  if (status >= 400 && status !== route.otherwise?.status) await checkProblem(route, name, given);
  else if (status !== (route.status ?? 200) && status !== route.otherwise?.status) {
    throw new Error(`${name} is not in the document`);
  }
  if (!type.startsWith("application/json") || method === "HEAD") return;
  const answer: unknown = await given.clone().json();
  const validate = validatorOf(route, status);
  if (validate(answer)) return;
  throw new Error(`${name} is not what the document says: ${ajv().errorsText(validate.errors)}`);
}

async function checkProblem(route: Route, name: string, given: Response): Promise<void> {
  const { error } = (await given.clone().json()) as { error: { code: string } };
  const known = [...problemsOf(route)].map(String);
  if (!known.includes(error.code)) throw new Error(`${name} ${error.code} is not in the document`);
}

function validatorOf({ method, path }: Route, status: number): ValidateFunction {
  const steps = ["paths", path.replaceAll(/:(\w+)/g, "{$1}"), method.toLowerCase(), "responses"]
    .concat(String(status), "content", "application/json", "schema")
    .map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")));
  const ref = `${DOCUMENT}#/${steps.join("/")}`;
  const validate = validators.get(ref) ?? ajv().compile({ $ref: ref });
  validators.set(ref, validate);
  return validate;
}

export function publishedDocument(): unknown {
  return JSON.parse(readFileSync(PUBLISHED, "utf8"));
}
