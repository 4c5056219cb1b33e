/**
 * Where a request is addressed: the path, read strictly, with the two spellings clients use of
 * `/v1`.
 */
import type { Format } from "../guards/call.ts";

export type Place =
  | { readonly kind: "model"; readonly format: Format }
  | { readonly kind: "budgets" }
  | { readonly kind: "models" }
  | { readonly kind: "open-task" }
  | { readonly kind: "end-task"; readonly id: string }
  | { readonly kind: "parked"; readonly id: string }
  | { readonly kind: "tool"; readonly name: string }
  | { readonly kind: "decision" }
  | { readonly kind: "outcome"; readonly id: string }
  /** A document of policies, by its path below `data`; the query is without its question mark. */
  | { readonly kind: "data"; readonly path: readonly string[]; readonly query: string }
  /** Null: the tools of all servers. */
  | { readonly kind: "mcp"; readonly server: string | null; readonly posts: boolean };

export interface Address {
  readonly place: Place;
  /** From the prefix `/t/<task>/`. */
  readonly task: string | null;
}

/** Longer ones name no path of ours. */
const PATH_CHARS_MAX = 512;

const MODEL_PATHS: ReadonlyMap<string, Format> = new Map([
  ["/chat/completions", "openai-chat"],
  ["/messages", "anthropic-messages"],
]);

const DATA_PATH = "/v1/data";

/**
 * Null: a path that is not served. The query is left aside: of no path of ours but one it matters.
 */
export function addressOf(method: string, url: string): Address | null {
  const end = url.indexOf("?");
  const path = end < 0 ? url : url.slice(0, end);
  if (path.length > PATH_CHARS_MAX) return null;

  const prefixed = /^\/t\/([^/]+)(\/.*)$/.exec(path);
  const task = prefixed?.[1] === undefined ? null : decode(prefixed[1]);
  if (prefixed && task === null) return null;
  const bare = prefixed?.[2] ?? path;
  const place = dataPlace(method, bare, end < 0 ? "" : url.slice(end + 1)) ?? placeOf(method, bare);
  return place === null ? null : { place, task };
}

function placeOf(method: string, path: string): Place | null {
  const mcp = /^\/mcp(?:\/([^/]+))?$/.exec(path);
  if (mcp !== null) return mcpPlace(method, mcp[1]);
  const bare = path.replace(/^(?:\/v1){1,2}(?=\/)/, "");
  if (method === "POST") {
    const format = MODEL_PATHS.get(bare);
    if (format !== undefined) return { kind: "model", format };
    if (path === "/guard/v1/tasks") return { kind: "open-task" };
    if (path === "/guard/v1/decisions") return { kind: "decision" };
    const decided = /^\/guard\/v1\/decisions\/([^/]+)\/outcome$/.exec(path);
    const decision = decided?.[1] === undefined ? null : decode(decided[1]);
    if (decision !== null) return { kind: "outcome", id: decision };
    const tool = /^\/guard\/v1\/tools\/([^/]+)\/call$/.exec(path);
    const name = tool?.[1] === undefined ? null : decode(tool[1]);
    if (name !== null) return { kind: "tool", name };
    const ended = /^\/guard\/v1\/tasks\/([^/]+)\/end$/.exec(path);
    const id = ended?.[1] === undefined ? null : decode(ended[1]);
    return id === null ? null : { kind: "end-task", id };
  }
  if (method !== "GET") return null;
  if (path === "/guard/v1/budgets") return { kind: "budgets" };
  const parked = /^\/guard\/v1\/parked\/([^/]+)$/.exec(path);
  if (parked?.[1] !== undefined) {
    const id = decode(parked[1]);
    return id === null ? null : { kind: "parked", id };
  }
  return bare === "/models" ? { kind: "models" } : null;
}

/** As OPA reads it: each part is decoded by itself, and a slash inside of one separates nothing. */
function dataPlace(method: string, path: string, query: string): Place | null {
  if (method !== "POST" || !path.startsWith(DATA_PATH)) return null;
  const [before, ...written] = path.slice(DATA_PATH.length).split("/");
  if (before !== "") return null;
  const parts = written.flatMap((part) => decode(part) ?? []);
  return parts.length === written.length ? { kind: "data", path: parts, query } : null;
}

/** MCP's other methods belong to sessions and streams of the server's own: there are none here. */
function mcpPlace(method: string, part: string | undefined): Place | null {
  if (method !== "POST" && method !== "GET" && method !== "DELETE") return null;
  const posts = method === "POST";
  if (part === undefined) return { kind: "mcp", server: null, posts };
  const server = decode(part);
  return server === null ? null : { kind: "mcp", server, posts };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an encoding of anything, so it names nothing: the caller refuses the path.
    return null;
  }
}
