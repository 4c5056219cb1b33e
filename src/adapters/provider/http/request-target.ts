/** Where requests of one provider go: its origin, and how a format's path is put after its base. */
export interface RequestTarget {
  /** Scheme, host and port, as a connection pool wants them. */
  readonly origin: string;
  /** The path and query to ask for. */
  pathOf(path: string): string;
}

const VERSION = "/v1";

/**
 * Reads a `base_url`. Documentation of providers gives it with `/v1` for one format and without for
 * the other, so both are understood for both: a format's path that begins with `/v1` is not put
 * after a base that ends with it, and a base without any path of its own gets it when the format's
 * path has none. A base with another path is taken as it is.
 */
export function requestTarget(baseUrl: string): RequestTarget {
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Error(`base_url must begin with http:// or https://, got ${url.protocol}//`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("base_url must not hold a user or password; use api_key or headers");
  }

  const base = url.pathname.replace(/\/+$/, "");
  const versioned = base.endsWith(VERSION) ? base.slice(0, -VERSION.length) : base;
  const bare = base === "" ? VERSION : base;
  const query = url.search;
  return {
    origin: url.origin,
    pathOf: (path) => (path.startsWith(`${VERSION}/`) ? versioned : bare) + path + query,
  };
}
