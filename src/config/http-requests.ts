/** What is true of requests of tools, whether they are written out or described by a document. */
import type { PathPart } from "../guards/tool/places.ts";

/** What a request can be: others have no meaning for a tool. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The connection's own, and all cookies at once. */
export const CONNECTION_HEADERS: readonly string[] = [
  ...["accept-encoding", "connection", "content-length", "cookie", "expect", "host", "keep-alive"],
  ...["proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
];

/** Without a word of the owner. */
export function effectOf(method: string): "read" | "write" {
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

/** `/tickets/{id}` → its text and its holes. */
export function pathParts(path: string): readonly PathPart[] {
  return path
    .split(/(\{[^{}]+\})/)
    .filter((part) => part !== "")
    .map((part) => (/^\{.+\}$/.test(part) ? { argument: part.slice(1, -1) } : { text: part }));
}

/** The first that is there a second time. */
export function doubled(names: readonly string[]): string | null {
  return names.find((name, index) => names.indexOf(name) !== index) ?? null;
}
