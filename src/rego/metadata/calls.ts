/** `rego.metadata.rule()` and `rego.metadata.chain()` are known at load: calls become constants. */
import { LoadError } from "../errors.ts";
import { builtinName, mapExpression, mapTerm, type TermMap } from "../rewrite/terms.ts";
import type { Head, Module, Position, Rule, Term } from "../syntax/ast.ts";
import { RegoObject, type Value } from "../values/value.ts";
import type { Annotated } from "./annotated.ts";

/** A rule whose names are resolved, with what it asks of its metadata; `else` is asked apart. */
export function withMetadata(rule: Rule, module: Module, annotated: Annotated | undefined): Rule {
  const map: TermMap = {
    term: (term) => {
      const answer = answerTo(term);
      if (answer === undefined) return mapTerm(term, map);
      if (annotated === undefined) throw withoutYaml(term.at);
      const value = answer === "rule" ? annotated.ofRule(rule) : annotated.chain(rule, module);
      return constant(value, term.at);
    },
    body: (body) => body.map((each) => mapExpression(each, map)),
  };
  const { head, otherwise } = rule;
  const own: Rule = { ...rule, body: map.body(rule.body), head: mapHead(head, map) };
  if (otherwise === undefined) return own;
  return { ...own, otherwise: withMetadata(otherwise, module, annotated) };
}

function mapHead(head: Head, map: TermMap): Head {
  const { path, parameters, value } = head;
  const mapped = { ...head, path: path.map(map.term), value: map.term(value) };
  return parameters === undefined ? mapped : { ...mapped, parameters: parameters.map(map.term) };
}

function answerTo(term: Term): "rule" | "chain" | undefined {
  if (term.kind !== "call" || term.infix || term.operands.length > 0) return undefined;
  const name = builtinName(term.operator);
  if (name === "rego.metadata.rule") return "rule";
  return name === "rego.metadata.chain" ? "chain" : undefined;
}

function withoutYaml(at: Position): LoadError {
  const message = "rego.metadata is not supported where no YAML is read";
  return new LoadError([{ code: "rego_unsupported_error", message, at }]);
}

function constant(value: Value, at: Position): Term {
  if (value instanceof RegoObject) {
    const entries = value.entries().map((pair) => {
      const [key, each] = pair;
      return [constant(key, at), constant(each, at)] as const;
    });
    return { kind: "object", at, entries };
  }
  if (!Array.isArray(value)) return { kind: "scalar", at, value };
  return { kind: "array", at, elements: value.map((each: Value) => constant(each, at)) };
}
