/** Reads the notation of the built-ins' signatures (src/rego/builtins/signatures.ts). */
import { SIGNATURES } from "../builtins/signatures.ts";
import {
  ANY,
  arrayType,
  BOOLEAN,
  either,
  type FunctionType,
  functionType,
  type Maybe,
  NULL,
  NUMBER,
  objectType,
  type Property,
  STRING,
  setType,
  type Type,
} from "./type.ts";

const SIMPLE: ReadonlyMap<string, Type> = new Map([
  ["any", ANY],
  ["boolean", BOOLEAN],
  ["null", NULL],
  ["number", NUMBER],
  ["string", STRING],
]);

const WORD = /^\w+$/;

const read = new Map<string, FunctionType>();

/** Of a built-in; undefined: OPA has none of that name. */
export function signatureOf(name: string): FunctionType | undefined {
  const known = read.get(name);
  if (known !== undefined) return known;
  if (!Object.hasOwn(SIGNATURES, name)) return undefined;
  const signature = readSignature(SIGNATURES[name] ?? "");
  read.set(name, signature);
  return signature;
}

export function readSignature(text: string): FunctionType {
  const reader = new Reader(text);
  const signature = reader.signature();
  reader.end();
  return signature;
}

/** Reads from left to right, one method for each form. */
class Reader {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = text.match(/\w+|\.\.\.|\S/g) ?? [];
  }

  /** `(A, B...) C` */
  signature(): FunctionType {
    this.#expect("(");
    const parameters: Type[] = [];
    let more: Maybe;
    while (!this.#skip(")")) {
      const type = this.#type();
      if (this.#skip("...")) more = type;
      else parameters.push(type);
      this.#skip(",");
    }
    const result = this.#tokens[this.#next] === undefined ? undefined : this.#type();
    return functionType({ parameters, more, result });
  }

  end(): void {
    if (this.#next < this.#tokens.length) throw this.#wrong("the end");
  }

  /** `A | B` */
  #type(): Type {
    let type = this.#single();
    while (this.#skip("|")) type = either(type, this.#single()) ?? ANY;
    return type;
  }

  #single(): Type {
    if (this.#skip("[")) return arrayType(this.#until("]"));
    if (this.#skip("{")) return this.#object();
    const name = this.#word();
    const simple = SIMPLE.get(name);
    if (simple !== undefined) return simple;
    this.#expect("<");
    const [first, second] = this.#until(">");
    if (name === "array") return arrayType([], first);
    if (name === "set") return setType(first);
    if (name === "object") return objectType([], { key: first, value: second });
    throw this.#wrong("a type");
  }

  /** `A, B` and the closing sign. */
  #until(close: string): readonly Type[] {
    const types: Type[] = [];
    while (!this.#skip(close)) {
      types.push(this.#type());
      this.#skip(",");
    }
    return types;
  }

  /** `a: A, [K]: V}` */
  #object(): Type {
    const properties: Property[] = [];
    let rest: { key: Type; value: Type } | undefined;
    while (!this.#skip("}")) {
      if (this.#skip("[")) {
        const key = this.#type();
        this.#expect("]");
        this.#expect(":");
        rest = { key, value: this.#type() };
      } else {
        const key = this.#word();
        this.#expect(":");
        properties.push({ key, type: this.#type() });
      }
      this.#skip(",");
    }
    return objectType(properties, rest);
  }

  #word(): string {
    const token = this.#tokens[this.#next];
    if (token === undefined || !WORD.test(token)) throw this.#wrong("a word");
    this.#next += 1;
    return token;
  }

  #skip(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#skip(token)) throw this.#wrong(token);
  }

  #wrong(expected: string): TypeError {
    const rest = this.#tokens.slice(this.#next).join(" ");
    return new TypeError(`a signature needs ${expected} before: ${rest}`);
  }
}
