/** What `with` can replace: the input, documents as a whole, and most functions. */
import { RELATIONS } from "../builtins/known.ts";
import type { LoadProblem } from "../errors.ts";
import { dataPath, nameOf, type RuleNode } from "../rewrite/rule-tree.ts";
import { isRoot } from "../rewrite/terms.ts";
import type { Body, Term } from "../syntax/ast.ts";
import { typeError } from "../types/problems.ts";
import { referenceText } from "../types/reference-text.ts";
import { signatureOf } from "../types/signature.ts";
import { quoted } from "../values/text.ts";
import type { Value } from "../values/value.ts";
import { type Visitor, visitBody } from "./visit.ts";

/** In a query. */
export function wrongReplacementsIn(body: Body, tree: RuleNode): readonly LoadProblem[] {
  const problems: LoadProblem[] = [];
  visitBody(body, findingWrongReplacements(tree, problems));
  return problems;
}

/** In rules or a query with their names resolved. */
export function findingWrongReplacements(tree: RuleNode, problems: LoadProblem[]): Visitor {
  return {
    replacement({ target }) {
      const problem = wrongTarget(target, tree);
      if (problem !== undefined) problems.push(problem);
    },
  };
}

function wrongTarget(target: Term, tree: RuleNode): LoadProblem | undefined {
  const path = dataPath(target);
  if (path !== undefined) return insideRule(target, path, tree);
  if (isRoot(target.kind === "ref" ? target.head : target)) return undefined;
  const name = referenceText(target);
  if (signatureOf(name) !== undefined) return wrongBuiltin(target, name);
  return typeError(
    target.at,
    "with keyword target must reference existing input, data, or a function",
  );
}

/** A rule is replaced with all that it makes: what it made is not known before it is asked. */
function insideRule(target: Term, path: readonly Value[], tree: RuleNode): LoadProblem | undefined {
  const length = target.kind === "ref" ? target.parts.length : 0;
  for (let i = 0; i < Math.min(path.length, length - 1); i += 1) {
    const above = tree.find(path.slice(0, i + 1));
    if (above !== undefined && above.rules.length > 0) {
      const message = "with keyword cannot partially replace virtual document(s)";
      return compileError(target, message, `replace ${nameOf(above)} as a whole`);
    }
  }
  return undefined;
}

/** They are part of the language, or say what this very rule is. */
const FIXED: ReadonlySet<string> = new Set(["eq", "rego.metadata.chain", "rego.metadata.rule"]);

function wrongBuiltin(target: Term, name: string): LoadProblem | undefined {
  const problem = (what: string): LoadProblem =>
    compileError(target, `with keyword replacing built-in function: ${what}`);
  if (FIXED.has(name)) return problem(`replacement of ${quoted(name)} invalid`);
  if (name.startsWith("internal.")) {
    return problem(`replacement of internal function ${quoted(name)} invalid`);
  }
  if (RELATIONS.has(name)) return problem("target must not be a relation");
  if (signatureOf(name)?.result === undefined) return problem("target must not be a void function");
  return undefined;
}

function compileError({ at }: Term, message: string, hint?: string): LoadProblem {
  const problem = { code: "rego_compile_error", message, at } as const;
  return hint === undefined ? problem : { ...problem, hint };
}
