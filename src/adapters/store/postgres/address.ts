/** What a URL may say beside host, database and user. The rest is ours to set, or unknown. */
const PARAMETERS = ["host", "port", "user", "application_name"];
const TLS_PARAMETERS = ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation"];

/** Where a PostgreSQL is. `shown` is what errors may say of it: never the password. */
export interface Address {
  readonly url: string;
  readonly shown: string;
}

/** A store URL that cannot be used; for the operator, and without any secret part of it. */
export class AddressUnusable extends Error {
  override readonly name = "AddressUnusable";
}

/** Session settings go into the URL, for the driver lets the URL win over its other options. */
export function parseAddress(url: string, settings: Readonly<Record<string, string>>): Address {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !["postgres:", "postgresql:"].includes(parsed.protocol)) {
    throw new AddressUnusable(
      "The store's URL is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE; " +
        "percent-encode special characters in user and password.",
    );
  }
  if (/[@#]/.test(`${parsed.pathname}${parsed.search}${parsed.hash}`)) {
    // An unencoded / or ? in a password would make the rest of it part of the database's name,
    // which the server then repeats in its errors.
    throw new AddressUnusable("The store's URL has an @ or # after its host: percent-encode it.");
  }
  for (const name of parsed.searchParams.keys()) {
    if (![...PARAMETERS, ...TLS_PARAMETERS].includes(name)) {
      const known = [...PARAMETERS, ...TLS_PARAMETERS].join(", ");
      throw new AddressUnusable(`The store's URL has the parameter ${name}; it may have ${known}.`);
    }
  }
  const host = parsed.searchParams.get("host") ?? parsed.hostname;
  const port = parsed.searchParams.get("port") ?? parsed.port;
  const shown = `${host || "localhost"}:${port || "5432"}${parsed.pathname}`;
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  parsed.searchParams.set("options", options.join(" "));
  return { url: parsed.href, shown };
}
