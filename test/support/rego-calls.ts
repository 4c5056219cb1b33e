/** Calls of built-ins as policies write them, without the evaluator: for tables of tests. */
import { type BuiltinCall, BuiltinError } from "../../src/rego/builtins/builtin.ts";
import { GENERAL } from "../../src/rego/builtins/general.ts";
import { WALK } from "../../src/rego/builtins/walk.ts";
import { EvaluationError } from "../../src/rego/errors.ts";
import type { Call, Term } from "../../src/rego/syntax/ast.ts";
import { parseTerm } from "../../src/rego/syntax/parse.ts";
import { regoText } from "../../src/rego/values/text.ts";
import { objectOf, setOf, type Value } from "../../src/rego/values/value.ts";

/** A call that counts what it is charged, and may use no more than `limit`. */
export function countingCall(limit = 1_000_000): BuiltinCall & { charged: number } {
  return {
    charged: 0,
    charge(units) {
      this.charged += units;
      if (!(this.charged <= limit)) throw new EvaluationError("eval_limit_error", "charged");
    },
    memory: () => new Map(),
    print: () => undefined,
    get host(): never {
      throw new Error("these built-ins need no host");
    },
  };
}

/** What `text` answers: the values in Rego's own text, `undefined`, or the error behind a `!`. */
export function answerOf(text: string, call = countingCall()): string {
  const term = parseTerm(text);
  if (term.kind !== "call") throw new Error(`no call: ${text}`);
  try {
    const answers = solutions(term, call);
    return answers.length === 0 ? "undefined" : answers.map(regoText).join(", ");
  } catch (error) {
    if (error instanceof BuiltinError) return `! ${error.code}: ${error.message}`;
    if (error instanceof EvaluationError) return `!! ${error.message}`;
    throw error;
  }
}

function solutions(term: Call, call: BuiltinCall): readonly Value[] {
  const operands = term.operands.map((operand) => groundValue(operand, call));
  const name = nameOf(term.operator);
  const relation = WALK[name];
  if (relation !== undefined) return [...relation(operands, call)];
  const run = GENERAL[name];
  if (run === undefined) throw new Error(`no such built-in: ${name}`);
  const value = run(operands, call);
  return value === undefined ? [] : [value];
}

function nameOf(operator: Term): string {
  if (operator.kind === "variable") return operator.name;
  if (operator.kind !== "ref") throw new Error("no name of a built-in");
  const parts = operator.parts.map((part) => (part.kind === "scalar" ? String(part.value) : "?"));
  return [nameOf(operator.head), ...parts].join(".");
}

/** Of a term without variables. */
function groundValue(term: Term, call: BuiltinCall): Value {
  const inner = (each: Term): Value => groundValue(each, call);
  if (term.kind === "scalar") return term.value;
  if (term.kind === "array") return term.elements.map(inner);
  if (term.kind === "set") return setOf(term.elements.map(inner));
  if (term.kind === "object") return objectOf(term.entries.map(([k, v]) => [inner(k), inner(v)]));
  if (term.kind === "call") return solutions(term, call)[0] ?? null;
  throw new Error(`no ground term: ${term.kind}`);
}
