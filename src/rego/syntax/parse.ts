/** Modules, queries and terms from their text. */
import { LoadError, type LoadProblem } from "../errors.ts";
import { annotations } from "./annotations.ts";
import type { Body, Dialect, Module, Term } from "./ast.ts";
import { body, literal } from "./bodies.ts";
import { packagePath } from "./imports.ts";
import { type Grammar, Parser } from "./parser.ts";
import { isAtStatement, statements } from "./statements.ts";
import { infix, term } from "./terms.ts";

const GRAMMAR: Grammar = { term, infix, body, literal };

/** Throws `LoadError`. */
export function parseModule(text: string, file: string, dialect: Dialect): Module {
  const parser = new Parser({ text, file, dialect }, GRAMMAR);
  if (parser.atEnd) throw parser.error("empty module", parser.position, PACKAGE_FIRST);
  const packageAt = parser.position;
  if (!isAtStatement(parser, "package")) throw packageExpected(parser);
  const path = packagePath(parser);
  const { imports, rules, starts } = statements(parser);
  const found = annotations(parser.comments, [packageAt, ...starts], file);
  return { file, dialect, package: path, packageAt, imports, rules, annotations: found };
}

const PACKAGE_FIRST = "a file begins with its package, such as `package agent.authz`";

function packageExpected(parser: Parser): LoadError {
  const isJson = parser.isAt("{") || parser.isAt("[");
  const hint = isJson ? "this reads like JSON: data stands in files of its own" : PACKAGE_FIRST;
  return parser.error("package expected", parser.position, hint);
}

/** As v1 where that parses, else as v0: no text that parses as v1 means something else there. */
export function parseAnyDialect(text: string, file: string): Module {
  const first = tried(text, file, "v1");
  if (!(first instanceof LoadError)) return first;
  if (first.problems.every(({ code }) => code !== "rego_parse_error")) throw first;
  const second = tried(text, file, "v0");
  if (!(second instanceof LoadError)) return second;
  throw isFurther(second.problems[0], first.problems[0]) ? second : first;
}

function tried(text: string, file: string, dialect: Dialect): Module | LoadError {
  try {
    return parseModule(text, file, dialect);
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
}

/** The dialect that gets further into a text is the one it is written in. */
function isFurther(one: LoadProblem | undefined, other: LoadProblem | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.at.row > other.at.row || (one.at.row === other.at.row && one.at.col > other.at.col);
}

const QUERY = "query";

export function parseQuery(text: string, dialect: Dialect = "v1"): Body {
  const parser = new Parser({ text, file: QUERY, dialect }, GRAMMAR);
  if (parser.atEnd) throw parser.error("found empty body");
  const expressions = [literal(parser)];
  while (!parser.atEnd) {
    if (!parser.takes(";") && !parser.token.newline) {
      throw parser.unexpected("expected \\n or ;");
    }
    expressions.push(literal(parser));
  }
  return expressions;
}

/** One term, such as an input that is given as Rego text. */
export function parseTerm(text: string): Term {
  const parser = new Parser({ text, file: QUERY, dialect: "v1" }, GRAMMAR);
  const made = infix(parser, false);
  if (!parser.atEnd) throw parser.unexpected("expected one term");
  return made;
}
