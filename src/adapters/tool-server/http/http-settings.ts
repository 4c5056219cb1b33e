import type { HttpPlaces } from "../../../guards/tool/places.ts";
import type { JsonObject } from "../../../wire/json.ts";

/** What this adapter needs to know of a tool server. The configuration's settings have it all. */
export interface HttpSettings {
  readonly name: string;
  /** What the paths of its tools are put behind, by http or https. */
  readonly url: string;
  readonly connectionsMax: number;
  /** Networks beside the public ones that may be connected to: `10.0.0.0/8`, `::1/128`. */
  readonly allowAddresses: readonly string[];
  readonly operations: ReadonlyMap<string, HttpOperationSettings>;
}

export interface HttpOperationSettings {
  readonly method: string;
  readonly places: HttpPlaces;
  /** As secret as credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: readonly Credential[];
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly isRead: boolean;
}

export interface Credential {
  readonly in: "header" | "query" | "cookie";
  readonly name: string;
  readonly value: string;
  /** What must not come back: the value, or what is encoded in it. */
  readonly secrets: readonly string[];
}
