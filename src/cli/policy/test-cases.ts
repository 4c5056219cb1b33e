/**
 * Cases of one test, as OPA 1.x has them: `test_add[note] if { some note, tc in cases; … }` is one
 * test for each `note`. One that fails leaves nothing behind in the value of its rule, so each case
 * is announced as soon as its name is known, by a line that the body prints.
 */
import {
  type Body,
  jsonText,
  type Module,
  parseJson,
  RegoObject,
  type Term,
  type Value,
} from "../../rego/index.ts";

type Rule = Module["rules"][number];
type Expression = Body[number];

/** Nobody prints that by accident. */
const MARK = "\u0000case ";

/** A test with cases: what stands in its brackets are variables of its body. */
export function hasCases({ head }: Rule): boolean {
  const { kind, parameters, path } = head;
  if (kind !== "value" || parameters !== undefined) return false;
  return path.length > 0 && path.every((part) => part.kind === "variable");
}

/** The module, with what announces the cases of those of its rules that are tests. */
export function announcing(module: Module, isTest: (rule: Rule) => boolean): Module {
  const rules = module.rules.map((rule) =>
    isTest(rule) && hasCases(rule) ? { ...rule, body: announced(rule) } : rule,
  );
  return { ...module, rules };
}

/** After the line that names the last of them; where that binds nothing yet, rewriting waits. */
function announced({ body, head }: Rule): Body {
  const missing = new Set(head.path.flatMap((part) => (part.kind === "variable" ? part.name : [])));
  const at = body.findIndex((expression) => {
    for (const name of namesIn(expression)) missing.delete(name);
    return missing.size === 0;
  });
  const last = body[at];
  if (last === undefined) return body;
  return [...body.slice(0, at + 1), announcement(head.path, last), ...body.slice(at + 1)];
}

/** `print("…case ", json.marshal([a, b]))` */
function announcement(path: readonly Term[], { at }: Expression): Expression {
  const name = (text: string): Term => ({ kind: "variable", name: text, at });
  const scalar = (value: Value): Term => ({ kind: "scalar", value, at });
  const call = (operator: Term, operands: readonly Term[]): Term => {
    return { kind: "call", operator, operands, infix: false, at };
  };
  const marshal: Term = { kind: "ref", head: name("json"), parts: [scalar("marshal")], at };
  const names: Term = { kind: "array", elements: path.map((part) => ({ ...part, at })), at };
  const term = call(name("print"), [scalar(MARK), call(marshal, [names])]);
  return { kind: "term", term, at, negated: false, with: [] };
}

/** Of every variable that the line mentions, in whatever depth: it is as deep as it was written. */
function namesIn(written: unknown): readonly string[] {
  if (typeof written !== "object" || written === null) return [];
  const own = isVariable(written) ? [written.name] : [];
  return [...own, ...Object.values(written).flatMap(namesIn)];
}

function isVariable(value: object): value is { readonly name: string } {
  return "kind" in value && value.kind === "variable" && "name" in value;
}

/** A case that began, and what was printed until the next one did. */
export interface Begun {
  readonly path: readonly Value[];
  readonly output: readonly string[];
}

/** Each once, in the order in which they began: as many as an evaluation has steps for. */
export function begunIn(printed: readonly string[]): readonly Begun[] {
  const begun = new Map<string, { path: readonly Value[]; output: string[] }>();
  let output: string[] = [];
  for (const line of printed) {
    if (!line.startsWith(MARK)) {
      output.push(line);
      continue;
    }
    const path = parseJson(line.slice(MARK.length).trimStart());
    const key = jsonText(path);
    const known = begun.get(key) ?? { path: Array.isArray(path) ? path : [], output: [] };
    begun.set(key, known);
    output = known.output;
  }
  return [...begun.values()];
}

/** `test_add[one][2]` */
export function caseName(test: string, path: readonly Value[]): string {
  const names = path.map((part) => (typeof part === "string" ? part : jsonText(part)));
  return `${test}${names.map((name) => `[${name}]`).join("")}`;
}

/** What the rule has at this case; undefined: nothing. */
export function caseValue(whole: Value | undefined, path: readonly Value[]): Value | undefined {
  let value = whole;
  for (const part of path) value = value instanceof RegoObject ? value.get(part) : undefined;
  return value;
}
