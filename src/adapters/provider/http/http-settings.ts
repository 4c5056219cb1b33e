import type { ProviderRules } from "../../../guards/provider-rules.ts";

/** What this adapter needs to know of a provider. The configuration's settings have it all. */
export interface HttpSettings {
  readonly rules: ProviderRules;
  readonly kind: "openai" | "anthropic" | "simulated";
  readonly baseUrl: string | null;
  readonly apiKey: string | null;
  /** Extra headers for every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectionsMax: number;
}
