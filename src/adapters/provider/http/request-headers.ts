import type { HttpSettings } from "./http-settings.ts";

/** Never the client's to set: the connection's own, and credentials, which stay here. */
const RESERVED = [
  "accept-encoding",
  "authorization",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-api-key",
];

type Pair = readonly [name: string, value: string];

/** What distinguishes the kinds of provider that are reached by HTTP. */
const KINDS: Readonly<
  Record<"openai" | "anthropic", { auth(key: string): Pair; readonly defaults: readonly Pair[] }>
> = {
  openai: { auth: (key) => ["authorization", `Bearer ${key}`], defaults: [] },
  anthropic: {
    auth: (key) => ["x-api-key", key],
    defaults: [["anthropic-version", "2023-06-01"]],
  },
};

/**
 * Builds the headers of a request as a flat array. The operator's headers win over the client's,
 * and answers are asked for uncompressed, because their bytes are read on the way.
 */
export function requestHeaders(
  settings: HttpSettings,
): (client: Readonly<Record<string, string>>) => string[] {
  if (settings.kind === "simulated") throw new Error("a simulated provider is not asked by HTTP");
  const kind = KINDS[settings.kind];

  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(settings.headers)) own.set(name.toLowerCase(), value);
  if (settings.apiKey !== null) own.set(...kind.auth(settings.apiKey));
  own.set("accept-encoding", "identity");

  const fixed = [...own].flat();
  const taken = new Set([...RESERVED, ...own.keys()]);
  const defaults = [["content-type", "application/json"] as const, ...kind.defaults].filter(
    ([name]) => !own.has(name),
  );

  return (client) => {
    const flat = fixed.slice();
    for (const name of Object.keys(client)) {
      const value = client[name];
      if (value !== undefined && !taken.has(name.toLowerCase())) flat.push(name, value);
    }
    for (const [name, value] of defaults) if (client[name] === undefined) flat.push(name, value);
    return flat;
  };
}
