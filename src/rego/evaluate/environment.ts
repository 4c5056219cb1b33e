/** What an evaluation sees: its documents, what `with` replaced, and what it found out already. */
import type { BuiltinCall, BuiltinError } from "../builtins/builtin.ts";
import { EvaluationError } from "../errors.ts";
import type { Position } from "../syntax/ast.ts";
import { EMPTY_OBJECT, equal, type Key, RegoObject, type Value } from "../values/value.ts";
import type { Budget } from "./budget.ts";
import { lookup } from "./lookup.ts";
import { chargeKey } from "./size.ts";

/** What a function answers with; `undefined` is no answer. */
export type Callee = (environment: Environment, operands: readonly Value[]) => Value | undefined;

/** What `with` put in the place of a function. */
export interface Mock {
  readonly answer: Callee;
  /** A rule, which is asked only for its value: where none is wanted the call holds, as in OPA. */
  readonly isRule: boolean;
}

interface Surroundings {
  readonly input: Value | undefined;
  readonly data: Value;
  readonly strict: boolean;
  readonly budget: Budget;
  readonly call: BuiltinCall;
  /** Told the lines and heads that counted, where coverage is wanted. */
  readonly visit: ((at: Position) => void) | undefined;
}

type Path = readonly Value[];

/** A part of the input by constants; undefined for the input itself. */
export interface InputPath {
  readonly number: number;
  readonly parent: InputPath | undefined;
  readonly key: Value;
}

const NO_PATHS: readonly Path[] = [];
const NO_MOCKS: ReadonlyMap<string, Mock> = new Map();

export class Environment {
  readonly input: Value | undefined;
  readonly data: Value;
  readonly strict: boolean;
  readonly budget: Budget;
  readonly call: BuiltinCall;
  readonly visit: ((at: Position) => void) | undefined;
  /** Paths below `data` that `with` replaced: rules there do not count. */
  readonly replaced: readonly Path[];
  /** Functions that `with` replaced, by their dotted names. */
  readonly mocks: ReadonlyMap<string, Mock>;
  /** Values of rules in just this environment. */
  readonly memory = new Map<object, Value | undefined>();
  /** Answers of functions of one plain operand. */
  readonly #answers = new Map<object, Map<Key, Value | undefined>>();
  /** Parts of the input that were found, by the numbers of their paths. */
  readonly #parts: Value[] = [];
  readonly #surroundings: Surroundings;
  #unmocked: Environment | undefined;

  constructor(
    surroundings: Surroundings,
    replaced: readonly Path[] = NO_PATHS,
    mocks: ReadonlyMap<string, Mock> = NO_MOCKS,
  ) {
    this.#surroundings = surroundings;
    this.input = surroundings.input;
    this.data = surroundings.data;
    this.strict = surroundings.strict;
    this.budget = surroundings.budget;
    this.call = surroundings.call;
    this.visit = surroundings.visit;
    this.replaced = replaced;
    this.mocks = mocks;
  }

  answersOf(callable: object): Map<Key, Value | undefined> {
    const known = this.#answers.get(callable);
    if (known !== undefined) return known;
    const answers = new Map<Key, Value | undefined>();
    this.#answers.set(callable, answers);
    return answers;
  }

  /** The part of the input at a path, which is found once. */
  part(path: InputPath | undefined): Value | undefined {
    if (path === undefined) return this.input;
    const known = this.#parts[path.number];
    return known === undefined ? this.#find(path) : known;
  }

  /** From the nearest part around it that was found. */
  #find(path: InputPath): Value | undefined {
    const missing = [path];
    let at: Value | undefined;
    for (let up = path.parent; up !== undefined && at === undefined; up = up.parent) {
      at = this.#parts[up.number];
      if (at === undefined) missing.push(up);
    }
    if (at === undefined) at = this.input;
    for (let next = missing.pop(); next !== undefined && at !== undefined; next = missing.pop()) {
      chargeKey(next.key, this.budget);
      at = lookup(at, next.key);
      if (at !== undefined) this.#parts[next.number] = at;
    }
    return at;
  }

  withInput(path: Path, value: Value): Environment {
    const input = placed(this.input, path, value);
    return new Environment({ ...this.#surroundings, input }, this.replaced, this.mocks);
  }

  withData(path: Path, value: Value): Environment {
    const data = placed(this.data, path, value);
    return new Environment({ ...this.#surroundings, data }, [...this.replaced, path], this.mocks);
  }

  withMock(name: string, mock: Mock): Environment {
    const mocks = new Map(this.mocks).set(name, mock);
    return new Environment(this.#surroundings, this.replaced, mocks);
  }

  /** What `with` put in the place of a function, which is mostly nothing. */
  mockOf(name: string): Mock | undefined {
    return this.mocks.size === 0 ? undefined : this.mocks.get(name);
  }

  /** Inside a function that stands in for another, all functions are themselves again. */
  withoutMocks(): Environment {
    this.#unmocked ??= new Environment(this.#surroundings, this.replaced);
    return this.#unmocked;
  }

  /** Whether `with` replaced the document at `path`, or one that it lies in. */
  isReplaced(path: Path): boolean {
    return this.replaced.some((each) => isPrefix(each, path));
  }

  /** An operand that a built-in could not work with: fatal if strict, else no value. */
  fail(name: string, error: BuiltinError, at: Position): undefined {
    if (!this.strict) return undefined;
    throw new EvaluationError(error.code, `${name}: ${error.message}`, at);
  }
}

function isPrefix(prefix: Path, path: Path): boolean {
  return prefix.length <= path.length && prefix.every((key, i) => equal(key, path[i] ?? null));
}

/** `document` with `value` at `path`; objects that are missing on the way are made. */
function placed(document: Value | undefined, path: Path, value: Value): Value {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object = document instanceof RegoObject ? document : EMPTY_OBJECT;
  return object.with(key, placed(object.get(key), rest, value));
}
