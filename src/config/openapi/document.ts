/** The text of an OpenAPI document → its value, and where it says that its server is. */
import type { Issue } from "../configuration.ts";
import { issueAt } from "../issues.ts";
import { parseSource, type Source } from "../source.ts";
import { isMap, type JsonMap } from "./references.ts";

/** Schemas that are written out where they are used nest deeper than this folder's own files. */
export const DOCUMENT_NESTING_MAX = 64;
const DIALECTS = [
  "https://spec.openapis.org/oas/3.1/dialect/base",
  "https://json-schema.org/draft/2020-12/schema",
];

export interface OpenApiDocument {
  readonly source: Source;
  readonly root: JsonMap;
  /** 3.0, whose schemas are a dialect of their own. */
  readonly isOld: boolean;
}

/** Null with the issues that say why. */
export function readDocument(
  file: string,
  text: string,
): { readonly document: OpenApiDocument | null; readonly issues: readonly Issue[] } {
  const { source, issues } = parseSource(file, text, DOCUMENT_NESTING_MAX);
  if (issues.length > 0) return { document: null, issues };
  const root = isMap(source.raw) ? source.raw : {};
  const wrong = versionIssue(root, source);
  if (wrong !== null) return { document: null, issues: [wrong] };
  return { document: { source, root, isOld: /^3\.0\./.test(String(root.openapi)) }, issues: [] };
}

function versionIssue({ jsonSchemaDialect, openapi, paths, swagger }: JsonMap, source: Source) {
  if (swagger !== undefined) {
    const hint = "Convert it to OpenAPI 3: most editors of such documents do.";
    return issueAt(source, ["swagger"], "OpenAPI 3", hint);
  }
  if (typeof openapi !== "string" || !/^3\.[0-2]\.\d+$/.test(openapi)) {
    const hint = "A document begins like openapi: 3.1.0.";
    return issueAt(source, ["openapi"], "a version from 3.0.0 to 3.2, with three parts", hint);
  }
  if (jsonSchemaDialect !== undefined && !DIALECTS.some((one) => one === jsonSchemaDialect)) {
    return issueAt(source, ["jsonSchemaDialect"], `"${DIALECTS[1]}"`, "Remove it.");
  }
  if (isMap(paths)) return null;
  return issueAt(
    source,
    ["paths"],
    "a map from paths to operations",
    "Without one it has no tools.",
  );
}

/** The document's one server, if it is clear which one that is; a string says what is wrong. */
export function serverOf({ servers }: JsonMap): { readonly url: string } | string {
  const [only, ...others] = Array.isArray(servers) ? servers : [];
  if (!isMap(only) || others.length > 0) return "the document does not name exactly one server";
  const { url } = only;
  const isPlain = typeof url === "string" && /^https?:\/\/[^\s@?#{}]+$/.test(url);
  if (!isPlain || !URL.canParse(url)) return "the document's server is not a whole URL";
  // Whoever writes an address means it; a document may have been written by anybody.
  const { hostname } = new URL(url);
  if (/^\[|^[\d.]+$/.test(hostname)) return "the document's server is a bare address";
  return { url };
}
