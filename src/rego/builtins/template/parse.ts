/** Templates to trees. */
import { type Piece, piecesOf, refusedTemplate } from "./tokens.ts";
import { type Block, DOT, type Expression, type Node, ROOT } from "./tree.ts";

export function parseTemplate(template: string): readonly Node[] {
  const parser = new Parser(piecesOf(template));
  const nodes = parser.nodes();
  if (!parser.atEnd) throw refusedTemplate("an {{else}} or {{end}} without a beginning");
  return nodes;
}

class Parser {
  readonly #pieces: readonly Piece[];
  #at = 0;
  /** Names in scope, the innermost last. */
  #names: readonly string[] = [ROOT];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  get atEnd(): boolean {
    return this.#at >= this.#pieces.length;
  }

  /** Up to an `else` or `end`, or to the end of the template. */
  nodes(): readonly Node[] {
    const names = this.#names;
    const nodes: Node[] = [];
    for (let piece = this.#piece(); piece !== undefined; piece = this.#piece()) {
      if (piece.kind === "action" && ["else", "end"].includes(piece.tokens[0] ?? "")) break;
      this.#at += 1;
      nodes.push(piece.kind === "text" ? piece : this.#action(piece.tokens));
    }
    this.#names = names;
    return nodes;
  }

  #piece(): Piece | undefined {
    return this.#pieces[this.#at];
  }

  #action(tokens: readonly string[]): Node {
    const [word = "", ...rest] = tokens;
    if (isBlock(word)) return this.#block(word, rest);
    const { names, what } = this.#declaration(tokens);
    const [name, second] = names;
    if (name === undefined) return { kind: "print", what };
    if (second !== undefined) throw refusedTemplate("a declaration of two variables");
    this.#names = [...this.#names, name];
    return { kind: "declare", name, what };
  }

  #block(kind: Block["kind"], tokens: readonly string[]): Node {
    const { names, what } = this.#declaration(tokens);
    if (names.length > (kind === "range" ? 2 : 1)) throw refusedTemplate("so many variables");
    const around = this.#names;
    this.#names = [...around, ...names];
    const body = this.nodes();
    const otherwise = this.#otherwise(kind);
    this.#names = around;
    return { kind, names, what, body, otherwise };
  }

  /** The `else` of a block, and its `end`. `else if` is a block of its own, which has that end. */
  #otherwise(kind: Block["kind"]): readonly Node[] {
    const piece = this.#piece();
    if (piece?.kind !== "action") throw refusedTemplate("a block without an {{end}}");
    this.#at += 1;
    const [word, next = "", ...rest] = piece.tokens;
    if (word === "end" && next === "") return [];
    if (word === "else" && next === kind && kind !== "range") return [this.#block(kind, rest)];
    if (word !== "else" || next !== "") throw refusedTemplate(`{{${piece.tokens.join(" ")}}}`);
    const nodes = this.nodes();
    const end = this.#piece();
    if (end?.kind !== "action" || end.tokens.join(" ") !== "end") {
      throw refusedTemplate("an {{else}} without an {{end}}");
    }
    this.#at += 1;
    return nodes;
  }

  /** `$i, $x := …`, or just an expression. */
  #declaration(tokens: readonly string[]): Pick<Block, "names" | "what"> {
    const sign = tokens.indexOf(":=");
    const names = tokens.slice(0, Math.max(0, sign)).filter((_, i) => i % 2 === 0);
    const isList = sign < 2 || (sign === 3 && tokens[1] === ",");
    if (!isList || sign === 0 || !names.every((name) => /^\$\w+$/.test(name))) {
      throw refusedTemplate(`{{${tokens.join(" ")}}}`);
    }
    return { names, what: new ExpressionParser(tokens.slice(sign + 1), this.#names).whole() };
  }
}

function isBlock(word: string): word is Block["kind"] {
  return word === "if" || word === "with" || word === "range";
}

/** How many operands each function takes. */
const FUNCTIONS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  and: [1, Number.POSITIVE_INFINITY],
  or: [1, Number.POSITIVE_INFINITY],
  not: [1, 1],
  eq: [2, 2],
  ne: [2, 2],
  len: [1, 1],
  index: [2, 2],
};

class ExpressionParser {
  readonly #tokens: readonly string[];
  readonly #names: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[], names: readonly string[]) {
    this.#tokens = tokens;
    this.#names = names;
  }

  whole(): Expression {
    const expression = this.#expression();
    if (this.#at < this.#tokens.length) throw refusedTemplate(`{{${this.#tokens.join(" ")}}}`);
    return expression;
  }

  #expression(): Expression {
    const name = this.#tokens[this.#at] ?? "";
    if (!Object.hasOwn(FUNCTIONS, name)) return this.#operand();
    this.#at += 1;
    const operands: Expression[] = [];
    while (this.#at < this.#tokens.length && !this.#closes()) operands.push(this.#operand());
    const [min, max] = FUNCTIONS[name] ?? [0, 0];
    if (operands.length >= min && operands.length <= max) return { kind: "call", name, operands };
    throw refusedTemplate(`${name} with ${operands.length} arguments`);
  }

  #closes(): boolean {
    return this.#tokens[this.#at]?.startsWith(")") === true;
  }

  #operand(): Expression {
    const token = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    if (token === "(") {
      const inner = this.#expression();
      if (!this.#closes()) throw refusedTemplate("an open parenthesis");
      const fields = (this.#tokens[this.#at] ?? "").slice(1);
      this.#at += 1;
      return fieldsOf(inner, fields);
    }
    if (/^[.$]/.test(token)) return this.#path(token);
    return literal(token);
  }

  #path(token: string): Expression {
    const name = /^\$?\w*/.exec(token)?.[0] ?? DOT;
    if (name !== DOT && !this.#names.includes(name)) throw refusedTemplate(`the variable ${name}`);
    const fields = token.slice(name.length);
    return fieldsOf({ kind: "variable", name }, fields === "." ? "" : fields);
  }
}

function fieldsOf(of: Expression, path: string): Expression {
  const names = path.split(".").slice(1);
  return names.reduce<Expression>((inner, name) => ({ kind: "field", of: inner, name }), of);
}

function literal(token: string): Expression {
  if (token === "true" || token === "false") return { kind: "boolean", value: token === "true" };
  if (/^(?:0|[1-9][0-9]{0,8})$/.test(token)) return { kind: "whole", value: Number(token) };
  if (token.startsWith("`")) return { kind: "text", text: token.slice(1, -1) };
  // Escapes that JSON has too; the others are few.
  if (/^"(?:[^\\]|\\[\\"nrtbf]|\\u[0-9a-fA-F]{4})*"$/.test(token)) {
    return { kind: "text", text: String(JSON.parse(token)) };
  }
  throw refusedTemplate(token === "" ? "an action without an argument" : token);
}
