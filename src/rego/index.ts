/**
 * Rego, the policy language of OPA, as a library: text to closures, with OPA's answers or none.
 *
 *   const { parseYaml } = host; // for metadata of the modules
 *   const policies = loadModules([parseAnyDialect(text, "authz.rego")], { parseYaml });
 *   const allow = prepareDocument(policies, ["agent", "authz", "allow"]);
 *   allow({ input, data, host, limits, strict: true }); // a value, or undefined
 *
 * It is pure: what it needs from outside (`Host`) and what it may use up (`Limits`) is passed in.
 */
export { type CallPlace, type Visitor, visitRule } from "./checks/visit.ts";
export { evaluableParts } from "./coverage.ts";
export {
  EvaluationError,
  type EvaluationErrorCode,
  LoadError,
  type LoadErrorCode,
  type LoadProblem,
  problemText,
} from "./errors.ts";
export type { Limits } from "./evaluate/budget.ts";
export type { Host } from "./host.ts";
export { type Loaded, type LoadOptions, loadingModules, loadModules } from "./load.ts";
export type { Pieces } from "./pieces.ts";
export {
  type Evaluation,
  prepareAnswer,
  prepareDocument,
  prepareQuery,
  preparingDocument,
  type Question,
  type Solution,
} from "./query.ts";
export type { Body, Dialect, Module, Position, Term } from "./syntax/ast.ts";
export { parseAnyDialect, parseModule, parseQuery } from "./syntax/parse.ts";
export { valueOfJson } from "./values/document.ts";
export { JsonError, jsonText, parseJson } from "./values/json.ts";
export { regoText, type TypeName, typeName } from "./values/text.ts";
export {
  compare,
  EMPTY_OBJECT,
  equal,
  objectOf,
  RegoObject,
  RegoSet,
  setOf,
  type Value,
} from "./values/value.ts";
