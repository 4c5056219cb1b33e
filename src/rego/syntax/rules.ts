/** Rules: a head, its body or bodies, and what `else` offers instead. */
import { SIGNATURES } from "../builtins/signatures.ts";
import { regoText } from "../values/text.ts";
import type { Body, Head, Position, Rule, Term } from "./ast.ts";
import { checkDefault } from "./defaults.ts";
import { isGround } from "./ground.ts";
import { headOf, isOldSet, type Written, writtenHead } from "./heads.ts";
import { wordHint } from "./hints.ts";
import type { Parser } from "./parser.ts";

/** One rule, or several when several bodies follow its head. */
export function rules(parser: Parser): readonly Rule[] {
  const at = parser.position;
  if (!parser.beginsReference() && parser.takesKeyword("default")) return [defaultRule(parser, at)];
  const written = ruleHead(parser);
  const usesIf = parser.takesKeyword("if");
  const body = usesIf ? bodyBehindIf(parser) : plainBody(parser);
  if (body === undefined) return [withoutBody(parser, at, written)];
  if (!usesIf) needsIf(parser, written, at);
  const first: Rule = { at, isDefault: false, head: headOf(written, usesIf), body };
  if (isOldSet(written, usesIf)) needsContains(parser, written, at);
  const chain = otherwise(parser, written, { rule: first, usesIf });
  return [chain, ...furtherBodies(parser, chain)];
}

function ruleHead(parser: Parser): Written {
  if (parser.beginsReference()) parser.readThisAsName();
  if (parser.isAtName()) return writtenHead(parser);
  const { kind, text } = parser.token;
  if (kind !== "name") throw parser.unexpected();
  throw parser.error(`${text} keyword cannot be used for rule name`);
}

function defaultRule(parser: Parser, at: Position): Rule {
  const written = ruleHead(parser);
  checkDefault(parser, at, written);
  return { at, isDefault: true, head: headOf(written, true), body: [] };
}

function plainBody(parser: Parser): Body | undefined {
  return parser.takes("{") ? parser.grammar.body(parser, "}") : undefined;
}

/** One expression or a body in braces: braces that could be a set are a body. */
function bodyBehindIf(parser: Parser): Body {
  if (!parser.isAt("{")) return [parser.grammar.literal(parser)];
  if (!parser.isPlainBlock()) {
    const mark = parser.mark();
    const tried = parser.attempt(() => parser.grammar.literal(parser));
    if ("made" in tried && !isSet(tried.made)) return [tried.made];
    parser.reset(mark);
  }
  parser.advance();
  return parser.grammar.body(parser, "}");
}

function isSet(expression: Body[number]): boolean {
  return expression.kind === "term" && expression.term.kind === "set";
}

/** A statement of a head alone. */
function withoutBody(parser: Parser, at: Position, written: Written): Rule {
  const { path, parameters, element, value } = written;
  const head = headOf(written, false);
  const rule: Rule = { at, isDefault: false, head, body: [] };
  if (element !== undefined) return rule;
  if (written.spaced) throw nameAlone(parser, at, written.name);
  if (parser.isAt(";")) {
    const hint = "no `;` between rules or after them";
    throw parser.error("multiple expressions cannot be used for rule head", at, hint);
  }
  if (value !== undefined) return rule;
  if (parameters !== undefined) {
    if (isBuiltin(written)) throw parser.error("rule name conflicts with built-in function", at);
    if (parameters.length > 0) return rule;
    throw parser.error("rule argument list must take at least one argument", at);
  }
  if (path.length === 0) throw nameAlone(parser, at, written.name);
  if (path.length === 1) needsContains(parser, written, at);
  else v1Only(parser, at, { message: "rule must have value assignment and/or body declaration" });
  return rule;
}

function isBuiltin({ name, path }: Written): boolean {
  const parts = path.map((part) => (part.kind === "scalar" ? part.value : undefined));
  return Object.hasOwn(SIGNATURES, [name, ...parts].join("."));
}

const HEAD_FIRST = "a rule begins with its name: `p := …`, `p if { … }`, `f(x) := …`";

function nameAlone(parser: Parser, at: Position, name: string) {
  const { kind, text, newline } = parser.token;
  if (kind === "illegal") return parser.unexpected();
  const misread = kind === "name" && (text === "if" || text === "contains");
  const value = kind === "name" && !newline ? HEAD_FIRST : `write \`${name} := …\``;
  const hint = misread ? wordHint(text) : (wordHint(name) ?? value);
  return parser.error("var cannot be used for rule name", at, hint);
}

function needsIf(parser: Parser, written: Written, at: Position): void {
  const what = written.parameters === undefined ? "rule" : "function";
  const hint = isOldSet(written, false) ? undefined : ifHint(written);
  v1Only(parser, at, { message: `\`if\` keyword is required before ${what} body`, hint });
}

