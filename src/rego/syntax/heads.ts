/** What stands before the body of a rule: name, path, operands or element, and value. */
import type { Head, Position, Term } from "./ast.ts";
import type { Parser } from "./parser.ts";
import { reference } from "./references.ts";
import { variable } from "./terms.ts";

/** As written; what it makes depends on what follows it. */
export interface Written {
  readonly at: Position;
  readonly name: string;
  readonly path: readonly Term[];
  readonly parameters?: readonly Term[];
  /** Behind `contains`. */
  readonly element?: Term;
  readonly value?: Term;
  readonly assigned?: ":=" | "=";
  /** A blank between the name and what belongs to it: only where a body follows is it a head. */
  readonly spaced: boolean;
}

export function writtenHead(parser: Parser): Written {
  const at = parser.position;
  const named = { at, ...signature(parser) };
  if (parser.isAtKeyword("contains")) return { ...named, element: element(parser, named) };
  const assigned = parser.isAt(":=") ? ":=" : parser.isAt("=") ? "=" : undefined;
  if (assigned === undefined) return named;
  parser.advance();
  return { ...named, assigned, value: parser.grammar.infix(parser, false) };
}

function signature(parser: Parser): Pick<Written, "name" | "path" | "parameters" | "spaced"> {
  const first = variable(parser);
  const blank = parser.token.spaced;
  const whole = reference(parser, first, "head");
  const spaced = blank && whole !== first;
  if (whole.kind !== "call") return { ...path(parser, whole), spaced };
  return { ...path(parser, whole.operator), parameters: whole.operands, spaced };
}

function path(
  parser: Parser,
  whole: Term,
): { readonly name: string; readonly path: readonly Term[] } {
  if (whole.kind === "variable") return { name: whole.name, path: [] };
  if (whole.kind !== "ref" || whole.head.kind !== "variable") {
    throw parser.error("rule head invalid", whole.at);
  }
  return { name: whole.head.name, path: whole.parts };
}

function element(parser: Parser, { parameters }: Pick<Written, "parameters">): Term {
  if (parameters !== undefined) {
    throw parser.unexpected(
      "the contains keyword can only be used with multi-value rule definitions",
    );
  }
  parser.advance();
  return parser.grammar.infix(parser, false);
}

/** `s contains x` and, without `if` and a value, `s[x]`: a set; else a value, which is `true`. */
export function headOf(written: Written, hasIf: boolean): Head {
  const { at, name, path, parameters, element, value, assigned } = written;
  if (element !== undefined) return { at, name, kind: "set", path, value: element };
  const [last] = path;
  if (isOldSet(written, hasIf) && last !== undefined) {
    return { at, name, kind: "set", path: [], value: last };
  }
  return {
    at,
    name,
    kind: "value",
    path,
    ...(parameters === undefined ? {} : { parameters }),
    value: value ?? { kind: "scalar", at, value: true },
    ...(assigned === undefined ? {} : { assigned }),
  };
}

/** `s[x] { … }`, as v0 writes sets. */
export function isOldSet({ path, parameters, element, value }: Written, hasIf: boolean): boolean {
  const plain = parameters === undefined && element === undefined && value === undefined;
  return !hasIf && plain && path.length === 1;
}
