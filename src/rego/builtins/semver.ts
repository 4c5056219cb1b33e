/** Semantic versions (semver.org, section 11), with an optional `v` before them. */
import { quoted } from "../values/text.ts";
import { compareStrings, type Value } from "../values/value.ts";
import { type Builtins, failed, operand, text } from "./builtin.ts";

interface Version {
  readonly numbers: readonly bigint[];
  /** Empty when it is no pre-release. */
  readonly preRelease: readonly string[];
}

const NUMBER = "(0|[1-9][0-9]*)";
const IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const VERSION = new RegExp(
  `^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`,
);

const NUMBER_MAX = 2n ** 63n - 1n;

function versionIn(written: string): Version | undefined {
  const [, major, minor, patch, preRelease] = VERSION.exec(written) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const numbers = [major, minor, patch].map(BigInt);
  if (numbers.some((number) => number > NUMBER_MAX)) return undefined;
  const identifiers = preRelease?.split(".") ?? [];
  if (identifiers.some((each) => /^0[0-9]+$/.test(each))) return undefined;
  return { numbers, preRelease: identifiers };
}

function compareVersions(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) {
    const order = compareWhole(number, b.numbers[i] ?? 0n);
    if (order !== 0) return order;
  }
  // A version comes after its own pre-releases.
  if (a.preRelease.length === 0) return Math.sign(b.preRelease.length);
  if (b.preRelease.length === 0) return -1;
  return comparePreReleases(a.preRelease, b.preRelease);
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compareIdentifiers(a[i] ?? "", b[i] ?? "");
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** Numbers come before words. */
function compareIdentifiers(a: string, b: string): number {
  const isNumber = /^[0-9]+$/.test(a);
  if (isNumber !== /^[0-9]+$/.test(b)) return isNumber ? -1 : 1;
  if (isNumber) return compareWhole(BigInt(a), BigInt(b));
  return Math.sign(compareStrings(a, b));
}

function compareWhole(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function versionAt(operands: readonly Value[], position: number): Version {
  const written = text(operands, position);
  const version = versionIn(written);
  if (version !== undefined) return version;
  throw failed(`operand ${position}: string ${quoted(written)} is not a valid SemVer`);
}

function compare(operands: readonly Value[]): Value {
  text(operands, 1);
  text(operands, 2);
  return compareVersions(versionAt(operands, 1), versionAt(operands, 2));
}

function isValid(operands: readonly Value[]): Value {
  const written = operand(operands, 1);
  return typeof written === "string" && versionIn(written) !== undefined;
}

export const SEMVER: Builtins = { "semver.compare": compare, "semver.is_valid": isValid };
