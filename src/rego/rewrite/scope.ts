/**
 * Which variable a name means at a place: names that were declared (`:=`, `some`, `every`,
 * parameters) get a name of their own, so that two of them are never mixed up later.
 */
import type { LoadProblem } from "../errors.ts";
import type { Position } from "../syntax/ast.ts";

type How = "argument" | "assigned" | "declared" | "seen";

interface Local {
  readonly unique: string;
  readonly how: How;
  readonly at: Position;
  used: boolean;
}

/** Between a name as written and the number that makes it unique; no name can contain it. */
const SEPARATOR = "@";

/** A name as its author wrote it; undefined for one that we made. */
export function writtenName(unique: string): string | undefined {
  const end = unique.indexOf(SEPARATOR);
  const written = end < 0 ? unique : unique.slice(0, end);
  return written === "" || written.startsWith("$") ? undefined : written;
}

/** Makes names that nobody else has. */
export class FreshNames {
  #made = 0;

  /** A name of ours, for what has none in the text: `writtenName` of it is undefined. */
  make(written = ""): string {
    this.#made += 1;
    return `${written}${SEPARATOR}${this.#made}`;
  }
}

export class Scopes {
  readonly #fresh: FreshNames;
  readonly #problems: LoadProblem[];
  #frames: Map<string, Local>[] = [];

  constructor(fresh: FreshNames, problems: LoadProblem[]) {
    this.#fresh = fresh;
    this.#problems = problems;
  }

  /** Runs `inside` in a scope of its own; what it declared with `some` must have been used. */
  within<T>(inside: () => T): T {
    this.#frames.push(new Map());
    const result = inside();
    for (const [name, local] of this.#frames.pop() ?? []) this.#checkUse(name, local);
    return result;
  }

  #checkUse(name: string, local: Local): void {
    if (local.how !== "declared" || local.used || name.startsWith("$")) return;
    this.#problem(local.at, `declared var ${name} unused`, "use it, or leave it out");
  }

  /** What a name stands for here, if it is a variable that was met before. */
  lookup(name: string): string | undefined {
    for (let i = this.#frames.length - 1; i >= 0; i -= 1) {
      const local = this.#frames[i]?.get(name);
      if (local === undefined) continue;
      local.used = true;
      return local.unique;
    }
    return undefined;
  }

  /** A variable that nobody declared: it is bound by the first expression that can. */
  see(name: string, at: Position): string {
    this.#top().set(name, { unique: name, how: "seen", at, used: true });
    return name;
  }

  declare(name: string, how: "argument" | "assigned" | "declared", at: Position): string {
    const before = this.#top().get(name);
    if (before !== undefined && !(how === "argument" && before.how === "argument")) {
      this.#problem(at, REDECLARED[before.how](name), "choose another name");
      return before.unique;
    }
    if (before !== undefined) return before.unique;
    const unique = this.#fresh.make(name);
    this.#top().set(name, { unique, how, at, used: false });
    return unique;
  }

  #top(): Map<string, Local> {
    const top = this.#frames.at(-1);
    if (top === undefined) throw new TypeError("no scope is open");
    return top;
  }

  #problem(at: Position, message: string, hint: string): void {
    this.#problems.push({ code: "rego_compile_error", message, at, hint });
  }
}

const REDECLARED: Readonly<Record<How, (name: string) => string>> = {
  seen: (name) => `var ${name} referenced above`,
  assigned: (name) => `var ${name} assigned above`,
  declared: (name) => `var ${name} declared above`,
  argument: (name) => `arg ${name} redeclared`,
};
