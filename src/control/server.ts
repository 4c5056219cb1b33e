/** The control plane's listener: its own port and credentials, apart from all that agents reach. */
import type { Server } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import { StoreUnreachable } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { Access, demand } from "./access.ts";
import { Feed } from "./feed.ts";
import { addHook, type Hook } from "./hooks.ts";
import { addLinks, type ReviewLinks } from "./links.ts";
import { openApiDocument } from "./openapi.ts";
import type { Operations } from "./operations.ts";
import type { Asking } from "./origin.ts";
import { addPages, type Pages } from "./pages.ts";
import { PROBLEMS, Problem, problemView } from "./problem.ts";
import { ROUTES } from "./routes/index.ts";
import type { Json, OpenVisit, OperatorRoute } from "./routes/route.ts";

const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 256;
/** A request must have arrived whole after this. */
const REQUEST_MS: Millis = 15_000;
/** After this an answer that is still being written is cut off: nobody waits on it to stop. */
const CLOSE_MS: Millis = 2_000;

/** Answers are data for programs: no browser may run, frame, sniff or keep them. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export interface ControlSettings {
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Pick<Log, "error">;
  /** Who is told of pushes by a Git host; null: nobody, and nothing is served there. */
  readonly hook?: Hook | null;
  /** Made for notices; null: none were. */
  readonly links?: ReviewLinks | null;
  /** The dashboard; null: it was not built. */
  readonly pages?: Pages | null;
}

type Bindings = { Bindings: Partial<HttpBindings> };

/** The control plane as a handler of requests. */
export function controlApp(
  settings: ControlSettings,
  feed: Feed = new Feed(settings),
): Hono<Bindings> {
  const { operations, clock, log, hook = null, links = null } = settings;
  const access = new Access(operations, clock);
  const app = new Hono<Bindings>();

  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
    await next();
  });
  if (hook !== null) addHook(app, hook, clock);
  if (links !== null) addLinks(app, links);
  addPages(app, settings.pages ?? null);

  // Made once: whoever reaches the listener may ask for it.
  let made: Json | null = null;
  const document = () => {
    made ??= openApiDocument(ROUTES);
    return made;
  };
  for (const route of ROUTES) {
    app.on(route.method, route.path, (context) => {
      const asking = askingOf(context);
      const parts = { context, asking, operations, access, feed };
      const visit = { ...parts, document, now: clock.wall() };
      return route.role === null ? route.answer(visit) : answered(visit, route);
    });
  }

  app.notFound((context) =>
    render(context, new Problem("path.unknown", `${context.req.method} is not served here.`)),
  );
  app.onError((error, context) => {
    if (error instanceof Problem) return render(context, error);
    log.error("a request to the control plane failed", { path: context.req.path, error });
    const lost = error instanceof StoreUnreachable;
    return render(
      context,
      lost
        ? new Problem("store.unreachable", "The store cannot be reached.")
        : new Problem("control.error", "The request failed inside the gateway."),
    );
  });
  return app;
}

async function answered(visit: OpenVisit, { answer, role }: OperatorRoute): Promise<Response> {
  const admit = async () => {
    const operator = await visit.access.admit(visit.asking);
    demand(operator, role);
    return operator;
  };
  return answer({ ...visit, admit, operator: await admit() });
}

function askingOf({ env, req }: Context<Bindings>): Asking {
  const address = env.incoming?.socket.remoteAddress ?? "";
  return { method: req.method, address, header: (name) => req.header(name) };
}

function render(context: Context, problem: Problem): Response {
  const { status } = PROBLEMS[problem.code];
  if (status === 401) context.header("www-authenticate", 'Bearer realm="slipclutch"');
  if (problem.retryAfterSeconds !== null) {
    context.header("retry-after", String(problem.retryAfterSeconds));
  }
  return context.json(problemView(problem), status);
}

export interface ControlListener {
  readonly url: string;
  /** No new connections; what is being answered ends, what idles is closed. */
  close(): Promise<void>;
}

/** Listens; resolves once connections are accepted. Port 0 takes any free one. */
export function listenControl(
  settings: ControlSettings,
  at: { readonly host: string; readonly port: number },
): Promise<ControlListener> {
  const feed = new Feed(settings);
  // Without another `createServer` this is a plain server of node:http.
  const server = createAdaptorServer({
    fetch: controlApp(settings, feed).fetch,
    hostname: at.host,
    overrideGlobalObjects: false,
    serverOptions: { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MS },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      const close = () => {
        feed.close();
        return closed(server, settings.clock);
      };
      resolve({ url: urlOf(server), close });
    });
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The listener has no port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function closed(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(CLOSE_MS, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