/** `{ a } or { b }` reads like a second rule, whose name is `or`. */
function ifHint(written: Written): string {
  const isOperator = written.name === "and" || written.name === "or";
  const other = isOperator ? wordHint(written.name) : undefined;
  return other ?? `write \`${shownHead(written)} if { … }\``;
}

function needsContains(parser: Parser, written: Written, at: Position): void {
  const hint = `write \`${written.name} contains ${shownElement(written)} if { … }\``;
  v1Only(parser, at, { message: "`contains` keyword is required for partial set rules", hint });
}

/** As it would have to be written; terms that are not names are left out. */
function shownHead({ name, path, parameters, value }: Written): string {
  const parts = path.map((part) => (part.kind === "scalar" ? `.${part.value}` : "[…]")).join("");
  const operands = parameters === undefined ? "" : `(${parameters.map(shownTerm).join(", ")})`;
  return name + parts + operands + (value === undefined ? "" : ` := ${shownTerm(value)}`);
}

function shownElement({ path }: Written): string {
  const [element] = path;
  return element === undefined ? "…" : shownTerm(element);
}

function shownTerm(term: Term): string {
  if (term.kind === "scalar") return regoText(term.value);
  return term.kind === "variable" && !term.name.startsWith("$") ? term.name : "…";
}

function v1Only(
  parser: Parser,
  at: Position,
  { message, hint }: { readonly message: string; readonly hint?: string | undefined },
): void {
  parser.v1Problems.push(parser.problem(message, at, hint));
}

/** The rule with its chain of `else`. */
function otherwise(
  parser: Parser,
  written: Written,
  { rule, usesIf }: { readonly rule: Rule; readonly usesIf: boolean },
): Rule {
  if (!parser.isAtKeyword("else") || parser.beginsReference()) return rule;
  const { head } = rule;
  if (!head.path.every(isGround)) {
    throw parser.error("else keyword cannot be used on rules with variables in head");
  }
  const keyed = !usesIf && head.path.length === 1 && head.parameters === undefined;
  if (head.kind === "set" || keyed) {
    throw parser.error("else keyword cannot be used on multi-value rules");
  }
  return { ...rule, otherwise: elseRule(parser, written) };
}

function elseRule(parser: Parser, written: Written): Rule {
  const depth = parser.enter();
  const at = parser.position;
  parser.advance();
  const head = elseHead(parser, written, at);
  const usesIf = parser.takesKeyword("if");
  const body = usesIf && !parser.isAt("{") ? [parser.grammar.literal(parser)] : plainBody(parser);
  const rule: Rule = { at, isDefault: false, head, body: body ?? [] };
  if (body !== undefined && !usesIf) needsIf(parser, written, at);
  const more = body !== undefined && parser.isAtKeyword("else");
  const whole = more ? { ...rule, otherwise: elseRule(parser, written) } : rule;
  parser.leave(depth);
  return whole;
}

function elseHead(parser: Parser, written: Written, at: Position): Head {
  const { assigned: _, value: __, ...rest } = written;
  const head = { ...renewed(parser, rest), at };
  if (parser.isAt("{") || parser.isAtKeyword("if")) return headOf(head, true);
  const assigned = parser.isAt(":=") ? ":=" : "=";
  if (!parser.isAt(":=") && !parser.isAt("=")) {
    throw parser.unexpected("expected else value term or rule body");
  }
  parser.advance();
  return headOf({ ...head, assigned, value: parser.grammar.infix(parser, false) }, true);
}

/** Each head has wildcards of its own. */
function renewed(parser: Parser, written: Written): Written {
  const { parameters } = written;
  if (parameters === undefined) return written;
  return { ...written, parameters: parameters.map((each) => withOwnWildcard(parser, each)) };
}

function withOwnWildcard(parser: Parser, term: Term): Term {
  if (term.kind !== "variable" || !term.name.startsWith("$")) return term;
  return { ...term, name: parser.wildcard() };
}

/** `p { … } { … }`: each body is a rule with the same head. */
function furtherBodies(parser: Parser, first: Rule): readonly Rule[] {
  const found: Rule[] = [];
  while (parser.isAt("{")) {
    if (first.otherwise !== undefined) throw parser.error("expected else keyword");
    const at = parser.position;
    parser.advance();
    const body = parser.grammar.body(parser, "}");
    found.push({ at, isDefault: false, head: repeatedHead(parser, first.head, at), body });
  }
  return found;
}

/** What is wrong with it is wrong at the body it stands for here. */
function repeatedHead(parser: Parser, head: Head, at: Position): Head {
  const repeated = { ...head, at, value: { ...head.value, at } };
  if (head.parameters === undefined) return repeated;
  const own = head.parameters.map((each) => ({ ...withOwnWildcard(parser, each), at }));
  return { ...repeated, parameters: own };
}
