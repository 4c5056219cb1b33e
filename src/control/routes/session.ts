/** Signing in and out with a browser, which is not to keep a token where scripts can read it. */
import { z } from "zod";
import type { Millis } from "../../guards/money.ts";
import type { Operator } from "../operations.ts";
import { cookieText, demandOwnPage } from "../origin.ts";
import { parsed } from "../queries.ts";
import { SESSION, type SessionView } from "../schemas/people.ts";
import { iso } from "../views.ts";
import { bodyOf, type OpenVisit, type Route, type Visit } from "./route.ts";

/** Far longer than any token of ours. */
const TOKEN_CHARACTERS_MAX = 512;

/** `POST /api/v1/session` */
const SESSION_BODY = z.strictObject({
  token: z.string().trim().min(1).max(TOKEN_CHARACTERS_MAX),
});

function sessionView({ expiresAt, name, role }: Operator): SessionView {
  return { name, role, expires_at: expiresAt === null ? null : iso(expiresAt) };
}

async function signIn({ access, asking, context, now }: OpenVisit): Promise<Response> {
  const { token } = parsed(SESSION_BODY, await bodyOf(context));
  const { cookie, operator } = await access.signIn(token, asking);
  context.header("set-cookie", cookieText(cookie, secondsLeft(operator, now), asking));
  return context.body(null, 204);
}

/** A browser is to keep its cookie for no longer than the session lasts. */
function secondsLeft({ expiresAt }: Operator, now: Millis): number {
  return expiresAt === null ? 0 : Math.max(0, Math.floor((expiresAt - now) / 1_000));
}

async function session({ context, operator }: Visit): Promise<Response> {
  return context.json(sessionView(operator));
}

/** Open: who has no session any more has signed out already. */
async function signOut({ asking, context }: OpenVisit): Promise<Response> {
  demandOwnPage(asking);
  context.header("set-cookie", cookieText("", 0, asking));
  return context.body(null, 204);
}

export const SESSION_ROUTES: readonly Route[] = [
  {
    ...{ method: "POST", path: "/api/v1/session", role: null, name: "signIn" },
    says: "Signs a browser in: the answer is empty and sets the cookie `slipclutch_session`.",
    body: SESSION_BODY,
    status: 204,
    content: null,
    problems: ["token.invalid", "token.agent", "token.too-many-failures"],
    answer: signIn,
  },
  {
    ...{ method: "GET", path: "/api/v1/session", role: "viewer", name: "session" },
    says: "Who asks, by token or by cookie.",
    content: { schema: SESSION },
    answer: session,
  },
  {
    ...{ method: "DELETE", path: "/api/v1/session", role: null, name: "signOut" },
    says: "Signs a browser out: its cookie is taken away.",
    status: 204,
    content: null,
    problems: ["request.cross-site"],
    answer: signOut,
  },
];
