/** Which terms need no evaluation once their variables are bound. */
import type { Term } from "../syntax/ast.ts";

/** A constant or a variable. */
export function isPlain(term: Term): boolean {
  return term.kind === "scalar" || term.kind === "variable";
}

/** Whether a term is there as soon as its variables are: it has no reference, no comprehension. */
export function isEvaluated(term: Term): boolean {
  switch (term.kind) {
    case "scalar":
    case "variable":
      return true;
    case "array":
    case "set":
      return term.elements.every(isEvaluated);
    case "object":
      return term.entries.every(([key, value]) => isEvaluated(key) && isEvaluated(value));
    default:
      return false;
  }
}
