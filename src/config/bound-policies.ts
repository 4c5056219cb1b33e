/** The policies of a configuration: which decide what, and what evaluates them. */
import type { Millis } from "../guards/money.ts";
import type { Binding } from "../guards/policy/rules.ts";
import type { Policies, PolicySources } from "../ports/policy-engine.ts";
import type { DecisionLogSettings } from "./decision-log-settings.ts";

/** A policy, and whose calls it decides. */
export interface BoundPolicy {
  readonly binding: Binding;
  /** `*` in an id stands for any text. */
  readonly agents: readonly string[];
}

export interface PolicySettings {
  readonly engine: PolicyEngineSettings;
  readonly timeoutMs: Millis;
  readonly bound: readonly BoundPolicy[];
  readonly sources: PolicySources;
  /** Of all that decides: the policies, their data, their engine and their bindings. */
  readonly digest: string;
}

export type PolicyEngineSettings =
  | { readonly kind: "embedded" }
  | { readonly kind: "wasm" }
  | {
      readonly kind: "opa";
      readonly url: string;
      readonly socket: string | null;
      /** Never in a log, an error, a metric or the digest. */
      readonly token: string | null;
    };

/** What of a configuration is about policies. */
export interface Deciding {
  /** Null: none is bound. */
  readonly policies: PolicySettings | null;
  /** Those, once their engine has loaded them. */
  readonly policySet: Policies | null;
  /** Null: decisions by policy are logged nowhere. */
  readonly decisionLog: DecisionLogSettings | null;
}
