/** `package` and `import`, and the keywords that imports bring. */
import type { Import, Position } from "./ast.ts";
import type { Parser } from "./parser.ts";
import { SINCE_V1, SINCE_V2 } from "./tokens.ts";

/** Its path behind `data`. */
export function packagePath(parser: Parser): readonly string[] {
  parser.advance();
  return ["data", ...path(parser)];
}

/** Names with dots between them; any text in brackets and quotes. Keywords are names here. */
function path(parser: Parser): readonly string[] {
  if (parser.token.kind !== "name") throw parser.unexpected("expected path");
  const names = [parser.advance().text];
  while (parser.touches(".") || parser.touches("[")) names.push(pathPart(parser));
  return names;
}

function pathPart(parser: Parser): string {
  const bracketed = parser.isAt("[");
  parser.advance();
  const { kind, text, spaced } = parser.token;
  if (!bracketed) {
    if (kind !== "name" || spaced) throw parser.unexpected("expected identifier");
    parser.advance();
    return text;
  }
  if (kind !== "text") throw parser.unexpected("expecting string");
  parser.advance();
  parser.expect("]", "expected ]");
  return text;
}

export function imported(parser: Parser): Import {
  const at = parser.position;
  parser.advance();
  const pathAt = parser.position;
  const names = path(parser);
  assertRoot(parser, names, pathAt);
  const alias = parser.takesKeyword("as") ? aliasOf(parser) : undefined;
  if (alias === undefined) assertName(parser, names, pathAt);
  addKeywords(parser, { names, alias, pathAt });
  return alias === undefined ? { at, path: names } : { at, path: names, alias };
}

function assertRoot(parser: Parser, [root]: readonly string[], at: Position): void {
  if (root === "data" || root === "input" || root === "future" || root === "rego") return;
  const message = `unexpected import path, must begin with one of: {data, future, input, rego}, got: ${root}`;
  throw parser.error(message, at);
}

function aliasOf(parser: Parser): string {
  const { text } = parser.token;
  if (!parser.isAtName()) throw parser.unexpected("expected var");
  if (text === "input" || text === "data") {
    const message = `unexpected import alias, must not be a reserved name, got: ${text}`;
    throw parser.error(message);
  }
  parser.advance();
  return text;
}

/** What is imported is called by the last name of its path. */
function assertName(parser: Parser, names: readonly string[], at: Position): void {
  const last = names.at(-1) ?? "";
  if (names[0] === "future" || !parser.isKeyword(last)) return;
  const message = `unexpected import path, must not end with a keyword, got: ${last}`;
  throw parser.error(message, at, "import a different path or use an alias");
}

interface Path {
  readonly names: readonly string[];
  readonly alias: string | undefined;
  readonly pathAt: Position;
}

function addKeywords(parser: Parser, path: Path): void {
  const [root] = path.names;
  if (root === "rego") addVersion(parser, path);
  if (root === "future") addFuture(parser, path);
}

function addVersion(parser: Parser, { names, alias, pathAt }: Path): void {
  const version = names.length === 2 ? names[1] : undefined;
  if (version !== "v1" && version !== "v2") {
    const message = `invalid import \`${names.join(".")}\`, must be one of: \`rego.v1\`, \`rego.v2\``;
    throw parser.error(message, pathAt);
  }
  if (alias !== undefined) throw parser.error("`rego` imports cannot be aliased", pathAt);
  parser.addKeywords(SINCE_V1);
  if (version === "v2") parser.addKeywords(SINCE_V2);
}

function addFuture(parser: Parser, { names, alias, pathAt }: Path): void {
  const [, group, keyword] = names;
  if (group !== "keywords" || names.length > 3) {
    throw parser.error("invalid import, must be `future.keywords`", pathAt);
  }
  if (alias !== undefined) throw parser.error("`future` imports cannot be aliased", pathAt);
  const known = [...SINCE_V1, ...SINCE_V2].sort();
  if (keyword !== undefined && !known.includes(keyword)) {
    throw parser.error(`unexpected keyword, must be one of [${known.join(" ")}]`, pathAt);
  }
  parser.addKeywords(keyword === undefined ? known : [keyword]);
}
