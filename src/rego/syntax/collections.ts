/** Arrays, sets and objects, written out or as comprehensions. */
import type { Term } from "./ast.ts";
import type { Parser } from "./parser.ts";

/** Terms with commas between them, at least one, up to the sign `end`, which is not passed. */
export function termList(parser: Parser, end: string): Term[] {
  const terms: Term[] = [];
  do {
    terms.push(parser.grammar.infix(parser, true));
    if (parser.isAt(end)) break;
    parser.expect(",", `expected "," or "${end}"`);
  } while (!parser.isAt(end));
  return terms;
}

export function array(parser: Parser): Term {
  const at = parser.position;
  parser.advance();
  if (parser.takes("]")) return { kind: "array", at, elements: [] };
  const comprehended = parser.takes(",") ? undefined : comprehension(parser, "]");
  if (comprehended !== undefined) return { kind: "array-comprehension", at, ...comprehended };
  const elements = termList(parser, "]");
  parser.advance();
  return { kind: "array", at, elements };
}

/**
 * `term | body`, which goes before a union of that term: it must be read as one unless a comma
 * follows, for `{a | b, c}` is a set. Undefined where it is none, and nothing was passed.
 */
function comprehension(parser: Parser, end: string) {
  const mark = parser.mark();
  const term = parser.grammar.term(parser);
  if (parser.takes("|")) {
    const tried = parser.attempt(() => parser.grammar.body(parser, end));
    if ("made" in tried) return { term, body: tried.made };
    if (!parser.isSignAt(tried.end, ",")) throw tried.error;
  }
  parser.reset(mark);
  return undefined;
}

export function setOrObject(parser: Parser): Term {
  const at = parser.position;
  parser.advance();
  if (parser.takes("}")) return { kind: "object", at, entries: [] };
  const plain = parser.takes(",");
  const comprehended = plain ? undefined : comprehension(parser, "}");
  if (comprehended !== undefined) return { kind: "set-comprehension", at, ...comprehended };
  const mark = parser.mark();
  const first = key(parser);
  if (parser.takes(":")) return { at, ...object(parser, first, plain) };
  parser.reset(mark);
  const elements = termList(parser, "}");
  parser.advance();
  return { kind: "set", at, elements };
}

/** A first key may be an infix term, and `{a: …}` must not read `a` further than its colon. */
function key(parser: Parser): Term {
  const mark = parser.mark();
  const alone = parser.grammar.term(parser);
  if (parser.isAt(":")) return alone;
  parser.reset(mark);
  return parser.grammar.infix(parser, true);
}

function object(parser: Parser, first: Term, plain: boolean) {
  const comprehended = plain ? undefined : comprehension(parser, "}");
  if (comprehended !== undefined) {
    const { term: value, body } = comprehended;
    return { kind: "object-comprehension", key: first, value, body } as const;
  }
  const entries: [Term, Term][] = [[first, parser.grammar.infix(parser, true)]];
  while (!parser.isAt("}")) {
    parser.expect(",", 'expected "," or "}"');
    if (!parser.isAt("}")) entries.push(entry(parser));
  }
  parser.advance();
  return { kind: "object", entries } as const;
}

function entry(parser: Parser): [Term, Term] {
  const name = parser.grammar.infix(parser, true);
  parser.expect(":", 'expected ":"');
  return [name, parser.grammar.infix(parser, true)];
}
