/**
 * What decides by policy as code. Policies are loaded whole, beside those in force; each decision
 * asks one loaded set, so that none mixes two.
 */
import type { PolicyAnswer, PolicyDocument, Question } from "../guards/policy/answer.ts";

export type {
  PolicyAnswer,
  PolicyDocument,
  PolicyFailure,
  PolicyTrace,
  Question,
} from "../guards/policy/answer.ts";

/** The policies of one state of the guardrails folder. */
export interface PolicySources {
  /** What it is known by: the commit, or the digest of the files. */
  readonly revision: string;
  /** Rego files by their paths, tests left out. */
  readonly modules: readonly PolicyFile[];
  /** The documents beside them, one JSON object: what policies see below `data`. */
  readonly data: string;
  /** What `opa build -t wasm` made of them, a bundle or the bare module; only `wasm` wants it. */
  readonly wasm?: Uint8Array;
}

export interface PolicyFile {
  readonly file: string;
  readonly text: string;
}

export interface PolicyEngine {
  /** `embedded`, `wasm`, `opa`. */
  readonly kind: string;
  /** Throws `PolicyProblems` where they cannot be used; what is in force stays as it is. */
  load(sources: PolicySources, queries: readonly PolicyQuery[]): Promise<Policies>;
}

/** What will be asked: a document, by its path below `data`. */
export interface PolicyQuery {
  readonly path: readonly string[];
  /** An error of a built-in is undefined, as in OPA without strict errors. */
  readonly lenient: boolean;
  /** Nobody need have written it; else an engine that can know refuses to load without it. */
  readonly isOptional?: true;
}

export interface Policies {
  readonly revision: string;
  /** What their authors may want to know although they can be used: one sentence each. */
  readonly notes: readonly string[];
  /** Never rejects. `input` must not change while it is asked. */
  ask(query: PolicyQuery, input: PolicyDocument, question: Question): Promise<PolicyAnswer>;
  /** Lets go of what the set holds, once nobody asks it any more. */
  close(): Promise<void>;
}

/** What is wrong with policies, where that is known. */
export interface PolicyProblem {
  readonly file: string | null;
  readonly row: number | null;
  readonly col: number | null;
  /** `rego_parse_error` and the like, or what the engine calls it. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export class PolicyProblems extends Error {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
  }
}
