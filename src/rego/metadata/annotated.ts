/** Which metadata belongs to which rule, document and package. */
import { LoadError, type LoadErrorCode, type LoadProblem } from "../errors.ts";
import { constantPrefix } from "../rewrite/rule-tree.ts";
import type { Annotation, Module, Position, Rule } from "../syntax/ast.ts";
import { regoText } from "../values/text.ts";
import { EMPTY_OBJECT, objectOf, type Value } from "../values/value.ts";
import { type Metadata, metadataValue, readMetadata } from "./reading.ts";

interface Attached {
  readonly at: Position;
  readonly scope: string;
  readonly read: Metadata;
  readonly path: readonly string[];
}

type Target =
  | { readonly kind: "package" | "import"; readonly at: Position }
  | { readonly kind: "rule"; readonly at: Position; readonly rule: Rule };

export type ParseYaml = (text: string) => Value;

export class Annotated {
  readonly #problems: LoadProblem[] = [];
  readonly #byRule = new Map<string, Attached[]>();
  readonly #byPackage = new Map<string, Attached>();
  /** Of documents, and of packages with everything below them. */
  readonly #byPath = new Map<string, Attached>();

  constructor(modules: readonly Module[], parseYaml: ParseYaml) {
    for (const module of modules) {
      const find = targetsOf(module);
      for (const annotation of module.annotations) {
        this.#attach(module, annotation, { target: find(annotation), parseYaml });
      }
    }
    if (this.#problems.length > 0) throw new LoadError(this.#problems);
  }

  #attach(
    module: Module,
    annotation: Annotation,
    { target, parseYaml }: { target: Target | undefined; parseYaml: ParseYaml },
  ): void {
    const { at } = annotation;
    try {
      const read = readMetadata(annotation, parseYaml);
      const scope = read.scope === "" ? defaultScope(target, read) : read.scope;
      const fault = misplaced(scope, target, read);
      if (fault !== undefined) throw new Error(fault);
      const rule = target?.kind === "rule" ? target.rule : undefined;
      this.#add({ at, scope, read, path: pathOf(module, rule) }, rule);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#problem("rego_parse_error", error.message, placeOf(annotation, error.message));
    }
  }

  #add(attached: Attached, rule: Rule | undefined): void {
    const { scope, path } = attached;
    if (scope === "rule" && rule !== undefined) {
      const key = placeKey(rule.at);
      this.#byRule.set(key, [...(this.#byRule.get(key) ?? []), attached]);
      return;
    }
    const places = scope === "package" ? this.#byPackage : this.#byPath;
    const before = places.get(pathKey(path));
    if (before !== undefined) {
      const message = `${scope} annotation redeclared: ${before.at.file}:${before.at.row}`;
      this.#problem("rego_type_error", message, attached.at);
      return;
    }
    places.set(pathKey(path), attached);
  }

  #problem(code: LoadErrorCode, message: string, at: Position): void {
    this.#problems.push({ code, message, at });
  }

  /** What `rego.metadata.rule()` is: of several blocks the one furthest above the rule. */
  ofRule(rule: Rule): Value {
    const [first] = this.#byRule.get(placeKey(rule.at)) ?? [];
    return first === undefined ? EMPTY_OBJECT : shown(first);
  }

  /** What `rego.metadata.chain()` is: from the rule outwards. */
  chain(rule: Rule, module: Module): Value {
    const path = pathOf(module, rule);
    const own = this.#byRule.get(placeKey(rule.at)) ?? [];
    const links = own.map(link).reverse();
    if (links.length === 0) links.push(objectOf([["path", path]]));
    const around = [
      this.#byPath.get(pathKey(path)),
      this.#byPackage.get(pathKey(pathOf(module))),
      ...this.#outwards(pathOf(module)),
    ];
    return [...links, ...around.filter((each) => each !== undefined).map(link)];
  }

  #outwards(path: readonly string[]): readonly (Attached | undefined)[] {
    return path.map((_, index) => this.#byPath.get(pathKey(path.slice(0, path.length - index))));
  }
}

function link(attached: Attached): Value {
  return objectOf([
    ["path", attached.path],
    ["annotations", shown(attached)],
  ]);
}

function shown({ scope, read, at }: Attached): Value {
  if (read.unsure !== undefined) {
    const message = `metadata that is read another way elsewhere: ${read.unsure}`;
    throw new LoadError([{ code: "rego_unsupported_error", message, at }]);
  }
  return metadataValue(scope, read);
}

/** The statement that begins below a block; the first one at a row counts. */
function targetsOf(module: Module): (annotation: Annotation) => Target | undefined {
  const targets: Target[] = [
    { kind: "package", at: module.packageAt } as const,
    ...module.imports.map(({ at }) => ({ kind: "import", at }) as const),
    ...module.rules.map((rule) => ({ kind: "rule", at: rule.at, rule }) as const),
  ].sort((a, b) => a.at.row - b.at.row || a.at.col - b.at.col);
  let next = 0;
  return ({ at }) => {
    while ((targets[next]?.at.row ?? Number.POSITIVE_INFINITY) <= at.row) next += 1;
    return targets[next];
  };
}

function defaultScope(target: Target | undefined, { entrypoint }: Metadata): string {
  if (target?.kind === "rule") return entrypoint ? "document" : "rule";
  return target?.kind ?? "";
}

function misplaced(scope: string, target: Target | undefined, read: Metadata): string | undefined {
  const wanted = WANTED.get(scope);
  if (wanted === undefined) {
    return `invalid annotation scope '${scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'`;
  }
  if (target?.kind !== wanted) {
    const have = target === undefined ? "" : ` (have ${target.kind})`;
    return `annotation scope '${scope}' must be applied to ${wanted}${have}`;
  }
  if (!read.entrypoint || scope === "document" || scope === "package") return undefined;
  return `annotation entrypoint applied to non-document or package scope '${scope}'`;
}

const WANTED: ReadonlyMap<string, Target["kind"]> = new Map([
  ["rule", "rule"],
  ["document", "rule"],
  ["package", "package"],
  ["subpackages", "package"],
]);

/** The line of the block that a reader of YAML names. */
function placeOf({ at, yaml }: Annotation, message: string): Position {
  const line = Number(/\bline (\d+)/.exec(message)?.[1] ?? 0);
  const lines = yaml.split("\n").length - 1;
  return line === 0 ? at : { ...at, row: at.row + Math.min(line, lines) };
}

/** Behind `data`, as far as it is constant. */
function pathOf(module: Module, rule?: Rule): readonly string[] {
  const own = module.package.slice(1);
  if (rule === undefined) return own;
  return [...own, rule.head.name, ...constantPrefix(rule.head.path).map(partText)];
}

function partText(part: Value): string {
  return typeof part === "string" ? part : regoText(part);
}

function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

function placeKey({ file, row, col }: Position): string {
  return `${file}\n${row}:${col}`;
}
