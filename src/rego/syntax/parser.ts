/**
 * Where in a module's tokens its parser is, and what all parts of the grammar share: keywords,
 * wildcards, how deep it is, and what was read already.
 */
import { LoadError, type LoadProblem } from "../errors.ts";
import type { Body, Dialect, Expression, Position, Term } from "./ast.ts";
import { scan } from "./scanner.ts";
import { ALWAYS, type Comment, SIGN_NAMES, SINCE_V1, type Token } from "./tokens.ts";

/** The parts of the grammar call one another in circles: by this table, so that files do not. */
export interface Grammar {
  /** A term without infix operators around it. */
  readonly term: (parser: Parser) => Term;
  /** With infix operators; in a list a comma ends it, so `k, v in xs` is not one there. */
  readonly infix: (parser: Parser, inList: boolean) => Term;
  /** Expressions up to the sign `end`, which is passed too. */
  readonly body: (parser: Parser, end: string) => Body;
  readonly literal: (parser: Parser) => Expression;
}

export interface Source {
  readonly text: string;
  readonly file: string;
  readonly dialect: Dialect;
}

/** Deeper nesting is refused: no honest policy has it, and the stack has an end. */
const DEPTH_MAX = 500;

/** Names that go on with the expression before them. */
const CONTINUING: ReadonlySet<string> = new Set(["in", "with", "and", "or"]);

/** What was made of the text, or why nothing was, and the token that was come to. */
export type Attempt<T> =
  | { readonly made: T; readonly end: number }
  | { readonly error: LoadError; readonly end: number };

export class Parser {
  readonly file: string;
  readonly dialect: Dialect;
  readonly grammar: Grammar;
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
  /** What is wrong in v1 alone: refused once the module is known to be held to it. */
  readonly v1Problems: LoadProblem[] = [];
  /** Whether `not` takes a body. */
  notBodies = false;
  readonly #keywords: Set<string>;
  /**
   * Terms by where they begin: what is read twice for its two meanings is read only once. One that
   * begins with a keyword as its name has a negative place of its own.
   */
  readonly #known = new Map<number, Attempt<Term>>();
  #index = 0;
  /** Where a keyword is not one, for a reference begins with it. */
  #plainName = -1;
  #depth = 0;
  #wildcards = 0;

  constructor({ text, file, dialect }: Source, grammar: Grammar) {
    const { tokens, comments } = scan(text);
    this.file = file;
    this.dialect = dialect;
    this.grammar = grammar;
    this.comments = comments;
    this.tokens = tokens;
    this.#keywords = new Set(dialect === "v1" ? [...ALWAYS, ...SINCE_V1] : ALWAYS);
  }

  get token(): Token {
    return this.#tokenAt(this.#index);
  }

  get following(): Token {
    return this.#tokenAt(this.#index + 1);
  }

