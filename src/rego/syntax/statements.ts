/** The statements of a module, with everything that is wrong with them. */
import { LoadError, type LoadProblem } from "../errors.ts";
import type { Import, Position, Rule } from "./ast.ts";
import { hintFor } from "./hints.ts";
import { imported } from "./imports.ts";
import type { Parser } from "./parser.ts";
import { rules } from "./rules.ts";
import type { Token } from "./tokens.ts";

export interface Statements {
  readonly imports: readonly Import[];
  readonly rules: readonly Rule[];
  /** Where each begins. */
  readonly starts: readonly Position[];
}

/** More than that is seldom another mistake. */
const PROBLEMS_MAX = 10;

/** Up to the end of the text. Throws `LoadError`. */
export function statements(parser: Parser): Statements {
  const imports: Import[] = [];
  const found: Rule[] = [];
  const starts: Position[] = [];
  const problems: LoadProblem[] = [];
  while (!parser.atEnd && problems.length < PROBLEMS_MAX) {
    const start = parser.mark();
    starts.push(parser.position);
    const isRule = !isAtStatement(parser, "import") && !isAtStatement(parser, "package");
    const tried = parser.attempt(() => {
      if (isRule) found.push(...rules(parser));
      else imports.push(otherStatement(parser));
    });
    if ("made" in tried) continue;
    problems.push(...hinted(parser, tried.error, { start, end: tried.end }));
    // An import decides how the rest is read: what was wrong with it would be told again.
    if (!isRule || !skipStatement(parser, tried.end)) break;
  }
  refuse(parser, imports, problems);
  return { imports, rules: found, starts };
}

export function isAtStatement(parser: Parser, keyword: string): boolean {
  return parser.isAtKeyword(keyword) && !parser.beginsReference();
}

function otherStatement(parser: Parser): Import {
  if (isAtStatement(parser, "package")) throw parser.error("unexpected package");
  return imported(parser);
}

function hinted(
  parser: Parser,
  { problems }: LoadError,
  place: { readonly start: number; readonly end: number },
): readonly LoadProblem[] {
  return problems.map((problem) => {
    const isKeyword = (word: string) => parser.isKeyword(word);
    const hint = problem.hint ?? hintFor(parser.tokens, { ...place, isKeyword }, problem);
    return hint === undefined ? problem : { ...problem, hint };
  });
}

/**
 * To the next name at the first column that is outside of all brackets: there a new rule begins,
 * whatever is wrong with this one. False where none is, or where one cannot be sure.
 */
function skipStatement(parser: Parser, end: number): boolean {
  const start = parser.mark();
  let depth = 0;
  for (const [index, token] of parser.tokens.entries()) {
    if (index < start) continue;
    if (index >= end && index > start && depth === 0 && beginsRule(token)) {
      parser.reset(index);
      return true;
    }
    if (token.kind === "illegal" && token.text.startsWith("non-terminated")) return false;
    depth += depthOf(token);
  }
  return false;
}

function beginsRule({ kind, newline, col }: Token): boolean {
  return kind === "name" && newline && col === 1;
}

function depthOf({ kind, text, last }: Token): number {
  if (kind === "template") return last === true ? 0 : 1;
  if (kind !== "sign") return 0;
  if ("([{".includes(text)) return 1;
  return ")]}".includes(text) ? -1 : 0;
}

/** With what v1 does not read any more; a v0 module may hold itself to it by its imports. */
function refuse(parser: Parser, imports: readonly Import[], problems: LoadProblem[]): void {
  const held = parser.dialect === "v1" || imports.some(({ path }) => path[0] === "rego");
  const all = held ? [...problems, ...parser.v1Problems] : problems;
  if (all.length === 0) return;
  const sorted = all.sort((a, b) => a.at.row - b.at.row || a.at.col - b.at.col);
  throw new LoadError(sorted.slice(0, PROBLEMS_MAX));
}
