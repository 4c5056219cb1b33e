/** The parts of a URL, as Go's `net/url` tells them apart. */
import { quoted } from "../values/text.ts";
import { parseAddress } from "./ip.ts";
import { escapeUrl, unescapeUrl } from "./url-escape.ts";

/** What is not there is empty. */
export interface UrlParts {
  readonly scheme: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly fragment: string;
}

const NOTHING: UrlParts = {
  scheme: "",
  hostname: "",
  port: "",
  path: "",
  rawPath: "",
  rawQuery: "",
  fragment: "",
};

/** Throws as Go does. */
export function parseUrl(text: string): UrlParts {
  const [url, fragment] = cut(text, "#");
  const parts = explained(url, () => parseWithoutFragment(url));
  return { ...parts, fragment: explained(text, () => unescapeUrl(fragment, "fragment")) };
}

function explained<T>(url: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new Error(`parse ${quoted(url)}: ${problem}`);
  }
}

function cut(text: string, sign: string): readonly [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function parseWithoutFragment(url: string): UrlParts {
  for (const character of url) {
    if (character >= " " && character !== "\u007f") continue;
    throw new Error("net/url: invalid control character in URL");
  }
  if (url === "*") return { ...NOTHING, path: "*", rawPath: "*" };
  const [scheme, rest] = schemeOf(url);
  const [hierarchy, rawQuery] = cut(rest, "?");
  if (!hierarchy.startsWith("/")) {
    // Such as `mailto:somebody`: opaque.
    if (scheme !== "") return { ...NOTHING, scheme, rawQuery };
    if (cut(hierarchy, "/")[0].includes(":")) {
      throw new Error("first path segment in URL cannot contain colon");
    }
  }
  return { ...NOTHING, scheme, rawQuery, ...hierarchyOf(hierarchy, scheme) };
}

function schemeOf(url: string): readonly [string, string] {
  if (url.startsWith(":")) throw new Error("missing protocol scheme");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1] ?? "";
  return scheme === "" ? ["", url] : [scheme.toLowerCase(), url.slice(scheme.length + 1)];
}

function hierarchyOf(hierarchy: string, scheme: string): Partial<UrlParts> {
  const hasAuthority = hierarchy.startsWith("//");
  if (!hasAuthority || (scheme === "" && hierarchy.startsWith("///"))) return pathOf(hierarchy);
  const slash = hierarchy.indexOf("/", 2);
  const end = slash < 0 ? hierarchy.length : slash;
  const host = hostOf(hierarchy.slice(2, end), scheme);
  return { ...hostParts(host), ...pathOf(hierarchy.slice(end)) };
}

function pathOf(escaped: string): Partial<UrlParts> {
  const path = unescapeUrl(escaped, "path");
  const isUsual = escapeUrl(path, "path") === escaped;
  return { path, rawPath: isUsual ? path : escaped };
}

/** Without the user, which is checked and dropped. */
function hostOf(authority: string, scheme: string): string {
  const at = authority.lastIndexOf("@");
  const host = parseHost(authority.slice(at + 1), scheme);
  if (at >= 0) checkUser(authority.slice(0, at));
  return host;
}

function checkUser(user: string): void {
  if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user)) throw new Error("net/url: invalid userinfo");
  for (const part of cut(user, ":")) unescapeUrl(part, "user");
}

function parseHost(host: string, scheme: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new Error("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  const isStrict = scheme === "http" || scheme === "https";
  const colon = isStrict ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0) checkPort(host.slice(colon));
  return unescapeUrl(host, "host");
}

function checkPort(port: string): void {
  if (port === "" || /^:[0-9]*$/.test(port)) return;
  throw new Error(`invalid port ${quoted(port)} after host`);
}

/** `[fe80::1%25en0]:80` */
function parseLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw new Error("missing ']' in host");
  const port = host.slice(close + 1);
  checkPort(port);
  const name = host.slice(1, close);
  const zone = name.indexOf("%25");
  const end = zone < 0 ? name.length : zone;
  const unescaped = unescapeUrl(name.slice(0, end), "host") + unescapeUrl(name.slice(end), "zone");
  checkLiteral(unescaped);
  return `[${unescaped}]${port}`;
}

function checkLiteral(name: string): void {
  const [literal, zone] = cut(name, "%");
  const isAddress = parseAddress(literal) !== undefined && (zone !== "" || literal === name);
  if (!isAddress) throw new Error(`invalid host: ParseAddr(${quoted(name)}): unable to parse IP`);
  if (!literal.includes(":")) throw new Error("invalid IP-literal");
}

function hostParts(host: string): Partial<UrlParts> {
  const colon = host.lastIndexOf(":");
  const hasPort = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon));
  const name = hasPort ? host.slice(0, colon) : host;
  const isLiteral = name.startsWith("[") && name.endsWith("]");
  return {
    hostname: isLiteral ? name.slice(1, -1) : name,
    port: hasPort ? host.slice(colon + 1) : "",
  };
}