  #tokenAt(index: number): Token {
    const token = this.tokens[Math.min(index, this.tokens.length - 1)];
    if (token === undefined) throw new RangeError("a text has at least the token of its end");
    return token;
  }

  get atEnd(): boolean {
    return this.token.kind === "end";
  }

  get position(): Position {
    return this.at(this.token);
  }

  at({ row, col }: Token): Position {
    return { file: this.file, row, col };
  }

  advance(): Token {
    const token = this.token;
    this.#index += 1;
    return token;
  }

  isAt(sign: string): boolean {
    return this.token.kind === "sign" && this.token.text === sign;
  }

  /** Whether the sign follows what is before it with nothing in between. */
  touches(sign: string): boolean {
    return this.isAt(sign) && !this.token.spaced;
  }

  takes(sign: string): boolean {
    if (!this.isAt(sign)) return false;
    this.#index += 1;
    return true;
  }

  expect(sign: string, note: string): void {
    if (!this.takes(sign)) throw this.unexpected(note);
  }

  isKeyword(word: string): boolean {
    return this.#keywords.has(word);
  }

  isAtKeyword(word: string): boolean {
    const { kind, text } = this.token;
    return kind === "name" && text === word && this.#keywords.has(word) && !this.#isPlain();
  }

  takesKeyword(word: string): boolean {
    if (!this.isAtKeyword(word)) return false;
    this.#index += 1;
    return true;
  }

  /** Whether a variable may begin here. */
  isAtName(): boolean {
    const { kind, text } = this.token;
    return kind === "name" && (!this.#keywords.has(text) || this.#isPlain());
  }

  #isPlain(): boolean {
    return this.#plainName === this.#index;
  }

  /** A keyword that `.` or `[` follows at once is the name a reference begins with. */
  beginsReference(): boolean {
    const { kind } = this.token;
    const { kind: next, text, spaced } = this.following;
    return kind === "name" && next === "sign" && !spaced && (text === "." || text === "[");
  }

  readKeywordAsName(): void {
    if (this.beginsReference()) this.#plainName = this.#index;
  }

  readThisAsName(): void {
    this.#plainName = this.#index;
  }

  addKeywords(words: readonly string[]): void {
    for (const word of words) {
      this.#keywords.add(word);
      if (word === "every") this.#keywords.add("in");
      if (word === "not") this.notBodies = true;
    }
  }

  /** `_` means another variable wherever it is written. */
  wildcard(): string {
    this.#wildcards += 1;
    return `$${this.#wildcards - 1}`;
  }

  /** To be given back to `leave`. */
  enter(): number {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.error("nested too deeply");
    return this.#depth - 1;
  }

  leave(depth: number): void {
    this.#depth = depth;
  }

  /**
   * Whether the braces that open here can be no more than a set of one element, and nothing that
   * goes on with an expression follows them: most bodies are told by that, without an attempt.
   */
  isPlainBlock(): boolean {
    // `{}` is an object.
    if (this.isSignAt(this.#index + 1, "}")) return false;
    let depth = 0;
    for (let i = this.#index; i < this.tokens.length; i += 1) {
      const { kind, text } = this.#tokenAt(i);
      if (kind === "template") return false;
      if (kind !== "sign") continue;
      if ("([{".includes(text)) depth += 1;
      else if (")]}".includes(text)) depth -= 1;
      else if (depth === 1 && ",:|".includes(text)) return false;
      if (depth === 0) return this.#beginsAnew(this.#tokenAt(i + 1));
    }
    return false;
  }

  #beginsAnew({ kind, newline, text }: Token): boolean {
    return kind === "end" || (kind === "name" && newline && !CONTINUING.has(text));
  }

  mark(): number {
    return this.#index;
  }

  reset(mark: number): void {
    this.#index = mark;
  }

  /** What `read` makes of the text; where that fails nothing was passed. */
  attempt<T>(read: () => T): Attempt<T> {
    const mark = this.#index;
    const depth = this.#depth;
    try {
      return { made: read(), end: this.#index };
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      const end = this.#index;
      this.#index = mark;
      this.#depth = depth;
      return { error, end };
    }
  }

  /** Reads a term once, however often it is asked for. */
  once(read: () => Term): Term {
    const start = this.#isPlain() ? -1 - this.#index : this.#index;
    const known = this.#known.get(start) ?? this.attempt(read);
    this.#known.set(start, known);
    this.#index = known.end;
    if ("error" in known) throw known.error;
    return known.made;
  }

  isSignAt(index: number, sign: string): boolean {
    const { kind, text } = this.#tokenAt(index);
    return kind === "sign" && text === sign;
  }

  error(message: string, at: Position = this.position, hint?: string): LoadError {
    return new LoadError([this.problem(message, at, hint)]);
  }

  problem(message: string, at: Position, hint?: string): LoadProblem {
    const problem = { code: "rego_parse_error", message, at } as const;
    return hint === undefined ? problem : { ...problem, hint };
  }

  unexpected(note?: string): LoadError {
    const { kind, text } = this.token;
    if (kind === "illegal") return this.error(text);
    const message = `unexpected ${this.#tokenName()}`;
    return this.error(note === undefined ? message : `${message}: ${note}`);
  }

  #tokenName(): string {
    const { kind, text } = this.token;
    if (kind === "name") return this.#keywords.has(text) ? `${text} keyword` : "identifier token";
    if (kind === "sign") return `${SIGN_NAMES[text] ?? text} token`;
    if (kind === "end") return "eof token";
    return `${kind === "text" ? "string" : kind} token`;
  }
}
