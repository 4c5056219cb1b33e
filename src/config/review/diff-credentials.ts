/** What the gateway says to a server to be let in: by the names it is taken from, never shown. */
import { holdsSecret } from "../issues.ts";
import { type Path, pathText, rawAt } from "../source.ts";
import { type About, type Change, change } from "./change.ts";
import type { Written } from "./reading.ts";

type Sides = readonly [before: Written<unknown>, after: Written<unknown>];

const PLACES = ["auth", "headers", "schemes", "env"];

/** Of a server, or of one of its tools, at this place of both files. */
export function credentialChanges(about: About, sides: Sides, at: Path): Change[] {
  const [before, after] = [textsAt(sides[0], at), textsAt(sides[1], at)];
  const places = new Set([...before.keys(), ...after.keys()]);
  return [...places].flatMap((place) => {
    const [old, now] = [before.get(place), after.get(place)];
    if (old?.written === now?.written) return [];
    // What the server lets whom do is not known here.
    return [change(about, "may-be-wider", `${place}: ${changeWords(old, now)}`)];
  });
}

interface Text {
  readonly written: string;
  readonly isSecret: boolean;
}

/** Every text below these places, by where it is: `auth.header.name`. */
function textsAt({ source }: Written<unknown>, at: Path): ReadonlyMap<string, Text> {
  const texts = new Map<string, Text>();
  const visit = (value: unknown, inside: Path): void => {
    if (typeof value === "string") {
      texts.set(pathText(inside), { written: value, isSecret: holdsSecret([...at, ...inside]) });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, [...inside, key]);
    }
  };
  for (const place of PLACES) visit(rawAt(source, [...at, place]), [place]);
  return texts;
}

function changeWords(before: Text | undefined, after: Text | undefined): string {
  if (before === undefined) return `${textWords(after)}, where there was nothing`;
  if (after === undefined) return `nothing any more; it was ${textWords(before)}`;
  const [old, now] = [textWords(before), textWords(after)];
  return old === now ? "changed; it is not shown" : `${now} instead of ${old}`;
}

function textWords(text: Text | undefined): string {
  if (text === undefined) return "nothing";
  if (!text.isSecret) return JSON.stringify(text.written);
  const names = [...text.written.matchAll(/(?<!\$)\$\{[A-Za-z_][A-Za-z0-9_]*\}/g)];
  return names.length === 0 ? "a secret that is written there" : names.join(" and ");
}
