/** The control plane's API as typed calls: what the command line uses. */
import type { z } from "zod";
import type { CaseFile } from "../config/incident-case.ts";
import { entriesIn } from "./event-stream.ts";
import type { DECISION_BODY, KEY_BODY, PAUSE_BODY, RAISE_BODY, RELEASE_BODY } from "./requests.ts";
import type { FlagView, ProblemView, ReloadedView, StatusView } from "./schemas/gateway.ts";
import type { IncidentRowView, IncidentView, MomentView } from "./schemas/incidents.ts";
import type {
  EntryView,
  ExplanationView,
  InputPage,
  InputView,
  JournalPage,
  VerifiedView,
} from "./schemas/journal.ts";
import type {
  BudgetHistoryView,
  BudgetView,
  CommitmentView,
  ForfeitsView,
  ForfeitView,
  OverrideView,
  RaisedView,
  ReleasedView,
  ReleaseView,
} from "./schemas/money.ts";
import type { NotifierView, TestedView } from "./schemas/notifiers.ts";
import type { KeyView, MadeKeyView, SessionView, TaskView } from "./schemas/people.ts";
import type {
  AgentView,
  ArgumentsView,
  ParkedView,
  PausedView,
  ReviewRowView,
  ReviewView,
} from "./schemas/reviews.ts";
import type {
  ErasedView,
  PartView,
  TranscriptEntryView,
  TranscriptView,
} from "./schemas/transcripts.ts";

export type {
  AgentView,
  ArgumentsView,
  BudgetHistoryView,
  BudgetView,
  CommitmentView,
  EntryView,
  ErasedView,
  ExplanationView,
  FlagView,
  ForfeitsView,
  ForfeitView,
  IncidentRowView,
  IncidentView,
  InputPage,
  InputView,
  JournalPage,
  KeyView,
  MadeKeyView,
  MomentView,
  NotifierView,
  OverrideView,
  ParkedView,
  PartView,
  PausedView,
  RaisedView,
  ReleasedView,
  ReleaseView,
  ReloadedView,
  ReviewRowView,
  ReviewView,
  SessionView,
  StatusView,
  TaskView,
  TestedView,
  TranscriptEntryView,
  TranscriptView,
  VerifiedView,
};

/** Longest wait for an answer; verifying a long journal takes the longest. */
const ANSWER_MS = 10 * 60_000;

/** No gateway answers at that address. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The gateway answered, and said no. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly error: ProblemView["error"];

  constructor(status: number, error: ProblemView["error"]) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

export type Params = Readonly<Record<string, string | undefined>>;

export type KeyRequest = z.input<typeof KEY_BODY>;
export type ReleaseRequest = z.input<typeof RELEASE_BODY>;
export type PauseRequest = z.input<typeof PAUSE_BODY>;
export type RaiseRequest = z.input<typeof RAISE_BODY>;
export type DecisionRequest = z.input<typeof DECISION_BODY>;

/** One gateway, as an operator sees it. */
export class ControlClient {
  readonly #url: string;
  readonly #token: string | null;

