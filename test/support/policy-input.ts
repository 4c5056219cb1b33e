/** The fields of a document as policies see it, as docs/reference/policy-input.md names them. */

/** Their names are the configuration's, or the agent's. */
const FREE: ReadonlySet<string> = new Set(["call.arguments"]);
const NAMED: ReadonlySet<string> = new Set(["metrics", "resource"]);

/** Each place of a document, as the reference writes it: `budgets[].limit`, `metrics.NAME.line`. */
function pathsOf(value: unknown, path = ""): readonly string[] {
  const own = path === "" ? [] : [path];
  if (typeof value !== "object" || value === null || FREE.has(path)) return own;
  if (Array.isArray(value)) {
    const inner = value.flatMap((each) => pathsOf(each, `${path}[]`));
    return [...own, ...inner.filter((place) => place !== `${path}[]`)];
  }
  const inner = Object.entries(value).flatMap(([key, each]) => {
    const name = NAMED.has(path) && key !== "type" ? "NAME" : key;
    return pathsOf(each, path === "" ? name : `${path}.${name}`);
  });
  return [...own, ...inner.filter((place) => place !== "metrics.NAME")];
}

/** Of several documents together, in order. */
export function placesOf(...documents: readonly unknown[]): readonly string[] {
  return [...new Set(documents.flatMap((document) => pathsOf(document)))].sort();
}
