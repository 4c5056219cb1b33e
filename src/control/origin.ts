/**
 * What a browser says of who makes it ask. It sends its cookie with every request to this listener,
 * so a request that has one counts only if it is of a page of this listener: of no other site, and
 * of no other port of this machine, which cookies do not tell apart.
 */
import { Problem } from "./problem.ts";

/** A request, as far as it says who asks. */
export interface Asking {
  readonly method: string;
  readonly address: string;
  header(name: string): string | undefined;
}

const NAME = "slipclutch_session";
const COOKIE = new RegExp(`(?:^|; *)${NAME}=([A-Za-z0-9_-]+)(?:;|$)`);

/** Null: none was sent. */
export function sessionCookie(asking: Asking): string | null {
  return COOKIE.exec(asking.header("cookie") ?? "")?.[1] ?? null;
}

/** `set-cookie` of a new session, or, with no seconds left, of one that is over. */
export function cookieText(value: string, maxAgeSeconds: number, asking: Asking): string {
  const parts = [`${NAME}=${value}`, "HttpOnly", "SameSite=Strict", "Path=/"];
  if (isOverTls(asking)) parts.push("Secure");
  return [...parts, `Max-Age=${maxAgeSeconds}`].join("; ");
}

/** Before us: this listener speaks no TLS itself. Who lies here spoils only their own cookie. */
function isOverTls(asking: Asking): boolean {
  const forwarded = asking.header("x-forwarded-proto") === "https";
  return forwarded || (asking.header("origin") ?? "").startsWith("https://");
}

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Throws for what another page asks. What only reads may also be asked by a person who typed the
 * address, and by what says nothing of itself; what changes something may not.
 */
export function demandOwnPage(asking: Asking): void {
  const site = asking.header("sec-fetch-site") ?? siteOf(asking);
  if (site === "same-origin" || (site === "none" && SAFE.has(asking.method))) return;
  const origin = asking.header("origin") ?? "nothing";
  const message = `The request is not known to be of a page of ours (origin: ${origin}).`;
  throw new Problem("request.cross-site", message);
}

/** Browsers say no `sec-fetch-site` where the connection is not private: `origin` they do. */
function siteOf(asking: Asking): string {
  const origin = asking.header("origin");
  if (origin === undefined) return "none";
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  return host === asking.header("host") ? "same-origin" : "cross-site";
}
