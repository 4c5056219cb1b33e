/** Walking and rebuilding what the parser made: every pass is written with these. */
import type { Block, Body, Expression, Position, TemplatePart, Term, With } from "../syntax/ast.ts";
import { keyOf, type Value } from "../values/value.ts";

/** What to do with the parts of a term; a body within it is a scope of its own. */
export interface TermMap {
  term(term: Term): Term;
  body(body: Body): Body;
}

/** The term with its direct parts mapped; its bodies first, as their variables are seen first. */
export function mapTerm(term: Term, map: TermMap): Term {
  switch (term.kind) {
    case "scalar":
    case "variable":
      return term;
    case "ref":
      return { ...term, head: map.term(term.head), parts: term.parts.map(map.term) };
    case "call":
      return { ...term, operands: term.operands.map(map.term) };
    case "array":
    case "set":
      return { ...term, elements: term.elements.map(map.term) };
    case "object":
      return {
        ...term,
        entries: lastOfEach(term.entries).map(
          ([key, value]) => [map.term(key), map.term(value)] as const,
        ),
      };
    case "array-comprehension":
    case "set-comprehension": {
      const body = map.body(term.body);
      return { ...term, body, term: map.term(term.term) };
    }
    case "object-comprehension": {
      const body = map.body(term.body);
      return { ...term, body, key: map.term(term.key), value: map.term(term.value) };
    }
    case "template":
      return {
        ...term,
        parts: term.parts.map((part) => mapPart(part, map)),
      };
  }
}

/** Of several entries with one key, written alike, only the last one is evaluated. */
function lastOfEach(
  entries: readonly (readonly [Term, Term])[],
): readonly (readonly [Term, Term])[] {
  const byKey = new Map<unknown, readonly [Term, Term]>();
  for (const [name, value] of entries) {
    const written = writtenKey(name);
    byKey.set(written, [byKey.get(written)?.[0] ?? name, value]);
  }
  return [...byKey.values()];
}

function writtenKey(term: Term): unknown {
  const written = writtenValue(term);
  return written === undefined ? term : keyOf(written);
}

/** Equal for terms that are written alike; undefined for what has a body, and for templates. */
function writtenValue(term: Term): Value | undefined {
  if (term.kind === "scalar") return [term.kind, term.value];
  if (term.kind === "variable") return [term.kind, term.name];
  const parts = partsOf(term)?.map(writtenValue);
  const known = parts?.filter((part) => part !== undefined);
  return known === undefined || known.length !== parts?.length ? undefined : [term.kind, ...known];
}

function partsOf(term: Term): readonly Term[] | undefined {
  switch (term.kind) {
    case "ref":
      return [term.head, ...term.parts];
    case "call":
      return [term.operator, ...term.operands];
    case "array":
    case "set":
      return term.elements;
    case "object":
      return term.entries.flat();
    default:
      return undefined;
  }
}

function mapPart(part: TemplatePart, map: TermMap): TemplatePart {
  if (typeof part === "string") return part;
  if (part.kind !== "modified") return map.term(part);
  return { ...part, term: map.term(part.term), with: part.with.map((each) => mapWith(each, map)) };
}

/** The expression with its terms and bodies mapped, its `with`s last. */
export function mapExpression(expression: Expression, map: TermMap): Expression {
  const mapped = mapKind(expression, map);
  if (mapped.with.length === 0) return mapped;
  return { ...mapped, with: mapped.with.map((each) => mapWith(each, map)) };
}

function mapWith(each: With, map: TermMap): With {
  return { ...each, target: map.term(each.target), value: map.term(each.value) };
}

function mapKind(expression: Expression, map: TermMap): Expression {
  switch (expression.kind) {
    case "term":
      return { ...expression, term: map.term(expression.term) };
    case "some":
      return expression;
    case "some-in":
      return {
        ...expression,
        ...(expression.key === undefined ? {} : { key: map.term(expression.key) }),
        value: map.term(expression.value),
        domain: map.term(expression.domain),
      };
    case "every":
      return {
        ...expression,
        domain: map.term(expression.domain),
        body: map.body(expression.body),
      };
    case "not-body":
      return { ...expression, body: mapBlock(expression.body, map) };
    case "and":
    case "or":
      return {
        ...expression,
        left: mapBlock(expression.left, map),
        right: mapBlock(expression.right, map),
      };
  }
}

function mapBlock(block: Block, map: TermMap): Block {
  return { ...block, body: map.body(block.body) };
}

export function isRoot(term: Term): boolean {
  return term.kind === "variable" && (term.name === "data" || term.name === "input");
}

export function isVariable(term: Term): term is Extract<Term, { kind: "variable" }> {
  return term.kind === "variable";
}

export function variable(name: string, at: Position): Term {
  return { kind: "variable", name, at };
}

type TermExpression = Extract<Expression, { kind: "term" }>;

/** `left = right` */
export function equation(left: Term, right: Term, at: Position): TermExpression {
  return {
    kind: "term",
    at,
    negated: false,
    with: [],
    term: {
      kind: "call",
      at,
      infix: true,
      operator: { kind: "variable", name: "eq", at },
      operands: [left, right],
    },
  };
}

/** The two sides of `a = b`, if that is what the expression is. */
export function equationOf(expression: Expression): readonly [Term, Term] | undefined {
  if (expression.kind !== "term" || expression.term.kind !== "call") return undefined;
  const { operator, operands } = expression.term;
  if (operator.kind !== "variable" || operator.name !== "eq") return undefined;
  const [left, right] = operands;
  return left === undefined || right === undefined ? undefined : [left, right];
}

/** A dotted name: `startswith`, `io.jwt.decode`; undefined where a part is no constant text. */
export function dottedName(operator: Term): readonly string[] | undefined {
  if (operator.kind === "variable") return [operator.name];
  if (operator.kind !== "ref" || operator.head.kind !== "variable") return undefined;
  const names = [operator.head.name];
  for (const part of operator.parts) {
    if (part.kind !== "scalar" || typeof part.value !== "string") return undefined;
    names.push(part.value);
  }
  return names;
}

/** OPA's names of what puts an interpolated string together, and of what prints. */
export const TEMPLATE = "internal.template_string";
export const PRINT = "internal.print";
export const INSERTIONS: ReadonlySet<string> = new Set([TEMPLATE, PRINT]);

/** Operators by the name of their built-in. */
export function builtinName(operator: Term): string {
  return (dottedName(operator) ?? []).join(".");
}

/** `["data", "a", "b"]` as `data.a.b`; a path of one name is just its variable. */
export function reference(path: readonly string[], at: Position): Term {
  const [first = "data", ...rest] = path;
  const head = variable(first, at);
  if (rest.length === 0) return head;
  return { kind: "ref", at, head, parts: rest.map((value) => ({ kind: "scalar", value, at })) };
}