  /** Without a token, in a page of the gateway's own: the browser sends its session's cookie. */
  constructor(url: string, token: string | null) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  session = () => this.#ask<SessionView>("GET", "/api/v1/session");
  status = () => this.#ask<StatusView>("GET", "/api/v1/status");
  budgets = () => this.#ask<readonly BudgetView[]>("GET", "/api/v1/budgets");
  budgetHistory = (budget: string, params: Params) =>
    this.#ask<BudgetHistoryView>("GET", `/api/v1/budgets/${part(budget)}/history${query(params)}`);
  journal = (params: Params) => this.#ask<JournalPage>("GET", `/api/v1/journal${query(params)}`);
  inputs = (params: Params) => this.#ask<InputPage>("GET", `/api/v1/inputs${query(params)}`);
  verifyJournal = () => this.#ask<VerifiedView>("GET", "/api/v1/journal/verify");
  explain = (id: string) => this.#ask<ExplanationView>("GET", `/api/v1/decisions/${part(id)}`);
  reload = () => this.#ask<ReloadedView>("POST", "/api/v1/reload");
  keys = (params: Params) => this.#ask<readonly KeyView[]>("GET", `/api/v1/keys${query(params)}`);
  createKey = (key: KeyRequest) => this.#ask<MadeKeyView>("POST", "/api/v1/keys", key);
  revokeKey = (id: string) => this.#ask<{ id: string }>("DELETE", `/api/v1/keys/${part(id)}`);
  tasks = (params: Params) =>
    this.#ask<readonly TaskView[]>("GET", `/api/v1/tasks${query(params)}`);
  endTask = (agent: string, task: string) =>
    this.#ask<{ task: string }>("POST", `/api/v1/tasks/${part(agent)}/${part(task)}/end`);
  transcript = (agent: string, task: string, params: Params) => {
    const path = `/api/v1/tasks/${part(agent)}/${part(task)}/transcript`;
    return this.#ask<TranscriptView>("GET", `${path}${query(params)}`);
  };
  eraseTranscript = (agent: string, task: string, reason: string) => {
    const path = `/api/v1/tasks/${part(agent)}/${part(task)}/transcript`;
    return this.#ask<ErasedView>("DELETE", path, { reason });
  };
  agents = () => this.#ask<readonly AgentView[]>("GET", "/api/v1/agents");
  pause = (pause: PauseRequest) => this.#ask<PausedView>("POST", "/api/v1/agents/pause", pause);
  reviews = (params: Params) =>
    this.#ask<readonly ReviewRowView[]>("GET", `/api/v1/reviews${query(params)}`);
  review = (id: string) => this.#ask<ReviewView>("GET", `/api/v1/reviews/${part(id)}`);
  callArguments = (id: string, call: string) =>
    this.#ask<ArgumentsView>("GET", `/api/v1/reviews/${part(id)}/calls/${part(call)}`);
  decideReview = (id: string, decision: DecisionRequest) =>
    this.#ask<ReviewView>("POST", `/api/v1/reviews/${part(id)}/decision`, decision);
  incidents = (params: Params) =>
    this.#ask<readonly IncidentRowView[]>("GET", `/api/v1/incidents${query(params)}`);
  incident = (id: string) => this.#ask<IncidentView>("GET", `/api/v1/incidents/${part(id)}`);
  noteIncident = (id: string, text: string) =>
    this.#ask<IncidentView>("POST", `/api/v1/incidents/${part(id)}/notes`, { text });
  exportIncident = (id: string, params: Params) =>
    this.#ask<CaseFile>("GET", `/api/v1/incidents/${part(id)}/export${query(params)}`);
  overrides = () => this.#ask<readonly OverrideView[]>("GET", "/api/v1/overrides");
  raiseLimit = (raise: RaiseRequest) => this.#ask<RaisedView>("POST", "/api/v1/overrides", raise);
  forfeits = () => this.#ask<ForfeitsView>("GET", "/api/v1/forfeits");
  releaseForfeits = (release: ReleaseRequest) =>
    this.#ask<ReleasedView>("POST", "/api/v1/forfeits/release", release);
  commitments = (params: Params) =>
    this.#ask<readonly CommitmentView[]>("GET", `/api/v1/commitments${query(params)}`);
  endCommitment = (id: string, reason: string) =>
    this.#ask<CommitmentView>("POST", `/api/v1/commitments/${part(id)}/end`, { reason });
  notifiers = () => this.#ask<readonly NotifierView[]>("GET", "/api/v1/notifiers");
  testNotifier = (name: string) =>
    this.#ask<TestedView>("POST", `/api/v1/notifiers/${part(name)}/test`);
  modelFlags = () => this.#ask<readonly FlagView[]>("GET", "/api/v1/model-flags");
  clearModelFlag = (provider: string, model: string, reason: string) => {
    const path = `/api/v1/model-flags/${part(provider)}/${part(model)}`;
    return this.#ask<{ model: string }>("DELETE", path, { reason });
  };

  /**
   * Entries of the journal as they come, over one connection: it ends when that does. `after` is
   * the position where it goes on.
   */
  async *events(params: Params, signal: AbortSignal): AsyncGenerator<EntryView> {
    const path = `/api/v1/events${query(params)}`;
    const response = await this.#send("GET", path, undefined, signal);
    if (!response.ok) {
      throw new Refused(response.status, problemOf(await this.#json(response), response.status));
    }
    if (response.body !== null) yield* entriesIn(response.body, signal);
  }

  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.#send(method, path, body);
    const answer = await this.#json(response);
    if (!response.ok) throw new Refused(response.status, problemOf(answer, response.status));
    // The server of the same version renders exactly these views.
    return answer as Answer;
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    signal = AbortSignal.timeout(ANSWER_MS),
  ): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#token !== null) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(this.#url + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        redirect: "error",
        signal,
      });
    } catch (cause) {
      throw new Unreachable(`No gateway answers at ${this.#url}.`, { cause });
    }
  }

  async #json(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (cause) {
      throw new Unreachable(`What answers at ${this.#url} is no Slipclutch.`, { cause });
    }
  }
}

function part(text: string): string {
  return encodeURIComponent(text);
}

function query(params: Params): string {
  const given = Object.entries(params).filter((pair): pair is [string, string] => {
    return pair[1] !== undefined;
  });
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

function problemOf(answer: unknown, status: number): ProblemView["error"] {
  // Checked by hand, for another program may be listening there.
  const error = (answer as Partial<ProblemView> | null)?.error;
  if (typeof error?.code === "string" && typeof error.message === "string") return error;
  const hint = "Is this the URL of the control listener?";
  return { code: "unknown", message: `It answered with status ${status}.`, hint };
}
