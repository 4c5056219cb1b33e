/** Who is signed in. The token is sent once; from then on a cookie that no script can read. */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { SessionView } from "../../src/control/schemas/people.ts";
import { get, Refused, send } from "../data/api.ts";
import { forgetAll } from "../data/cache.ts";
import { live } from "../data/live.ts";

const PATH = "/api/v1/session";

export type Session = SessionView;

export type Standing =
  | { readonly state: "asking" }
  | { readonly state: "out" }
  | { readonly state: "unreachable"; readonly error: Refused }
  | { readonly state: "in"; readonly session: Session };

export interface Door {
  readonly standing: Standing;
  /** Rejects with what the gateway said. */
  signIn(token: string): Promise<void>;
  signOut(): Promise<void>;
  again(): void;
}

/** The session of this browser, asked once at the start. */
export function useDoor(): Door {
  const [standing, set] = useState<Standing>({ state: "asking" });
  const out = () => {
    live.stop();
    forgetAll();
    set({ state: "out" });
  };
  const enter = async () => {
    const session = await get<Session>(PATH);
    set({ state: "in", session });
    live.start(out);
  };
  const again = () => {
    enter().catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) out();
      else set({ state: "unreachable", error });
    });
  };
  useEffect(again, []);
  return {
    standing,
    again,
    async signIn(token) {
      await send("POST", PATH, { token });
      await enter();
    },
    async signOut() {
      await send("DELETE", PATH);
      out();
    },
  };
}

const NOBODY: Session = { name: "", role: "viewer", expires_at: null };
export const SessionContext = createContext<Session>(NOBODY);

export function useSession(): Session {
  return useContext(SessionContext);
}

/** Why this person may not decide; null: they may. */
export function useHindrance(): string | null {
  const { role } = useSession();
  return role === "viewer" ? "You are a viewer: an operator decides." : null;
}
