/** Which policies decide the calls of an agent. */
import type { PolicyAnswer, PolicyDocument, Question } from "./answer.ts";

/** One policy, bound to a kind of call. */
export interface Binding {
  readonly name: string;
  /** The document that decides, below `data`. */
  readonly path: readonly string[];
  /** What it decides; `ask`: nothing here, its agents ask it themselves. */
  readonly on: "tool" | "model" | "ask";
  /** Only calls about resources of this type; null: all. */
  readonly resourceType: string | null;
  /** Agents are told its reasons. */
  readonly tell: boolean;
  /** Its agents may ask it, as they would ask an OPA. */
  readonly expose: boolean;
  /** An error of a built-in is undefined, as in OPA without strict errors. */
  readonly lenient: boolean;
}

/**
 * The policies of one commit, as far as they are about one agent. Two of them hold for a task that
 * began under others than those of now.
 */
export interface PolicyRules {
  /** Of the policies, their data and their bindings: an approval holds under these. */
  readonly digest: string;
  /** What decisions and records name: the commit, or the digest. */
  readonly revision: string;
  readonly bindings: readonly Binding[];
  /** For all questions about one call together. */
  readonly timeoutMs: number;
  /** Of the shell, which asks before the guards are told: no guard calls it. Never rejects. */
  readonly ask: AskPolicy;
  /** Null: there is no policy about the records of decisions. */
  readonly askOfRecords: AskRecords | null;
}

export type AskPolicy = (
  binding: Binding,
  input: PolicyDocument,
  question: Question,
) => Promise<PolicyAnswer>;

/** What is recorded of decisions is itself decided by policies, of paths below `data`. */
export type AskRecords = (
  path: readonly string[],
  input: PolicyDocument,
  question: Question,
) => Promise<PolicyAnswer>;
