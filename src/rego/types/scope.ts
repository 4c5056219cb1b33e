/** What is known where an expression stands: of its variables and of documents. */
import type { Expression, Term } from "../syntax/ast.ts";
import type { Documents } from "./documents.ts";
import { constantOf, eitherOf, typeAlong, typeOfValue } from "./parts.ts";
import { Subjects } from "./subjects.ts";
import {
  ANY,
  arrayType,
  either,
  type Maybe,
  type ObjectType,
  objectType,
  type Property,
  STRING,
  setType,
  type Type,
} from "./type.ts";

/** What holds throughout a rule. */
interface Whole {
  /** What is known of comprehensions, whose own bodies are checked before what they stand in. */
  readonly comprehensions: Map<Term, Maybe>;
  readonly subjects: Subjects;
}

export class Scope {
  /** Undefined: anything may be there. */
  readonly documents: Documents | undefined;
  /** Of the bodies that this one is in, and last its own. */
  readonly #variables: readonly Map<string, Type>[];
  readonly #rule: Whole;

  private constructor(
    documents: Documents | undefined,
    variables: readonly Map<string, Type>[],
    rule: Whole,
  ) {
    this.documents = documents;
    this.#variables = variables;
    this.#rule = rule;
  }

  static of(documents: Documents): Scope {
    return new Scope(documents, [new Map()], {
      comprehensions: new Map(),
      subjects: new Subjects(),
    });
  }

  /** For the body of a comprehension: what is learned there of a variable holds only there. */
  inner(): Scope {
    return new Scope(this.documents, [...this.#variables, new Map()], this.#rule);
  }

  /**
   * For one expression. Where it replaces a document of rules or a function, what rules make of it
   * is not what was learned of them: anything may be there.
   */
  at(expression: Expression): Scope {
    if (!expression.with.some(({ target }) => isOfData(target))) return this;
    return new Scope(undefined, this.#variables, this.#rule);
  }

  get subjects(): Subjects {
    return this.#rule.subjects;
  }

  learn(variable: string, type: Maybe): void {
    if (type !== undefined) this.#variables.at(-1)?.set(variable, type);
  }

  learnComprehension(term: Term, type: Maybe): void {
    this.#rule.comprehensions.set(term, type);
  }

  typeOf(term: Term): Maybe {
    switch (term.kind) {
      case "scalar":
        return typeOfValue(term.value);
      case "template":
        return STRING;
      case "variable":
        return this.#typeOfReference(term, []);
      case "ref":
        return this.#typeOfReference(term.head, term.parts);
      case "array":
        return arrayType(term.elements.map((each) => this.typeOf(each)));
      case "set":
        return setType(eitherOf(term.elements.map((each) => this.typeOf(each))));
      case "object":
        return this.#typeOfObject(term.entries);
      case "array-comprehension":
      case "set-comprehension":
      case "object-comprehension":
        return this.#rule.comprehensions.get(term);
      case "call":
        return undefined;
    }
  }

  variable(name: string): Maybe {
    for (let i = this.#variables.length - 1; i >= 0; i -= 1) {
      const type = this.#variables[i]?.get(name);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  #typeOfReference(head: Term, parts: readonly Term[]): Maybe {
    if (head.kind !== "variable") return typeAlong(this.typeOf(head), parts);
    if (head.name === "input") return ANY;
    if (head.name !== "data") return typeAlong(this.variable(head.name), parts);
    return this.documents === undefined ? ANY : this.documents.typeAt(parts);
  }

  #typeOfObject(entries: readonly (readonly [Term, Term])[]): Type {
    const properties: Property[] = [];
    let rest: ObjectType["rest"];
    for (const [key, value] of entries) {
      const name = constantOf(key);
      const type = this.typeOf(value);
      if (name !== undefined) properties.push({ key: name, type });
      else rest = { key: either(rest?.key, this.typeOf(key)), value: either(rest?.value, type) };
    }
    return objectType(properties, rest);
  }
}

function isOfData(target: Term): boolean {
  const head = target.kind === "ref" ? target.head : target;
  return head.kind === "variable" && head.name === "data";
}
