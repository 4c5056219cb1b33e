/**
 * The clutch of one agent.
 *
 *   engaged ──trip | pause──► disengaged ◄──trips again──┐
 *      ▲                          │                      │
 *      ├────────resume────────────┤                      │
 *      │                        probe (one task goes on) │
 *      │                          ▼                      │
 *      └──calm for a while──── probing ──────────────────┘
 *
 * While it is disengaged every call that is not refused is parked; while it is probing, every call
 * but those of the one task. Ending tasks changes no clutch: what is ended is a task.
 */
import type { Millis } from "../money.ts";

export type Clutch =
  | { readonly state: "engaged" }
  | { readonly state: "disengaged"; readonly review: string; readonly since: Millis }
  | {
      readonly state: "probing";
      readonly review: string;
      readonly since: Millis;
      /** The one task that goes on. */
      readonly task: string;
    };

export const ENGAGED: Clutch = { state: "engaged" };
