/** Who may come in: operator tokens only, with guesses slowed down, and each route by its role. */
import { hash } from "node:crypto";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Role } from "../ports/store.ts";
import type { Operations, Operator, SignedIn } from "./operations.ts";
import { type Asking, demandOwnPage, sessionCookie } from "./origin.ts";
import { Problem } from "./problem.ts";

/** Failed attempts of one address in one window. */
export const FAILURES_MAX = 10;
export const FAILURE_WINDOW_MS: Millis = 60_000;
/** Addresses remembered; with more the oldest is forgotten. */
export const ADDRESSES_MAX = 1_000;
/** Tokens that were right before, which a neighbour's failures do not lock out. */
const KNOWN_TOKENS_MAX = 200;
/** Far longer than any token of ours. */
const TOKEN_CHARACTERS_MAX = 512;

/** How agent keys begin: told apart without asking the store, for a clear answer. */
const AGENT_KEY = /^sck_/;

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

interface Failures {
  count: number;
  readonly since: Millis;
}

type Door = Pick<Operations, "authenticate" | "signIn" | "session">;

/** The door of the control plane. */
export class Access {
  readonly #operations: Door;
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();
  readonly #known = new Set<string>();

  constructor(operations: Door, clock: Clock) {
    this.#operations = operations;
    this.#clock = clock;
  }

  /** The operator behind a request, or a `Problem`. */
  async admit(asking: Asking): Promise<Operator> {
    const authorization = asking.header("authorization");
    const cookie = authorization === undefined ? sessionCookie(asking) : null;
    if (cookie !== null) return this.#bySession(cookie, asking);
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) {
      throw new Problem("token.missing", "This path wants an operator token.");
    }
    return this.#byToken(token, asking.address, (known) => this.#operations.authenticate(known));
  }

  /** The session of who has this token, or a `Problem`. */
  signIn(token: string, asking: Asking): Promise<SignedIn> {
    return this.#byToken(token, asking.address, (known) => this.#operations.signIn(known));
  }

  /**
   * A browser sends its cookie whoever makes it ask. Cookies that are wrong are not counted: a seal
   * cannot be guessed, and a page that was left open would lock its own address out.
   */
  async #bySession(cookie: string, asking: Asking): Promise<Operator> {
    demandOwnPage(asking);
    const operator = await this.#operations.session(cookie);
    if (operator === null) throw new Problem("session.ended", "This session has ended.");
    return operator;
  }

  async #byToken<Known>(
    token: string,
    address: string,
    find: (token: string) => Promise<Known | null>,
  ): Promise<Known> {
    const digest = hash("sha256", token, "hex");
    if (!this.#known.has(digest)) this.#slow(address);
    if (AGENT_KEY.test(token)) {
      this.#fail(address);
      throw new Problem("token.agent", "This is an agent key, and this is the control plane.");
    }
    const found = token.length > TOKEN_CHARACTERS_MAX ? null : await find(token);
    if (found === null) {
      this.#known.delete(digest);
      this.#fail(address);
      throw new Problem("token.invalid", "The token is unknown, expired or revoked.");
    }
    this.#remember(digest);
    return found;
  }

  #slow(address: string): void {
    const failures = this.#failures.get(address);
    if (!failures) return;
    const leftMs = failures.since + FAILURE_WINDOW_MS - this.#clock.monotonic();
    if (leftMs <= 0) {
      this.#failures.delete(address);
      return;
    }
    if (failures.count < FAILURES_MAX) return;
    const retryAfterSeconds = Math.ceil(leftMs / 1000);
    const message = `${FAILURES_MAX} attempts from this address failed.`;
    throw new Problem("token.too-many-failures", message, { retryAfterSeconds });
  }

  #fail(address: string): void {
    const failures = this.#failures.get(address);
    if (failures) {
      failures.count += 1;
      return;
    }
    this.#failures.set(address, { count: 1, since: this.#clock.monotonic() });
    if (this.#failures.size > ADDRESSES_MAX) dropOldest(this.#failures);
  }

  #remember(digest: string): void {
    this.#known.add(digest);
    if (this.#known.size > KNOWN_TOKENS_MAX) dropOldest(this.#known);
  }
}

function dropOldest(kept: Map<string, unknown> | Set<string>): void {
  for (const key of kept.keys()) {
    kept.delete(key);
    return;
  }
}

/** Refuses an operator whose role is below the one the route wants. */
export function demand(operator: Operator, role: Role): void {
  if (RANK[operator.role] >= RANK[role]) return;
  const message = `${operator.name} is ${operator.role}, and this wants ${role}.`;
  throw new Problem("role.insufficient", message);
}
