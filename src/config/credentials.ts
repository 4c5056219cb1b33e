/** How the gateway says at a tool server who it is, as parts of a request. */
import type { HttpCredential } from "./configuration.ts";
import type { RawAuth } from "./tool-schema.ts";

export function bearerCredential(token: string): HttpCredential {
  return { in: "header", name: "authorization", value: `Bearer ${token}`, secrets: [token] };
}

export function basicCredential(username: string, password: string): HttpCredential {
  const pair = Buffer.from(`${username}:${password}`).toString("base64");
  const secrets = [password, pair];
  return { in: "header", name: "authorization", value: `Basic ${pair}`, secrets };
}

/** What `auth` says; nothing where it is not there. */
export function credentialsOf(auth: RawAuth | undefined): readonly HttpCredential[] {
  const { basic, bearer, header, query } = auth ?? {};
  const credentials: HttpCredential[] = [];
  if (bearer !== undefined) credentials.push(bearerCredential(bearer));
  if (basic !== undefined) credentials.push(basicCredential(basic.username, basic.password));
  if (header !== undefined) {
    credentials.push({ in: "header", ...header, secrets: [header.value] });
  }
  if (query !== undefined) credentials.push({ in: "query", ...query, secrets: [query.value] });
  return credentials;
}
