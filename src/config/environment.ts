/** `${NAME}` in a value is the environment variable NAME; `$${` is a literal `${`. */
import type { Issue } from "./configuration.ts";
import { lineOf, type Path, pathText, type Source } from "./source.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One use of the environment by a file. */
export interface Use {
  readonly path: Path;
  readonly name: string;
  readonly value: string;
}

export interface Substituted {
  readonly value: unknown;
  readonly uses: readonly Use[];
  readonly issues: readonly Issue[];
}

/** Put the environment into all values of a file. What it puts in is not looked at again. */
export function substitute(source: Source, environment: Environment): Substituted {
  const uses: Use[] = [];
  const issues: Issue[] = [];

  const textOf = (text: string, path: Path): string =>
    text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (written, name: string | undefined) => {
      if (written === "$${") return "${";
      const value = name === undefined ? undefined : environment[name];
      const named = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(written);
      if (named && name !== undefined && value) {
        uses.push({ path, name, value });
        return value;
      }
      issues.push(named ? unset(source, path, name ?? "") : misspelt(source, path));
      return written;
    });

  const replace = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return textOf(value, path);
    if (Array.isArray(value)) return value.map((item, index) => replace(item, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, replace(item, [...path, key])]),
    );
  };

  return { value: replace(source.raw, []), uses, issues };
}

function unset(source: Source, path: Path, name: string): Issue {
  return {
    file: source.file,
    line: lineOf(source, path),
    path: pathText(path),
    got: `\${${name}}, which is not set`,
    expected: `the environment variable ${name}`,
    hint: `Set ${name} before the gateway starts; write $\${ for a literal \${.`,
  };
}

function misspelt(source: Source, path: Path): Issue {
  return {
    file: source.file,
    line: lineOf(source, path),
    path: pathText(path),
    got: "a $ and a brace that name no variable",
    expected: `\${NAME} with letters, digits and underscores`,
    hint: "Write $${ for a literal ${.",
  };
}
