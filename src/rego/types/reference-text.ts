/** References as they are written, for messages: `data.t.p["b c"][x]`. */
import { writtenName } from "../rewrite/scope.ts";
import type { Term } from "../syntax/ast.ts";
import { quoted, regoText } from "../values/text.ts";

export type Reference = Extract<Term, { readonly kind: "ref" }>;

/** Not written after a dot. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "as",
  "contains",
  "default",
  "else",
  "every",
  "false",
  "if",
  "import",
  "in",
  "not",
  "null",
  "package",
  "some",
  "true",
  "with",
]);

/** A reference, or a name alone. */
export function referenceText(term: Term): string {
  if (term.kind !== "ref") return termText(term);
  return termText(term.head) + term.parts.map(partText).join("");
}

function partText(part: Term): string {
  if (part.kind !== "scalar" || typeof part.value !== "string") return `[${termText(part)}]`;
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(part.value) && !KEYWORDS.has(part.value);
  return isName ? `.${part.value}` : `[${quoted(part.value)}]`;
}

function termText(term: Term): string {
  switch (term.kind) {
    case "scalar":
      return regoText(term.value);
    case "variable":
      return writtenName(term.name) ?? "_";
    case "ref":
      return referenceText(term);
    case "array":
      return `[${term.elements.map(termText).join(", ")}]`;
    case "set":
      return term.elements.length === 0 ? "set()" : `{${term.elements.map(termText).join(", ")}}`;
    case "object":
      return `{${term.entries.map((entry) => entry.map(termText).join(": ")).join(", ")}}`;
    case "call":
      return `${referenceText(term.operator)}(${term.operands.map(termText).join(", ")})`;
    case "template":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return "…";
  }
}
