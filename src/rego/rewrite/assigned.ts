/** The left side of `:=`: all of its variables are new. */
import type { Position, Term } from "../syntax/ast.ts";
import { typeName } from "../values/text.ts";

export interface Assigning {
  /** The unique name of a variable that is declared here. */
  declare(name: string, at: Position): string;
  /** The key of an object is not assigned to; it is looked up. */
  key(term: Term): Term;
  problem(at: Position, message: string): void;
}

export function assignedPattern(term: Term, assigning: Assigning): Term {
  const inner = (each: Term): Term => assignedPattern(each, assigning);
  switch (term.kind) {
    case "variable":
      return { ...term, name: assigning.declare(term.name, term.at) };
    case "array":
      return { ...term, elements: term.elements.map(inner) };
    case "object": {
      const entries = term.entries.map(
        ([key, value]) => [assigning.key(key), inner(value)] as const,
      );
      return { ...term, entries };
    }
    case "scalar":
      assigning.problem(term.at, `cannot assign to ${typeName(term.value)}`);
      return term;
    default:
      assigning.problem(term.at, `cannot assign to ${KINDS[term.kind]}`);
      return term;
  }
}

const KINDS = {
  ref: "ref",
  call: "call",
  set: "set",
  "array-comprehension": "arraycomprehension",
  "set-comprehension": "setcomprehension",
  "object-comprehension": "objectcomprehension",
  template: "templatestring",
} as const;
