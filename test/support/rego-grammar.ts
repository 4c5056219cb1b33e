/**
 * Modules of Rego with an input and base data that make them sometimes true, for a differential run:
 * mostly well formed and safe, some unsafe, recursive or ill-typed. Their names and constants are
 * few, so that comparisons meet, keys collide and rules overlap.
 */
import fc from "fast-check";

export interface RegoCase {
  readonly dialect: "v0" | "v1";
  readonly module: string;
  /** Paths below `data.c` to ask for; the empty one is the whole package. */
  readonly questions: readonly (readonly string[])[];
  /** JSON texts, for their digits count. */
  readonly input: string;
  readonly base: string;
}

/** Draws a whole number below `below`. */
type Draw = (below: number) => number;

/** A module is `lines`; whole definitions are dropped to make a failing case small. */
export function regoCase(): fc.Arbitrary<RegoCase> {
  const number = fc.noBias(fc.nat({ max: 0x7fffffff }));
  return fc.gen().map((gen) => new Writer((below) => gen(() => number) % below).case());
}

type Kind = "value" | "set" | "object" | "function" | "reference";
type Type = "any" | "number" | "text" | "array" | "set" | "object" | "collection" | "boolean";

interface Definition {
  readonly name: string;
  readonly kind: Kind;
  readonly arity: number;
}

const KINDS: readonly Kind[] = ["value", "value", "set", "object", "function", "reference"];
const PREFIXES = { value: "p", set: "s", object: "o", function: "f", reference: "r" } as const;
const NUMBERS = ["0", "1", "2", "3", "-1", "0.1", "0.2", "1.0", "1e3", "2.50", "9007199254740993"];
const TEXTS = ['"a"', '"b"', '"ab"', '"x"', '"1"', '""', '"é😀"', '"a/b"'];
const KEYS = ['"a"', '"b"', '"x"', "1", "true", "[1]", "null", "1.0", '"1"'];
const MEMBERS = ["a", "b", "n", "s", "xs", "o", "t", "missing"];
const COMPARISONS = ["==", "==", "==", "!=", "<", "<=", ">", ">=", "="];

