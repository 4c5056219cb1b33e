/** What a default rule may say: a value that needs no evaluation, for any operands. */
import type { Position, Term } from "./ast.ts";
import { childrenOf, isDocument } from "./ground.ts";
import type { Written } from "./heads.ts";
import type { Parser } from "./parser.ts";

export function checkDefault(parser: Parser, at: Position, written: Written): void {
  if (written.element !== undefined) {
    const hint = `write \`default ${written.name} := …\``;
    throw parser.error("illegal default rule (must have a value)", at, hint);
  }
  const { value } = written;
  const fault = value === undefined ? undefined : unsettled(value);
  if (fault !== undefined) {
    const hint = "a default is a constant: compute a value in a rule with a body";
    throw parser.error(`illegal default rule (value cannot contain ${fault})`, at, hint);
  }
  checkParameters(parser, at, written.parameters ?? []);
}

/** What in the value would have to be evaluated; comprehensions may. */
function unsettled(value: Term): string | undefined {
  if (value.kind === "variable") return isDocument(value.name) ? "ref" : "var";
  if (value.kind === "ref" || value.kind === "call") return value.kind;
  return childrenOf(value)
    .map(unsettled)
    .find((fault) => fault !== undefined);
}

function checkParameters(parser: Parser, at: Position, parameters: readonly Term[]): void {
  const names = new Set<string>();
  for (const parameter of parameters) {
    if (parameter.kind !== "variable" || isDocument(parameter.name)) {
      const kind = parameter.kind === "variable" ? "ref" : parameter.kind;
      throw parser.error(`illegal default rule (arguments cannot contain ${kind})`, at);
    }
    if (names.has(parameter.name)) {
      const message = `illegal default rule (arguments cannot be repeated ${parameter.name})`;
      throw parser.error(message, at);
    }
    names.add(parameter.name);
  }
}
