/** Tools over plain HTTP: which requests they are, whether written out or read from a document. */
import type { HttpPlaces } from "../../guards/tool/places.ts";
import type { HttpOperation, HttpServerSettings } from "../configuration.ts";
import { type About, type Change, change } from "./change.ts";
import type { Fits } from "./schema-values.ts";
import { schemaWords } from "./schema-words.ts";
import { isWithin } from "./within.ts";

type Servers = readonly [before: HttpServerSettings, after: HttpServerSettings];

/** `needGrants`: no agent may call its tools without one. */
export function operationChanges(
  about: About,
  servers: Servers,
  { fits, needGrants }: { readonly fits: Fits; readonly needGrants: boolean },
): Change[] {
  const [before, after] = servers.map(({ operations }) => operations);
  const [old, now] = [before ?? new Map(), after ?? new Map()];
  const gained = [...now.keys()].filter((name) => !old.has(name));
  const lost = [...old.keys()].filter((name) => !now.has(name));
  const kept = [...now].flatMap(([name, operation]) => {
    const was = old.get(name);
    const tool = { agent: about.agent, about: `${servers[1].name}__${name}` };
    if (was === undefined) return [];
    const isWritten = servers.every(({ kind }) => kind === "http");
    return [
      ...oneOperation(tool, [was, operation], fits),
      ...(isWritten ? [] : schemeChanges(tool, [was, operation])),
    ];
  });
  return [...newWords(about, gained, needGrants), ...goneWords(about, lost), ...kept];
}

/** Nobody could be granted one before: who gets it is told with its manifest. */
function newWords(about: About, names: readonly string[], needGrants: boolean): Change[] {
  if (names.length === 0) return [];
  return needGrants
    ? [change(about, "other", "has more tools, for manifests to grant", names)]
    : [change(about, "wider", "has more tools, which observed agents may call at once", names)];
}

function goneWords(about: About, names: readonly string[]): Change[] {
  return names.length === 0 ? [] : [change(about, "narrower", "has fewer tools", names)];
}

type Pair = readonly [before: HttpOperation, after: HttpOperation];

function oneOperation(about: About, pair: Pair, fits: Fits): Change[] {
  return [
    ...requestChanges(about, pair),
    ...schemaChanges(about, pair, fits),
    ...descriptionChanges(about, pair),
  ];
}

/** What models make of it is not known here, as with a pin. */
function descriptionChanges(about: About, pair: Pair): Change[] {
  const [old, now] = pair.map((one) =>
    // Where nothing is said it is described by its request, which is told.
    one.description === requestWords(one) ? "its request" : one.description,
  );
  if (old === now) return [];
  const words = [`it was: ${old}`, `it is: ${now}`];
  return [change(about, "may-be-wider", "is described to models in other words", words)];
}

/** A document says of each operation which of its schemes it takes. */
function schemeChanges(about: About, [before, after]: Pair): Change[] {
  const [old, now] = [schemeWords(before), schemeWords(after)];
  if (old === now) return [];
  return [change(about, "may-be-wider", `a call carries ${now} instead of ${old}`)];
}

function requestChanges(about: About, [before, after]: Pair): Change[] {
  const [old, now] = [requestWords(before), requestWords(after)];
  if (old !== now) return [change(about, "may-be-wider", `a call is ${now} instead of ${old}`)];
  const [was, is] = [placeWords(before.places), placeWords(after.places)];
  if (was === is) return [];
  return [change(about, "may-be-wider", `its arguments go into ${is} instead of ${was}`)];
}

function requestWords({ method, places }: HttpOperation): string {
  const path = places.path.map((part) => ("text" in part ? part.text : `{${part.argument}}`));
  return `${method} ${path.join("")}`;
}

function placeWords({ body, cookies, headers, query }: HttpPlaces): string {
  const inQuery = query.map(({ name, style }) =>
    style === "repeated" ? name : `${name}, ${style}`,
  );
  const places = [
    ["the query", inQuery],
    ["headers", headers],
    ["cookies", cookies],
    ["the body", bodyWords(body)],
  ] as const;
  const used = places.filter(([, names]) => names.length > 0);
  return used.map(([place, names]) => `${place} (${names.join("; ")})`).join(", ") || "the path";
}

function bodyWords(body: HttpPlaces["body"]): readonly string[] {
  if (body === null) return [];
  const names = body.kind === "whole" ? [`all of it: ${body.argument}`] : body.arguments;
  return body.type === "application/json" ? names : [...names, body.type];
}

function schemaChanges(about: About, [before, after]: Pair, fits: Fits): Change[] {
  const [old, now] = [before.inputSchema, after.inputSchema];
  const [less, more] = [isWithin(now, old, fits), isWithin(old, now, fits)];
  const words = schemaWords(old, now);
  if (less && more) {
    const says = "its server's schema of arguments is said in another way";
    return words.length === 0 ? [] : [change(about, "other", says, words)];
  }
  const says = `its server takes ${less ? "fewer" : more ? "more" : "other"} arguments`;
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says, words)];
}

/** Which ones, without what is in them. */
function schemeWords({ credentials }: HttpOperation): string {
  const names = credentials.map((one) => `the ${one.in} ${one.name}`);
  return names.join(", ") || "no credential";
}
