/** The limits and the words: rules over one source each. */

import { zoneOf } from "./imports.ts";
import {
  type Finding,
  finding,
  isNode,
  lineAt,
  list,
  type Node,
  ofType,
  type Source,
  textOf,
} from "./source.ts";

export const LIMITS = { fileLines: 300, functionLines: 50, parameters: 4, columns: 100 };

export type Rule = (source: Source) => readonly Finding[];

const FUNCTIONS = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];
const SIGNATURES = [
  "TSDeclareFunction",
  "TSMethodSignature",
  "TSFunctionType",
  "TSEmptyBodyFunctionExpression",
];

export const fileLength: Rule = (source) => {
  const count = source.text.trimEnd().split("\n").length;
  if (count <= LIMITS.fileLines) return [];
  return [finding(source, source.text.length - 1, `${count} lines in one file`)];
};

export const functionLength: Rule = (source) =>
  ofType(source, ...FUNCTIONS).flatMap((node) => {
    const count = lineAt(source, node.end) - lineAt(source, node.start) + 1;
    return count <= LIMITS.functionLines
      ? []
      : [finding(source, node.start, `a function of ${count} lines`)];
  });

export const parameterCount: Rule = (source) =>
  ofType(source, ...FUNCTIONS, ...SIGNATURES).flatMap((node) => {
    const count = list(node.params).length;
    return count <= LIMITS.parameters
      ? []
      : [finding(source, node.start, `a function of ${count} parameters`)];
  });

/**
 * Code is broken by the formatter and comments by us; a sentence in a table of texts may run on.
 */
export const columns: Rule = (source) => {
  const texts = source.nodes.filter(
    (node) => node.type === "TemplateElement" || (node.type === "Literal" && "raw" in node),
  );
  let start = 0;
  return source.lines.flatMap((line) => {
    const edge = start + LIMITS.columns;
    const isLong = line.length > LIMITS.columns;
    start += line.length + 1;
    if (!isLong || texts.some((text) => text.start <= edge && edge <= text.end)) return [];
    return [finding(source, edge, `${line.length} columns`)];
  });
};

export const noAny: Rule = (source) => [
  ...ofType(source, "TSAnyKeyword").map((node) => finding(source, node.start, "any")),
  ...commentsWith(source, /@ts-(ignore|nocheck|expect-error)/, "the compiler is silenced"),
];

/**
 * A cast is a claim that the compiler cannot check: the reason stands on its line or the one above.
 */
export const castsHaveReasons: Rule = (source) =>
  ofType(source, "TSAsExpression", "TSTypeAssertion").flatMap((node) => {
    const type = node.typeAnnotation;
    if (!isNode(type) || textOf(source, type) === "const") return [];
    const [first, last] = [lineAt(source, node.start), lineAt(source, type.end)];
    const explained = source.comments.some((comment) => {
      const [from, to] = [lineAt(source, comment.start), lineAt(source, comment.end)];
      return to >= first - 1 && from <= last;
    });
    return explained ? [] : [finding(source, type.start, "`as` without its reason beside it")];
  });

export const environmentOnlyInMain: Rule = (source) => {
  if (source.path === "src/main.ts") return [];
  return ofType(source, "MemberExpression")
    .filter((node) => textOf(source, node).replace(/\s/g, "") === "process.env")
    .map((node) => finding(source, node.start, "process.env outside main.ts"));
};

const CLOCKS =
  /^(Date\.now|performance\.now|performance\.timeOrigin|Math\.random|process\.hrtime(\.bigint)?)$/;
const CHANCES = /^(randomBytes|randomUUID|randomInt|randomFill(Sync)?|getRandomValues)$/;
const TIMERS = /^(setTimeout|setInterval|setImmediate)$/;

/** Elsewhere both come through a port, so that a test can hold them. */
export const clockAndChanceInAdapters: Rule = (source) => {
  const zone = zoneOf(source.path);
  if (zone === null || zone === "adapters") return [];
  const found = (node: Node, what: string) =>
    finding(source, node.start, `${what} outside adapters`);
  return source.nodes.flatMap((node) => {
    if (node.type === "MemberExpression") {
      const text = textOf(source, node);
      const property = textOf(source, node.property);
      return CLOCKS.test(text) || CHANCES.test(property) ? [found(node, text)] : [];
    }
    if (node.type === "CallExpression") {
      const callee = textOf(source, node.callee);
      // Conformance suites drive real sockets, and wait for them in real time.
      const isTimer = TIMERS.test(callee) && zone !== "testing";
      return isTimer || CHANCES.test(callee) ? [found(node, callee)] : [];
    }
    const isNow = node.type === "NewExpression" && textOf(source, node.callee) === "Date";
    return isNow && list(node.arguments).length === 0 ? [found(node, "new Date()")] : [];
  });
};

