/**
 * Comparisons that can never hold: the gateway writes names of databases in small letters before a
 * policy sees them, so that one with a capital equals nothing, and its `not` allows everything.
 */
import { type CallPlace, type Module, type Term, type Value, visitRule } from "../../rego/index.ts";
import type { Problem } from "./problems.ts";

/** Of these, which operands may be the name and which the literal does not matter. */
const COMPARISONS: ReadonlySet<string> = new Set([
  ...["eq", "equal", "neq", "internal.member_2"],
  ...["contains", "endswith", "startswith", "strings.any_prefix_match", "strings.any_suffix_match"],
]);

export function foldedComparisons(module: Module): readonly Problem[] {
  const found: Problem[] = [];
  const names = new FoldedNames(module);
  const call = ({ call: { operands, operator }, at }: CallPlace): void => {
    if (!COMPARISONS.has(operatorName(operator))) return;
    const name = operands.map((operand) => names.written(operand)).find((each) => each !== null);
    const literal = operands.flatMap(textsIn).find(hasCapital);
    if (name !== undefined && name !== null && literal !== undefined) {
      found.push(problem({ at, name, literal }));
    }
  };
  for (const rule of module.rules) visitRule(rule, { call });
  return found;
}

interface Found {
  readonly at: CallPlace["at"];
  readonly name: string;
  readonly literal: string;
}

function problem({ at: { col, file, row }, literal, name }: Found): Problem {
  return {
    ...{ level: "warning", file, row, col, code: "policy.never-matches" },
    message: `${name} is always in small letters, and never matches ${JSON.stringify(literal)}`,
    hint: `Write ${JSON.stringify(literal.toLowerCase())}.`,
  };
}

class FoldedNames {
  /** What the module calls the resource, beside `input.resource`. */
  readonly #aliases = new Map<string, readonly string[]>();

  constructor({ imports }: Module) {
    for (const { alias, path } of imports) {
      if (path[0] === "input") this.#aliases.set(alias ?? path.at(-1) ?? "", path);
    }
  }

  /** `input.resource.table_name`, or null for what is no name that is folded. */
  written(term: Term): string | null {
    const path = this.#pathOf(term);
    const [root, resource, attribute, ...rest] = path;
    if (root !== "input" || resource !== "resource" || rest.length > 0) return null;
    return attribute !== undefined && /(?:^|_)name$/.test(attribute) ? path.join(".") : null;
  }

  #pathOf(term: Term): readonly string[] {
    if (term.kind === "variable") return this.#aliases.get(term.name) ?? [term.name];
    if (term.kind !== "ref") return [];
    const parts = term.parts.map((part) => (part.kind === "scalar" ? part.value : null));
    const names = parts.filter((part) => typeof part === "string");
    return names.length < parts.length ? [] : [...this.#pathOf(term.head), ...names];
  }
}

function operatorName(term: Term): string {
  if (term.kind === "variable") return term.name;
  if (term.kind !== "ref") return "";
  const parts = term.parts.map((part) => (part.kind === "scalar" ? part.value : ""));
  return [operatorName(term.head), ...parts].join(".");
}

/** Of a literal, and of the elements of one. */
function textsIn(term: Term): readonly string[] {
  if (term.kind === "scalar") return isText(term.value) ? [term.value] : [];
  return term.kind === "array" || term.kind === "set" ? term.elements.flatMap(textsIn) : [];
}

function isText(value: Value): value is string {
  return typeof value === "string";
}

function hasCapital(text: string): boolean {
  return text !== text.toLowerCase();
}
