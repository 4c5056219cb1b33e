/** One agent's manifest, compiled: what it may use and within which limits. */
import type { LibraryGrants } from "../library/grants.ts";
import type { Millis } from "../money.ts";
import type { PolicyRules } from "../policy/rules.ts";
import type { ToolGrants } from "../tool/tool.ts";

/** Layer 1: limits on one model call. Null: no limit of its own. */
export interface CallLimits {
  /** Ceiling of the output cap, and the value sent when the client sends none. */
  readonly maxOutputTokens: number | null;
  /** Ceiling of the input bound. */
  readonly maxInputTokens: number | null;
  /** Most choices (`n`). */
  readonly maxN: number | null;
  /** From the write to the first byte of the answer, and between bytes. */
  readonly timeoutMs: Millis;
  /** A narrowed cap never goes below this. */
  readonly minUsefulOutput: number;
}

/** What holds where a manifest says nothing of tools: none may be called. */
export const NO_TOOLS: ToolGrants = {
  allowed: [],
  observed: [],
  hosted: new Set(),
  blacklisted: new Set(),
  argumentsBytesMax: 1024 * 1024,
};

export type OnChange = "finish" | "apply" | "strictest";

/** How its agent is observed before it is enforced. */
export interface Observe {
  /** By the store's clock. */
  readonly until: Millis;
  /** Whose tools it may call without a grant; null: those of all tool servers. */
  readonly servers: ReadonlySet<string> | null;
}

export interface Manifest {
  readonly agent: string;
  /** Of what it says: an approval holds under the manifest that it was given under. */
  readonly digest: string;
  readonly labels: {
    readonly team: string | null;
    readonly org: string | null;
    readonly owner: string | null;
  };
  /** Null: any model that has a price. Else the ids granted, each with its limits. */
  readonly models: ReadonlyMap<string, CallLimits> | null;
  /** For models without an entry of their own. */
  readonly limits: CallLimits;
  /** Null: it is enforced. */
  readonly observe: Observe | null;
  /** What would be refused for its grants is let through and written down, at this moment. */
  readonly observing: boolean;
  /** Above a limit: refuse instead of clamping. */
  readonly strict: boolean;
  /** No money budget draws on it, on purpose. */
  readonly uncapped: boolean;
  /** Put one line about the budget into the system prompt. */
  readonly tellAgent: boolean;
  /** What its tasks say may be kept, where that is configured. */
  readonly transcripts: boolean;
  /** What holds for a named task that began under another manifest of the agent. */
  readonly onChange: OnChange;
  /** Of such a task: what revision it began with, where this is what holds for it. */
  readonly began?: string;
  /** After an answer whose calls of tools were all refused the model is asked again so often. */
  readonly refusalRounds: number;
  readonly tasks: {
    readonly newPerHour: number;
    readonly aliveMax: number;
    readonly depthMax: number;
    readonly childrenMax: number;
    readonly idleMs: Millis;
    /** Calls of one task, of models and tools together; of tools alone. Null: any number. */
    readonly callsMax: number | null;
    readonly toolCallsMax: number | null;
    /** From its opening; null: as long as it likes. */
    readonly durationMaxMs: Millis | null;
  };
  readonly tools: ToolGrants;
  /** Resources and prompts. */
  readonly library: LibraryGrants;
  /** Policies that are bound to it: all have to allow. */
  readonly policies: readonly PolicyRules[];
}
