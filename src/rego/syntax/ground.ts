/** Whether a term has variables in it. */
import type { Term } from "./ast.ts";

/** `input` and `data` are documents, not variables. */
export function isDocument(name: string): boolean {
  return name === "input" || name === "data";
}

export function isGround(term: Term): boolean {
  if (term.kind === "variable") return isDocument(term.name);
  if (term.kind === "ref") return term.parts.every(isGround);
  if (term.kind === "call") return term.operands.every(isGround);
  return !term.kind.endsWith("comprehension") && childrenOf(term).every(isGround);
}

/** The terms that a collection or a template is written with. */
export function childrenOf(term: Term): readonly Term[] {
  if (term.kind === "array" || term.kind === "set") return term.elements;
  if (term.kind === "object") return term.entries.flat();
  if (term.kind !== "template") return [];
  return term.parts.flatMap((part) => {
    if (typeof part === "string") return [];
    return part.kind === "modified" ? [part.term] : [part];
  });
}
