/** The whole API. What is not listed here does not exist; nothing is open that does not say so. */
import { EVENT_ROUTES } from "./events.ts";
import { GATEWAY_ROUTES } from "./gateway.ts";
import { INCIDENT_CASE_ROUTES } from "./incident-case.ts";
import { INCIDENT_ROUTES } from "./incidents.ts";
import { JOURNAL_ROUTES } from "./journal.ts";
import { MONEY_ROUTES } from "./money.ts";
import { NOTIFIER_ROUTES } from "./notifiers.ts";
import { OVERVIEW_ROUTES } from "./overview.ts";
import { PEOPLE_ROUTES } from "./people.ts";
import { REVIEW_ROUTES } from "./reviews.ts";
import type { Route } from "./route.ts";
import { SESSION_ROUTES } from "./session.ts";
import { TRANSCRIPT_ROUTES } from "./transcripts.ts";

export const ROUTES: readonly Route[] = [
  ...GATEWAY_ROUTES,
  ...SESSION_ROUTES,
  ...EVENT_ROUTES,
  ...REVIEW_ROUTES,
  ...OVERVIEW_ROUTES,
  ...INCIDENT_ROUTES,
  ...INCIDENT_CASE_ROUTES,
  ...NOTIFIER_ROUTES,
  ...PEOPLE_ROUTES,
  ...TRANSCRIPT_ROUTES,
  ...MONEY_ROUTES,
  ...JOURNAL_ROUTES,
];
