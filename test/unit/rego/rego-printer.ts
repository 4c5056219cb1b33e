/** Rego of v1 from its syntax tree: for tests alone, with parentheses wherever they may be. */
import type {
  Block,
  Body,
  Expression,
  Head,
  Module,
  Rule,
  Term,
  With,
} from "../../../src/rego/syntax/ast.ts";
import { numberText } from "../../../src/rego/values/number.ts";
import type { Value } from "../../../src/rego/values/value.ts";

const SIGNS: Readonly<Record<string, string>> = {
  assign: ":=",
  eq: "=",
  equal: "==",
  neq: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  plus: "+",
  minus: "-",
  mul: "*",
  div: "/",
  rem: "%",
  and: "&",
  or: "|",
};

export function moduleText({ package: [, ...names], imports, rules }: Module): string {
  const path = ([first, ...rest]: readonly string[]) =>
    `${first}${rest.map((each) => `[${JSON.stringify(each)}]`).join("")}`;
  const used = imports.map(
    (each) => `import ${path(each.path)}${each.alias === undefined ? "" : ` as ${each.alias}`}`,
  );
  return [`package ${path(names)}`, ...used, ...rules.map(ruleText), ""].join("\n");
}

function ruleText({ isDefault, head, body, otherwise }: Rule): string {
  const own = `${isDefault ? "default " : ""}${headText(head)}${ifText(body)}`;
  return otherwise === undefined ? own : `${own}${elseText(otherwise)}`;
}

function elseText({ head, body, otherwise }: Rule): string {
  const own = ` else${assignedText(head)}${ifText(body)}`;
  return otherwise === undefined ? own : `${own}${elseText(otherwise)}`;
}

function ifText(body: Body): string {
  return body.length === 0 ? "" : ` if ${bodyText(body)}`;
}

function headText(head: Head): string {
  const { name, path, parameters, kind, value } = head;
  const parts = path.map((part) => `[${termText(part)}]`).join("");
  const operands = parameters === undefined ? "" : `(${listText(parameters)})`;
  if (kind === "set") return `${name}${parts} contains ${termText(value)}`;
  return `${name}${parts}${operands}${assignedText(head)}`;
}

function assignedText({ assigned, value }: Head): string {
  return assigned === undefined ? "" : ` ${assigned} ${termText(value)}`;
}

function bodyText(body: Body): string {
  return `{\n${body.map(expressionText).join("\n")}\n}`;
}

function expressionText(expression: Expression): string {
  const negated = expression.negated ? "not " : "";
  return `${negated}${plainText(expression)}${expression.with.map(withText).join("")}`;
}

function withText({ target, value }: With): string {
  return ` with ${termText(target)} as ${termText(value)}`;
}

function plainText(expression: Expression): string {
  switch (expression.kind) {
    case "term":
      return equationText(expression.term) ?? bareText(expression.term);
    case "some":
      return `some ${expression.names.map(({ name }) => name).join(", ")}`;
    case "some-in": {
      const key = expression.key === undefined ? "" : `${termText(expression.key)}, `;
      return `some ${key}${termText(expression.value)} in ${termText(expression.domain)}`;
    }
    case "every": {
      const key = expression.key === undefined ? "" : `${termText(expression.key)}, `;
      const { value, domain, body } = expression;
      return `every ${key}${termText(value)} in ${termText(domain)} ${bodyText(body)}`;
    }
    case "not-body":
      return `not ${blockText(expression.body)}`;
    default: {
      const { kind, left, right } = expression;
      return `${blockText(left)} ${kind} ${blockText(right)}`;
    }
  }
}

/** Without parentheses an expression may begin with a keyword's name; a union needs them. */
function bareText(term: Term): string {
  const text = termText(term);
  const bare = term.kind === "call" && term.infix && term.operator.kind === "variable";
  return bare && term.operator.name !== "or" ? text.slice(1, -1) : text;
}

/** `:=` and `=` make no term that parentheses could be around. */
function equationText(term: Term): string | undefined {
  if (term.kind !== "call" || !term.infix || term.operator.kind !== "variable") return undefined;
  const { name } = term.operator;
  const [left, right] = term.operands;
  if ((name !== "assign" && name !== "eq") || left === undefined || right === undefined) {
    return undefined;
  }
  return `${termText(left)} ${SIGNS[name]} ${termText(right)}`;
}

function blockText({ explicit, body }: Block): string {
  if (explicit) return bodyText(body);
  return body.map(operandText).join("");
}

function operandText(expression: Expression): string {
  if (expression.kind === "term" && !expression.negated && expression.with.length === 0) {
    return equationText(expression.term) ?? `(${termText(expression.term)})`;
  }
  if (expression.kind === "term" && expression.negated) return expressionText(expression);
  return `(${expressionText(expression)})`;
}

export function termText(term: Term): string {
  switch (term.kind) {
    case "scalar":
      return scalarText(term.value);
    case "variable":
      return term.name.startsWith("$") ? "_" : term.name;
    case "ref":
      return `${termText(term.head)}${term.parts.map((part) => `[${termText(part)}]`).join("")}`;
    case "call":
      return term.infix
        ? infixText(term)
        : `${termText(term.operator)}(${listText(term.operands)})`;
    case "array":
      return `[${listText(term.elements)}]`;
    case "set":
      return term.elements.length === 0 ? "set()" : `{${listText(term.elements)}}`;
    case "object":
      return `{${term.entries.map(([key, value]) => `${termText(key)}: ${termText(value)}`).join(", ")}}`;
    case "array-comprehension":
      return `[${termText(term.term)} | ${linesText(term.body)}]`;
    case "set-comprehension":
      return `{${termText(term.term)} | ${linesText(term.body)}}`;
    case "object-comprehension":
      return `{${termText(term.key)}: ${termText(term.value)} | ${linesText(term.body)}}`;
    case "template":
      return `$"${term.parts.map(partText).join("")}"`;
  }
}

function linesText(body: Body): string {
  return body.map(expressionText).join("\n");
}

function infixText({ operator, operands }: Extract<Term, { kind: "call" }>): string {
  if (operator.kind !== "variable") {
    const texts = operands.map(termText);
    return `(${texts.slice(0, -1).join(", ")} in ${texts.at(-1)})`;
  }
  return `(${operands.map(termText).join(` ${SIGNS[operator.name]} `)})`;
}

function partText(part: Extract<Term, { kind: "template" }>["parts"][number]): string {
  if (typeof part === "string") return JSON.stringify(part).slice(1, -1).replaceAll("{", "\\{");
  if (part.kind === "modified")
    return `{${termText(part.term)}${part.with.map(withText).join("")}}`;
  return `{${termText(part)}}`;
}

function scalarText(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" || "text" in value) return numberText(value);
  throw new TypeError("only scalars are written as they are");
}

function listText(terms: readonly Term[]): string {
  return terms.map(termText).join(", ");
}
