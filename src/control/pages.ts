/**
 * The dashboard's files: read once at the start, answered from memory. They hold no secret and ask
 * for no token: what a page shows it asks of the API, with the session of whoever looks at it.
 */
import type { Context, Env, Hono } from "hono";

/** One file as it is built, in the encodings that browsers take. */
export interface PageFile {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly br: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

export interface Pages {
  readonly index: PageFile;
  /** By path: `/assets/main-8c2f0a1b.js`. A name says what is in it, so it never changes. */
  readonly files: ReadonlyMap<string, PageFile>;
}

/** Where the page finds out by itself what to show. */
const ROUTES = [
  "/",
  "/agents/:id",
  "/agents/:id/tasks/:task",
  "/reviews",
  "/reviews/:id",
  "/budgets",
  "/incidents",
  "/incidents/:id",
  "/journal",
  "/sign-in",
] as const;

/** Nothing of another origin, no script or style in the page, and in nobody's frame. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
  ...["img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join("; ");

const YEAR_SECONDS = 31_536_000;
const FOREVER = `public, max-age=${YEAR_SECONDS}, immutable`;

const UNBUILT =
  "The dashboard is not built: run npm run build, and start the gateway again. The API is at /api/v1.\n";

/** Serves them; null: they were not built, and whoever looks is told how. */
export function addPages<Bindings extends Env>(app: Hono<Bindings>, pages: Pages | null): void {
  for (const route of ROUTES) {
    app.get(route, (context) => {
      if (pages === null) return context.text(UNBUILT, 503);
      return answer(context, pages.index, "no-cache");
    });
  }
  for (const [path, file] of pages?.files ?? []) {
    app.get(path, (context) => answer(context, file, FOREVER));
  }
}

function answer(context: Context, file: PageFile, keep: string): Response {
  const encoding = encodingFor(context.req.header("accept-encoding") ?? "");
  const headers = {
    "content-type": file.type,
    "content-security-policy": POLICY,
    "cache-control": keep,
    vary: "accept-encoding",
    ...(encoding === "plain" ? {} : { "content-encoding": encoding }),
  };
  return context.body(file[encoding], 200, headers);
}

/** What the browser takes, the smallest first. */
function encodingFor(accepted: string): "br" | "gzip" | "plain" {
  const names = accepted.split(",").flatMap((part) => {
    const [name = "", ...parameters] = part.split(";").map((one) => one.trim());
    return parameters.some((one) => /^q=0(\.0*)?$/.test(one)) ? [] : [name];
  });
  if (names.includes("br")) return "br";
  return names.includes("gzip") ? "gzip" : "plain";
}
