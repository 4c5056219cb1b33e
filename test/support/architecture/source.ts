/** A source file as the rules see it: text, syntax tree, comments. */
import { parseSync } from "rolldown/utils";

/** Any node of the tree; a rule looks only at the fields of the types that it names. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Comment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** The program node and everything below it, parents first. */
  readonly nodes: readonly Node[];
  readonly comments: readonly Comment[];
}

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Whether anything of it is there at run time. */
  readonly kind: "type" | "value";
  readonly at: number;
}

export function read(path: string, text: string): Source {
  const lang = path.endsWith(".tsx") ? "tsx" : "ts";
  const { program, comments, errors } = parseSync(path, text, { lang, sourceType: "module" });
  const wrong = errors[0];
  if (wrong !== undefined) throw new Error(`${path}: ${wrong.message}`);
  const nodes: Node[] = [];
  collect(program, nodes);
  return { path, text, lines: text.split("\n"), nodes, comments };
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) {
    for (const each of value) collect(each, into);
  } else if (isNode(value)) {
    into.push(value);
    for (const field of Object.values(value)) {
      if (typeof field === "object" && field !== null) collect(field, into);
    }
  }
}

/** 1-based. */
export function lineAt(source: Source, offset: number): number {
  return source.text.slice(0, offset).split("\n").length;
}

export function finding(source: Source, at: number, what: string): Finding {
  return { path: source.path, line: lineAt(source, at), what };
}

export function ofType(source: Source, ...types: readonly string[]): readonly Node[] {
  return source.nodes.filter((node) => types.includes(node.type));
}

/** The text of a child, or "" where there is none. */
export function textOf(source: Source, child: unknown): string {
  return isNode(child) ? source.text.slice(child.start, child.end) : "";
}

export function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Every way to name another module: imports, re-exports, types, lazily, and as a worker's URL. */
export function importsOf(source: Source): readonly Import[] {
  return source.nodes.flatMap((node): readonly Import[] => {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        return one(node, node.source, isTypeOnly(node) ? "type" : "value");
      case "ImportExpression":
        return one(node, node.source, "value");
      case "TSImportType":
        return one(node, node.source, "type");
      case "NewExpression": {
        const [first, second] = list(node.arguments);
        const isUrl = textOf(source, node.callee) === "URL";
        if (!isUrl || textOf(source, second) !== "import.meta.url") return [];
        return one(node, first, "value").filter(({ specifier }) => specifier.endsWith(".ts"));
      }
      default:
        return [];
    }
  });
}

function one(node: Node, literal: unknown, kind: Import["kind"]): readonly Import[] {
  if (!isNode(literal) || typeof literal.value !== "string") return [];
  return [{ specifier: literal.value, kind, at: node.start }];
}

function isTypeOnly(node: Node): boolean {
  if (node.importKind === "type" || node.exportKind === "type") return true;
  const names = list(node.specifiers);
  const typed = (each: Node) => each.importKind === "type" || each.exportKind === "type";
  return names.length > 0 && names.every(typed);
}
