/** The names under which the document of the API, and programs made from it, know these schemas. */
import { CASE } from "../../config/incident-case.ts";
import * as evidence from "./evidence.ts";
import * as gateway from "./gateway.ts";
import * as incidents from "./incidents.ts";
import * as journal from "./journal.ts";
import { LAST_APPROVED } from "./last-approved.ts";
import * as money from "./money.ts";
import * as notifiers from "./notifiers.ts";
import * as overview from "./overview.ts";
import * as people from "./people.ts";
import * as reviews from "./reviews.ts";
import * as signals from "./signals.ts";

export const NAMED = {
  Problem: gateway.PROBLEM,
  Issue: gateway.ISSUE,
  Status: gateway.STATUS,
  Remote: gateway.REMOTE,
  ModelFlag: gateway.FLAG,
  Entry: journal.ENTRY,
  JournalPage: journal.JOURNAL_PAGE,
  Input: journal.INPUT,
  Verified: journal.VERIFIED,
  Explanation: journal.EXPLANATION,
  Budget: money.BUDGET,
  Forfeit: money.FORFEIT,
  Release: money.RELEASE,
  Commitment: money.COMMITMENT,
  Notifier: notifiers.NOTIFIER,
  Key: people.KEY,
  Session: people.SESSION,
  Task: people.TASK,
  Agent: reviews.AGENT,
  Signals: signals.SIGNALS,
  ReviewRow: reviews.REVIEW_ROW,
  Review: reviews.REVIEW,
  LastApproved: LAST_APPROVED,
  Decision: reviews.DECISION,
  Call: evidence.CALL,
  Spent: evidence.SPENT,
  Resuming: evidence.RESUMING,
  Deadlines: evidence.DEADLINES,
  IncidentRow: incidents.INCIDENT_ROW,
  Incident: incidents.INCIDENT,
  IncidentCase: CASE,
  Moment: incidents.MOMENT,
  Change: incidents.CHANGE,
  ParkedCall: reviews.PARKED,
  Overview: overview.OVERVIEW,
  Manifest: overview.MANIFEST,
};