export const noAsyncInPureZones: Rule = (source) => {
  if (!["guards", "wire", "rego"].includes(zoneOf(source.path) ?? "")) return [];
  return source.nodes
    .filter((node) => node.async === true || node.type === "AwaitExpression")
    .map((node) => finding(source, node.start, "async in a pure zone"));
};

export const noEnums: Rule = (source) =>
  ofType(source, "TSEnumDeclaration", "TSModuleDeclaration")
    .filter((node) => node.declare !== true && node.kind !== "global")
    .map((node) => finding(source, node.start, "an enum or a namespace"));

const EMPTY_WORDS = /(Manager|Service|Helpers?|Utils?|Base)$/;

/** A name that says only that something is done tells nobody what. */
export const names: Rule = (source) => {
  const file =
    source.path
      .split("/")
      .at(-1)
      ?.replace(/(\.d|\.test|\.generated)?\.\w+$/, "") ?? "";
  const findings: Finding[] = [];
  const isKebab = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(file);
  if (!isKebab || /(^|-)(manager|service|helpers?|utils?|base)$/.test(file)) {
    findings.push(finding(source, 0, `the file name ${file}`));
  }
  const declared = [...FUNCTIONS, "ClassDeclaration", "TSInterfaceDeclaration"];
  for (const node of ofType(source, ...declared, "TSTypeAliasDeclaration")) {
    const name = textOf(source, node.id);
    const isMarked = node.type === "TSInterfaceDeclaration" && /^I[A-Z][a-z]/.test(name);
    if (isMarked || EMPTY_WORDS.test(name)) {
      findings.push(finding(source, node.start, `the name ${name}`));
    }
  }
  return findings;
};

export const nothingLeftUndone: Rule = (source) =>
  commentsWith(source, /\b(TODO|FIXME|XXX|HACK)\b/, "something left to do");

/** An error that nobody looks at is a guard that carries on in doubt. */
export const noEmptyCatch: Rule = (source) => {
  const blocks = ofType(source, "CatchClause").filter((node) => isEmpty(node.body));
  const handlers = ofType(source, "CallExpression").filter((node) => {
    const callee = node.callee;
    const [handler] = list(node.arguments);
    const isCatch = isNode(callee) && textOf(source, callee.property) === "catch";
    return isCatch && handler !== undefined && isEmpty(handler.body);
  });
  return [...blocks, ...handlers].map((node) => finding(source, node.start, "an empty catch"));
};

function isEmpty(body: unknown): boolean {
  return isNode(body) && body.type === "BlockStatement" && list(body.body).length === 0;
}

/** What runs by itself when it is imported cannot be tested, ordered or undone. */
export const nothingHappensAtImport: Rule = (source) => {
  if (ENTRY_POINTS.includes(source.path) || zoneOf(source.path) === null) return [];
  const [program] = source.nodes;
  return list(program?.body).flatMap((node) => {
    const inner = node.type.startsWith("Export") && isNode(node.declaration);
    const statement = inner && isNode(node.declaration) ? node.declaration : node;
    if (statement.kind === "let" || statement.kind === "var") {
      return [finding(source, node.start, "a variable of the module that changes")];
    }
    const isDeclaration = /^(Import|Export|TS|Class|Function|Variable)/.test(statement.type);
    return isDeclaration ? [] : [finding(source, node.start, "something happens at import")];
  });
};

/** What is started rather than imported. */
const ENTRY_POINTS = [
  "src/main.ts",
  "src/adapters/store/sqlite/worker.ts",
  "src/demo/agent.ts",
  "src/demo/model.ts",
  "src/demo/cloud.ts",
  "src/demo/tool-server.ts",
];

function commentsWith(source: Source, words: RegExp, what: string): readonly Finding[] {
  return source.comments
    .filter(({ value }) => words.test(value))
    .map(({ start }) => finding(source, start, what));
}
