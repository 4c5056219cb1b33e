/** What a route is, and what it works with. */
import type { Context } from "hono";
import type { z } from "zod";
import type { Millis } from "../../guards/money.ts";
import type { Role } from "../../ports/store.ts";
import type { Access } from "../access.ts";
import type { Feed } from "../feed.ts";
import type { Operations, Operator } from "../operations.ts";
import type { Asking } from "../origin.ts";
import { Problem, type ProblemCode } from "../problem.ts";
import { readBytes } from "../requests.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A request of whoever it is. */
export interface OpenVisit {
  readonly context: Context;
  readonly asking: Asking;
  readonly operations: Operations;
  readonly access: Access;
  readonly feed: Feed;
  /** What describes the whole API. */
  readonly document: () => Json;
  readonly now: Millis;
}

export interface Visit extends OpenVisit {
  readonly operator: Operator;
  /** Asks once more whether this operator may be here: a `Problem` if not. */
  readonly admit: () => Promise<Operator>;
}

/** What an answer holds: JSON of a schema, text of some type, or nothing at all. */
export type Content =
  | { readonly schema: z.ZodType; readonly lines?: z.ZodType }
  | { readonly text: string }
  | null;

/** What the document of the API says of a route. */
interface Described {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** What programs that are made from the document call it. */
  readonly name: string;
  /** A sentence or some, in Markdown. */
  readonly says: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What it answers when it did it. */
  readonly status?: 200 | 201 | 204;
  readonly content: Content;
  /** What it answers in the other case, where there are two and neither is a refusal. */
  readonly otherwise?: { readonly status: 503; readonly schema: z.ZodType };
  /** Beside those that every route has by its role, its query and its body. */
  readonly problems?: readonly ProblemCode[];
}

export interface OperatorRoute extends Described {
  readonly role: Role;
  readonly answer: (visit: Visit) => Promise<Response>;
}

/** Open to whoever reaches the listener. */
export interface OpenRoute extends Described {
  readonly role: null;
  readonly answer: (visit: OpenVisit) => Promise<Response>;
}

export type Route = OperatorRoute | OpenRoute;

const JSON_TYPE = /^application\/json *(;|$)/i;

/** An empty body is an empty object: `POST` without one says nothing. */
export async function bodyOf(context: Context): Promise<unknown> {
  const bytes = await readBytes(context.req.raw.body);
  if (bytes.length === 0) return {};
  const type = context.req.header("content-type") ?? "nothing";
  // Other types can be sent by a form of any page, without asking us first.
  if (!JSON_TYPE.test(type)) {
    throw new Problem("request.not-json", `The body is said to be ${type}.`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be parsed";
    throw new Problem("request.malformed", `The body is no JSON: ${reason}`);
  }
}

export function param(context: Context, name: string): string {
  return context.req.param(name) ?? "";
}
