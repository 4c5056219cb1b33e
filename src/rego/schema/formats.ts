/** The formats that OPA checks; of any other nothing is asked. */
import { refused } from "../builtins/operands.ts";
import { parseAddress } from "../formats/ip.ts";
import { parseTime } from "../formats/time-parse.ts";
import { parseUrl } from "../formats/url.ts";

type Format = (text: string) => boolean;

const PARTIAL_TIME = "15:04:05";
const FULL_TIME = "15:04:05Z07:00";
const FULL_DATE = "2006-01-02";
const DATE_TIME = "2006-01-02T15:04:05Z07:00";

const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])";
const HOSTNAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const UUID = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/i;

export const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["date", (text) => isTime(text, [FULL_DATE])],
  ["time", (text) => isTime(text, [PARTIAL_TIME, FULL_TIME])],
  ["date-time", (text) => isTime(text, [PARTIAL_TIME, FULL_TIME, FULL_DATE, DATE_TIME])],
  ["hostname", (text) => text.length < 256 && HOSTNAME.test(text)],
  ["email", isEmail],
  ["idn-email", isEmail],
  ["ipv4", (text) => text.includes(".") && parseAddress(text) !== undefined],
  ["ipv6", (text) => text.includes(":") && parseAddress(text) !== undefined],
  ["uri", (text) => isUri(text, true)],
  ["iri", (text) => isUri(text, true)],
  ["uri-reference", (text) => isUri(text, false)],
  ["iri-reference", (text) => isUri(text, false)],
  ["uri-template", (text) => isUri(text, false) && areBracesClosed(parseUrl(text).path)],
  ["uuid", (text) => UUID.test(text)],
  ["json-pointer", isPointer],
  ["relative-json-pointer", isRelativePointer],
]);

function isTime(text: string, layouts: readonly string[]): boolean {
  return layouts.some((layout) => {
    try {
      parseTime(layout, text);
      return true;
    } catch {
      return false;
    }
  });
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const PLAIN_EMAIL = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${ATOM}(?:\\.${ATOM})*$`);

/** Names, comments and quotes are part of Go's addresses: of those nothing is said. */
function isEmail(text: string): boolean {
  if (PLAIN_EMAIL.test(text)) return true;
  if (!/[^@]@./s.test(text)) return false;
  throw refused(`format email: only plain addresses are checked, not ${text.slice(0, 100)}`);
}

function isUri(text: string, needsScheme: boolean): boolean {
  try {
    const { scheme } = parseUrl(text);
    return !text.includes("\\") && (!needsScheme || scheme !== "");
  } catch {
    return false;
  }
}

/** Of a template: between braces there is no other. */
function areBracesClosed(path: string): boolean {
  return path.lastIndexOf("{") <= path.lastIndexOf("}");
}

function isPointer(text: string): boolean {
  return (text === "" || text.startsWith("/")) && !/~(?![01])/.test(text);
}

function isRelativePointer(text: string): boolean {
  const steps = /^(?:0|[1-9][0-9]*)/.exec(text)?.[0];
  if (steps === undefined) return false;
  const rest = text.slice(steps.length);
  return rest === "#" || isPointer(rest);
}
