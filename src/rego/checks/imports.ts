/** What is wrong with the imports of a module, and with the names that it gives to its rules. */
import type { LoadProblem } from "../errors.ts";
import type { Import, Module } from "../syntax/ast.ts";

/** Whether a module holds itself to what v1 forbids. */
export function isHeldToV1({ dialect, imports }: Module): boolean {
  return dialect === "v1" || imports.some(({ path }) => path[0] === "rego");
}

/** Imports of language versions and keywords name nothing. */
export function namesSomething({ path }: Import): boolean {
  return path[0] !== "rego" && path[0] !== "future";
}

export function importedName({ path, alias }: Import): string {
  return alias ?? path.at(-1) ?? "";
}

export function importProblems(module: Module): readonly LoadProblem[] {
  if (!isHeldToV1(module)) return [];
  return [...duplicates(module.imports), ...rootNames(module)];
}

function duplicates(imports: readonly Import[]): readonly LoadProblem[] {
  const seen = new Map<string, Import>();
  return imports.flatMap((each) => {
    const name = namesSomething(each) ? importedName(each) : each.path.join(".");
    const before = seen.get(name);
    seen.set(name, each);
    if (before === undefined) return [];
    const message = `import must not shadow import ${before.path.join(".")}`;
    return [problem(message, each, "give one of them an alias with `as`")];
  });
}

function rootNames({ rules, imports }: Module): readonly LoadProblem[] {
  const ofRules = rules
    .filter(({ head }) => ROOTS.has(head.name))
    .map(({ head, at }) =>
      problem(`rules must not shadow ${head.name} (use a different rule name)`, { at }),
    );
  const ofImports = imports
    .filter((each) => each.path.length > 1 && ROOTS.has(importedName(each)))
    .map((each) => problem(`imports must not shadow ${importedName(each)}`, each));
  return [...ofRules, ...ofImports];
}

const ROOTS: ReadonlySet<string> = new Set(["data", "input"]);

function problem(message: string, { at }: Pick<Import, "at">, hint?: string): LoadProblem {
  return { code: "rego_compile_error", message, at, ...(hint === undefined ? {} : { hint }) };
}

/** Imports that nothing in the module uses: an error where it is asked for. */
export function unusedImports(module: Module, used: ReadonlySet<string>): readonly LoadProblem[] {
  return module.imports
    .filter((each) => namesSomething(each) && !used.has(importedName(each)))
    .map((each) => problem(`import ${each.path.join(".")} unused`, each, "remove it"));
}