class Writer {
  readonly #draw: Draw;
  readonly #definitions: Definition[] = [];
  #isV2 = false;
  #isV0 = false;
  #made = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  case(): RegoCase {
    this.#isV0 = this.#chance(8);
    this.#isV2 = !this.#isV0 && this.#chance(6);
    const rules: string[] = [];
    const count = 2 + this.#draw(5);
    for (let i = 0; i < count; i += 1) {
      const definition = this.#definition(i);
      if (this.#chance(60)) this.#definitions.push(definition); // recursion
      rules.push(...this.#rules(definition));
      if (!this.#definitions.includes(definition)) this.#definitions.push(definition);
    }
    const imports = this.#isV0 ? ["import future.keywords"] : this.#isV2 ? ["import rego.v2"] : [];
    return {
      dialect: this.#isV0 ? "v0" : "v1",
      module: ["package c", ...imports, ...this.#shuffled(rules)].join("\n\n"),
      questions: this.#questions(),
      input: this.#document(),
      base: this.#document(),
    };
  }

  #questions(): readonly (readonly string[])[] {
    const names = this.#definitions.filter(({ kind }) => kind !== "function");
    const below = names
      .filter(({ kind }) => kind === "object" || kind === "reference")
      .map(({ name }) => [name, this.#one(["a", "b", "x"])]);
    return [[], ...names.map(({ name }) => [name]), ...below];
  }

  /** An object of JSON. */
  #document(): string {
    const members = MEMBERS.filter((name) => name !== "missing" && !this.#chance(8));
    return `{${members.map((name) => `"${name}": ${this.#member(name)}`).join(", ")}}`;
  }

  #member(name: string): string {
    if (this.#chance(12)) return this.#json(2);
    const list = (each: () => string): string =>
      `[${Array.from({ length: this.#draw(4) }, each).join(", ")}]`;
    switch (name) {
      case "n":
        return this.#one(NUMBERS);
      case "s":
        return this.#one(TEXTS);
      case "xs":
        return list(() => this.#one(this.#chance(2) ? NUMBERS : TEXTS));
      case "t":
        return list(() => `[${this.#json(0)}, ${this.#json(0)}]`);
      case "o":
        return this.#jsonObject(1);
      default:
        return this.#json(0);
    }
  }

  #json(depth: number): string {
    const scalars = ["true", "false", "null", ...TEXTS, ...NUMBERS];
    if (depth === 0 || this.#chance(2)) return this.#one(scalars);
    if (this.#chance(2)) return this.#jsonObject(depth - 1);
    return `[${Array.from({ length: this.#draw(3) }, () => this.#json(depth - 1)).join(", ")}]`;
  }

  #jsonObject(depth: number): string {
    const names = ["a", "b", "x", "1"].filter(() => this.#chance(2));
    return `{${names.map((name) => `"${name}": ${this.#json(depth)}`).join(", ")}}`;
  }

  // Rules

  #definition(i: number): Definition {
    const kind = this.#one(KINDS);
    const arity = kind === "function" ? 1 + this.#draw(2) : 0;
    return { name: `${PREFIXES[kind]}${i}`, kind, arity };
  }

  #rules(definition: Definition): string[] {
    const { name, kind, arity } = definition;
    const rules = Array.from({ length: 1 + this.#draw(3) }, () => this.#rule(definition));
    const hasDefault = kind === "value" ? this.#chance(3) : kind === "function" && this.#chance(3);
    if (!hasDefault) return rules;
    const head = kind === "function" ? `${name}(${arity === 1 ? "_" : "_, _"})` : name;
    return [`default ${head} := ${this.#constant()}`, ...rules];
  }

  #rule(definition: Definition): string {
    const bound: string[] = [];
    switch (definition.kind) {
      case "value":
        return this.#chain(definition.name, bound);
      case "function":
        return this.#chain(`${definition.name}(${this.#parameters(definition, bound)})`, bound);
      case "set": {
        const body = this.#body(bound);
        return `${definition.name} contains ${this.#term(bound, "any", 2)} if {\n${body}\n}`;
      }
      case "object": {
        const body = this.#body(bound);
        const key = this.#chance(2) ? this.#nameKey(bound) : this.#term(bound, "text", 1);
        return `${definition.name}[${key}] := ${this.#term(bound, "any", 2)} if {\n${body}\n}`;
      }
      default:
        return this.#referenceRule(definition, bound);
    }
  }

  #chain(head: string, bound: readonly string[]): string {
    const inner = [...bound];
    const body = this.#body(inner);
    const value = this.#chance(3) ? "" : ` := ${this.#value(inner)}`;
    const rule = `${head}${value} if {\n${body}\n}`;
    const otherwise = Array.from({ length: this.#chance(4) ? 1 + this.#draw(2) : 0 }, () => {
      const own = [...bound];
      const text = this.#body(own);
      return ` else := ${this.#value(own)} if {\n${text}\n}`;
    });
    return rule + otherwise.join("");
  }

  /** Rules of one value should mostly agree. */
  #value(bound: readonly string[]): string {
    return this.#chance(3) ? this.#one(["true", "1", '"a"']) : this.#term(bound, "any", 2);
  }

  #parameters({ arity }: Definition, bound: string[]): string {
    return Array.from({ length: arity }, () => {
      if (this.#chance(5)) return this.#constant();
      const name = this.#fresh(bound);
      if (this.#chance(6)) return `[${name}, ${this.#chance(2) ? "_" : this.#fresh(bound)}]`;
      if (this.#chance(10)) return `{"a": ${name}}`;
      return name;
    }).join(", ");
  }

  #referenceRule({ name }: Definition, bound: string[]): string {
    const body = this.#body(bound);
    const parts = Array.from({ length: 1 + this.#draw(2) }, () =>
      this.#chance(2) ? `[${this.#nameKey(bound)}]` : this.#one([".a", ".b"]),
    ).join("");
    if (this.#chance(4)) {
      return `${name}${parts} contains ${this.#term(bound, "any", 1)} if {\n${body}\n}`;
    }
    return `${name}${parts} := ${this.#term(bound, "any", 2)} if {\n${body}\n}`;
  }

  /** This engine refuses 1.0 in the name of a rule. */
  #nameKey(bound: readonly string[]): string {
    const key = this.#key(bound);
    return key === "1.0" && !this.#chance(20) ? "1" : key;
  }

  #key(bound: readonly string[]): string {
    return bound.length > 0 && this.#chance(2) ? this.#one(bound) : this.#one(KEYS);
  }

  // Bodies

  #body(bound: string[], lines = 1 + this.#draw(4)): string {
    const texts: string[] = [];
    for (let i = 0; i < lines; i += 1) texts.push(`\t${this.#line(bound)}`);
    return (this.#chance(25) ? this.#shuffled(texts) : texts).join("\n");
  }

  #line(bound: string[]): string {
    const known = [...bound];
    const line = this.#bareLine(bound);
    if (!this.#chance(9) || line.includes("\n") || line.includes("; ")) return line;
    return `${line} with ${this.#replacement(known)}`;
  }

  #bareLine(bound: string[]): string {
    switch (this.#draw(this.#isV2 ? 17 : 14)) {
      case 0:
      case 1: {
        const term = this.#term(bound, "any", 2);
        return `${this.#fresh(bound)} := ${term}`;
      }
      case 2:
        return this.#someIn(bound);
      case 3:
        return this.#looked(bound);
      case 4:
        return this.#pattern(bound);
      case 5:
        return `not ${this.#condition(bound)}`;
      case 6:
        return this.#every(bound);
      case 7:
        return `some ${this.#fresh(bound)}; ${this.#looked(bound, bound.at(-1))}`;
      case 14:
        return `${this.#operand(bound)} or ${this.#operand(bound)}`;
      case 15:
        return `${this.#operand(bound)} and ${this.#operand(bound)}`;
      case 16:
        return `not {\n${this.#body([...bound], 1 + this.#draw(2))}\n}`;
      default:
        return this.#condition(bound);
    }
  }

  #operand(bound: readonly string[]): string {
    if (this.#chance(2)) return this.#comparison(bound);
    return `{ ${this.#condition(bound)} }`;
  }

  #condition(bound: readonly string[]): string {
    switch (this.#draw(6)) {
      case 0:
        return this.#term(bound, "boolean", 2);
      case 1:
        return this.#reference(bound);
      case 2: {
        const call = this.#call(bound, 2);
        return this.#chance(2) ? call : `${call} == ${this.#term(bound, "any", 1)}`;
      }
      default:
        return this.#comparison(bound);
    }
  }

  #comparison(bound: readonly string[]): string {
    const left = this.#chance(4) ? this.#reference(bound) : this.#untyped(bound);
    const right = this.#chance(4) ? this.#reference(bound) : this.#term(bound, "any", 2);
    const sides = this.#chance(8) ? [right, left] : [left, right];
    return sides.join(` ${this.#one(COMPARISONS)} `);
  }

  #someIn(bound: string[]): string {
    const domain = this.#term(bound, "collection", 2);
    const value = this.#chance(6) ? this.#patternOf(bound) : this.#fresh(bound);
    if (this.#chance(2)) return `some ${value} in ${domain}`;
    return `some ${this.#fresh(bound)}, ${value} in ${domain}`;
  }

  /** A reference that binds a variable on its way. */
  #looked(bound: string[], declared?: string): string {
    const known = [...bound];
    const start = this.#container();
    const key = declared ?? (this.#chance(4) ? this.#one([...known, "_"]) : this.#fresh(bound));
    const more = this.#chance(4) ? `[${this.#chance(2) ? "_" : this.#fresh(bound)}]` : "";
    const reference = `${start}[${key}]${more}`;
    if (this.#chance(3)) return reference;
    if (this.#chance(2))
      return `${reference} ${this.#one(COMPARISONS)} ${this.#term(known, "any", 1)}`;
    return `${this.#fresh(bound)} ${this.#one([":=", "="])} ${reference}`;
  }

  #container(): string {
    const rules = this.#definitions.filter(({ kind }) => kind !== "function");
    if (rules.length > 0 && this.#chance(2)) return this.#named(this.#one(rules).name);
    return this.#one(["input", "input.xs", "input.o", "input.t", "data.base", "data.base.o"]);
  }

  #named(name: string): string {
    return this.#chance(3) ? `data.c.${name}` : name;
  }

  #pattern(bound: string[]): string {
    const known = [...bound];
    const pattern = this.#patternOf(bound);
    const source = this.#pick([
      () => this.#reference(known),
      () => this.#reference(known),
      () => `input.t[${this.#one(["0", "1", "_"])}]`,
      () => this.#term(known, pattern.startsWith("[") ? "array" : "object", 2),
    ]);
    // Constants cannot be assigned to.
    const isAssignable = !/[[ ](1|"a")[\],}]/.test(pattern) && this.#chance(2);
    return `${pattern} ${isAssignable ? ":=" : "="} ${source}`;
  }

  #patternOf(bound: string[]): string {
    const part = (): string =>
      this.#chance(4) ? this.#one(["_", "1", '"a"']) : this.#fresh(bound);
    return this.#pick([
      () => `[${part()}, ${part()}]`,
      () => `{"a": ${part()}}`,
      () => `[${part()}, [${part()}]]`,
    ]);
  }

  /** A variable of `every` that nothing uses is an error. */
  #every(bound: readonly string[]): string {
    const inner = [...bound];
    const domain = this.#term(bound, "collection", 1);
    const names = [this.#fresh(inner), ...(this.#chance(2) ? [this.#fresh(inner)] : [])];
    const uses = names.map(
      (name) => `${name} ${this.#one(COMPARISONS)} ${this.#term(inner, "any", 1)}\n`,
    );
    const rest = this.#chance(2) ? `${this.#line(inner)}\n` : "";
    return `every ${names.join(", ")} in ${domain} {\n${uses.join("")}${rest}}`;
  }

  #replacement(bound: readonly string[]): string {
    const value = this.#term(bound, "any", 1);
    const functions = this.#definitions.filter(({ kind }) => kind === "function");
    const rules = this.#definitions.filter(({ kind }) => kind !== "function");
    const targets = ["input", "input.a", "input.o.x", "data.base", "data.base.o", "data.base.o.a"];
    switch (this.#draw(5)) {
      case 0:
        if (rules.length === 0) break;
        return `data.c.${this.#one(rules).name} as ${value}`;
      case 1:
        return `${this.#one(["count", "startswith", "lower"])} as ${value}`;
      case 2:
        if (functions.length === 0) break;
        return `${this.#one(functions).name} as ${this.#chance(2) ? value : this.#one(functions).name}`;
      default:
    }
    const rest = this.#chance(5) ? ` with ${this.#one(targets)} as ${this.#constant()}` : "";
    return `${this.#one(targets)} as ${value}${rest}`;
  }

  // Terms

  #term(bound: readonly string[], type: Type, depth: number): string {
    if (this.#chance(70)) return this.#constant();
    if (bound.length > 0 && this.#chance(3)) return this.#one(bound);
    if (this.#chance(3)) return this.#untyped(bound);
    if (this.#chance(6)) return this.#reference(bound);
    switch (type) {
      case "any":
        return this.#any(bound, depth);
      case "number":
        return this.#number(bound, depth);
      case "text":
        return this.#text(bound, depth);
      case "boolean":
        return this.#boolean(bound, depth);
      case "collection":
        return this.#term(bound, this.#one(["array", "set", "object"] as const), depth);
      default:
        return this.#composite(bound, type, depth);
    }
  }

  #any(bound: readonly string[], depth: number): string {
    if (this.#chance(2)) return this.#untyped(bound);
    if (depth <= 0 || this.#chance(3)) return this.#constant();
    const types = ["number", "text", "boolean", "array", "set", "object"] as const;
    return this.#term(bound, this.#one(types), depth - 1);
  }

  #constant(): string {
    switch (this.#draw(6)) {
      case 0:
        return this.#one(["true", "false", "null"]);
      case 1:
      case 2:
        return this.#one(NUMBERS);
      case 3:
        return this.#one(["[]", "{}", "set()", '["a", 1]', '{"a": 1}', "{1, 2}", '{[1]: "a"}']);
      default:
        return this.#one(TEXTS);
    }
  }

  #number(bound: readonly string[], depth: number): string {
    if (depth <= 0 || this.#chance(3)) return this.#one(NUMBERS);
    const number = (): string => this.#term(bound, "number", depth - 1);
    const several = (): string => this.#term(bound, "array", depth - 1);
    return this.#pick([
      () => `${number()} ${this.#one(["+", "-", "*", "/", "%"])} ${number()}`,
      () => `(${number()} ${this.#one(["+", "-", "*"])} ${number()})`,
      () => `count(${this.#term(bound, "collection", depth - 1)})`,
      () => `${this.#one(["abs", "round", "ceil", "floor"])}(${number()})`,
      () => `${this.#one(["sum", "product", "max", "min", "count"])}(${several()})`,
      () => `to_number(${this.#term(bound, "text", depth - 1)})`,
      () => `indexof(${this.#term(bound, "text", 0)}, ${this.#term(bound, "text", 0)})`,
    ]);
  }

  #text(bound: readonly string[], depth: number): string {
    if (depth <= 0 || this.#chance(3)) return this.#one(TEXTS);
    const text = (): string => this.#term(bound, "text", depth - 1);
    const any = (): string => this.#term(bound, "any", depth - 1);
    return this.#pick([
      () => `concat(${this.#one(['"-"', '""'])}, ${this.#term(bound, "array", depth - 1)})`,
      () => `${this.#one(["lower", "upper"])}(${text()})`,
      () => `sprintf("%v:%v", [${any()}, ${any()}])`,
      () => `type_name(${any()})`,
      () => `json.marshal(${any()})`,
      () => `substring(${text()}, ${this.#one(["0", "1", "-1", "input.n"])}, 1)`,
      () => `trim(${text()}, "a")`,
      () => `replace(${text()}, "a", ${text()})`,
      () => this.#interpolated(bound),
    ]);
  }

  #interpolated(bound: readonly string[]): string {
    const inserted = (): string => {
      const term = this.#chance(2) ? this.#reference(bound) : this.#term(bound, "number", 1);
      return term.includes('"') ? "input.a" : term;
    };
    if (this.#isV0) return '"v0"';
    return `$"<{${inserted()}}|{${inserted()}}>"`;
  }

  #boolean(bound: readonly string[], depth: number): string {
    if (depth <= 0) return this.#reference(bound);
    const text = (): string => this.#term(bound, "text", depth - 1);
    const any = (): string => this.#term(bound, "any", depth - 1);
    return this.#pick([
      () => `${this.#one(["startswith", "endswith", "contains"])}(${text()}, ${text()})`,
      () => `${this.#one(["is_string", "is_number", "is_set", "is_object", "is_array"])}(${any()})`,
      () => `${any()} in ${this.#term(bound, "collection", depth - 1)}`,
      () => `${this.#one(KEYS)}, ${any()} in ${this.#term(bound, "collection", depth - 1)}`,
      () => `(${any()} ${this.#one(["==", "!=", "<", ">="])} ${any()})`,
      () => `regex.match("^a", ${text()})`,
      () => `glob.match("a*", [], ${text()})`,
    ]);
  }

  #composite(bound: readonly string[], type: Type, depth: number): string {
    const any = (): string => this.#term(bound, "any", depth - 1);
    const many = (each: () => string): string =>
      Array.from({ length: 1 + this.#draw(2) }, each).join(", ");
    const pair = (): string =>
      `${this.#chance(4) && depth > 0 ? this.#term(bound, "text", depth - 1) : this.#key(bound)}: ${any()}`;
    if (depth > 0 && this.#chance(3)) return this.#comprehension(bound, type, depth);
    if (type === "array") {
      return this.#pick([
        () => `[${many(any)}]`,
        () => `[${many(any)}]`,
        () => `split(${this.#term(bound, "text", 0)}, ${this.#one(['""', '"/"'])})`,
        () => `array.concat(${this.#term(bound, "array", 0)}, ${this.#term(bound, "array", 0)})`,
        () => `sort(${this.#term(bound, "set", 0)})`,
        () => `numbers.range(${this.#one(["0", "1", "3"])}, ${this.#one(["1", "2"])})`,
        () => `input.xs`,
      ]);
    }
    if (type === "set") {
      return this.#pick([
        () => `{${many(any)}}`,
        () => "set()",
        () => `({${many(any)}} ${this.#one(["|", "&", "-"])} ${this.#term(bound, "set", 0)})`,
        () => `object.keys(${this.#term(bound, "object", 0)})`,
      ]);
    }
    return this.#pick([
      () => `{${many(pair)}}`,
      () => `{${many(pair)}}`,
      () => `object.union(${this.#term(bound, "object", 0)}, ${this.#term(bound, "object", 0)})`,
      () => `object.remove(${this.#term(bound, "object", 0)}, ["a"])`,
      () => `object.get(${this.#term(bound, "object", 0)}, ${this.#one(KEYS)}, ${any()})`,
      () => "input.o",
    ]);
  }

  #comprehension(bound: readonly string[], type: Type, depth: number): string {
    const inner = [...bound];
    const body = [this.#someLine(inner), ...(this.#chance(2) ? [this.#line(inner)] : [])]
      .join("; ")
      .replaceAll("{\n", "{ ")
      .replaceAll("\n}", " }")
      .replaceAll("\n", "; ");
    const value = this.#term(inner, "any", depth - 1);
    if (type === "array") return `[${this.#headed(value)} | ${body}]`;
    if (type === "set") return `{${this.#headed(value)} | ${body}}`;
    return `{${this.#key(inner)}: ${this.#headed(value)} | ${body}}`;
  }

  /** `|` in a head would begin the body. */
  #headed(value: string): string {
    return value.includes("|") || value.includes(" in ") ? `(${value})` : value;
  }

  #someLine(bound: string[]): string {
    return this.#chance(2) ? this.#someIn(bound) : this.#looked(bound);
  }

  /** What the type checker knows nothing about. */
  #untyped(bound: readonly string[]): string {
    if (bound.length > 0 && this.#chance(3)) return this.#one(bound);
    const start = `${this.#one(["input", "input", "data.base"])}.${this.#one(MEMBERS)}`;
    return this.#chance(4) ? `${start}[${this.#key(bound)}]` : start;
  }

  #reference(bound: readonly string[]): string {
    const rules = this.#definitions.filter(({ kind }) => kind !== "function");
    const start =
      rules.length > 0 && !this.#chance(3)
        ? this.#ofRule(this.#one(rules), bound)
        : this.#chance(4)
          ? `data.base.${this.#one(MEMBERS)}`
          : `input.${this.#one(MEMBERS)}`;
    if (!this.#chance(12)) return start;
    return this.#chance(2)
      ? `${start}.${this.#one(["a", "b", "x"])}`
      : `${start}[${this.#key(bound)}]`;
  }

  #ofRule({ name, kind }: Definition, bound: readonly string[]): string {
    const start = this.#named(name);
    if (kind === "value" || this.#chance(3)) return start;
    const key =
      bound.length > 0 && !this.#chance(4) ? `[${this.#one(bound)}]` : `[${this.#key(bound)}]`;
    return kind === "reference" && this.#chance(2) ? `${start}.a${key}` : `${start}${key}`;
  }

  #call(bound: readonly string[], depth: number): string {
    const functions = this.#definitions.filter(({ kind }) => kind === "function");
    if (functions.length === 0) return this.#term(bound, "boolean", depth);
    const { name, arity } = this.#one(functions);
    const takes = this.#chance(60) ? arity + 1 : arity;
    const operands = Array.from({ length: takes }, () => this.#term(bound, "any", depth - 1));
    return `${this.#named(name)}(${operands.join(", ")})`;
  }

  // Choices

  #fresh(bound: string[]): string {
    if (this.#chance(150) && bound.length > 0) return this.#one(bound);
    this.#made += 1;
    const name = `v${this.#made}`;
    bound.push(name);
    return name;
  }

  #chance(oneIn: number): boolean {
    return this.#draw(oneIn) === oneIn - 1;
  }

  #one<T>(all: readonly T[]): T {
    const found = all[this.#draw(all.length)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  }

  #pick(all: readonly (() => string)[]): string {
    return this.#one(all)();
  }

  #shuffled<T>(all: readonly T[]): T[] {
    const left = [...all];
    const result: T[] = [];
    while (left.length > 0) result.push(...left.splice(this.#draw(left.length), 1));
    return result;
  }
}
