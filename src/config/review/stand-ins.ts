/**
 * What stands in for environment variables that are not set. A review, unlike a gateway, needs no
 * secrets: it runs where nobody should put them. Limits that come from the environment have no
 * stand-in, as what they are is what is reviewed.
 */

import type { Files } from "../configuration.ts";
import type { Environment } from "../environment.ts";
import { holdsSecret } from "../issues.ts";
import { type Path, parseSource } from "../source.ts";

/** Has the form of every secret there is. */
const SECRET = "0".repeat(64);

/** The environment, with values for what is not set where a secret or an address stands. */
export function withStandIns(files: Files, given: Environment): Environment {
  const environment: Record<string, string | undefined> = { ...given };
  for (const [file, text] of files) {
    const { issues, source } = parseSource(file, text);
    // What does not parse is told when it is read.
    if (issues.length > 0) continue;
    eachText(source.raw, [], (written, path) => {
      for (const [, name = ""] of written.matchAll(/(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g)) {
        environment[name] ||= standIn({ path, name, whole: written === `\${${name}}` });
      }
    });
  }
  return environment;
}

interface Place {
  readonly path: Path;
  readonly name: string;
  /** Nothing stands beside it. */
  readonly whole: boolean;
}

function standIn({ name, path, whole }: Place): string | undefined {
  const key = path.at(-1);
  if (path[0] === "store")
    return whole ? "postgres://store.invalid/slipclutch?sslmode=require" : "x";
  if (holdsSecret(path)) return SECRET;
  if (key !== "url" && key !== "base_url") return undefined;
  // Names that differ are addresses that differ.
  const host = `${name.toLowerCase().replaceAll("_", "-")}.invalid`;
  return whole ? `https://${host}` : host;
}

function eachText(value: unknown, path: Path, visit: (text: string, path: Path) => void): void {
  if (typeof value === "string") visit(value, path);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) eachText(inner, [...path, key], visit);
}
