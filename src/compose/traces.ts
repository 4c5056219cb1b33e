/** Traces, where the environment says who collects them. */
import { OtlpExporter } from "../adapters/spans/otlp/otlp-exporter.ts";
import type { Configuration } from "../config/configuration.ts";
import type { Environment } from "../config/environment.ts";
import { type OpenTelemetry, openTelemetryOf } from "../config/open-telemetry.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Chance, Clock } from "../ports/clock.ts";
import type { Attributes } from "../ports/spans.ts";
import type { Log } from "../telemetry/log.ts";
import { type Place, type Places, SCHEMA_URL } from "../telemetry/span-events.ts";
import { Traces } from "../telemetry/traces.ts";
import type { Machine } from "./machine.ts";

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

export interface Tracing {
  readonly traces: Traces;
  close(): Promise<void>;
}

export interface TracingSettings {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  readonly machine: Machine;
  readonly storeId: string;
  /** Made after the traces that it has. */
  readonly gateway: () => Gateway;
}

/** Null: nobody collects them. What is wrong with a variable is said, and stops nothing. */
export function tracesOf(settings: TracingSettings): Tracing | null {
  const { chance, clock, environment, gateway, log, storeId, version } = settings;
  const { remarks, settings: found } = openTelemetryOf(environment);
  for (const remark of remarks) log.warn(remark);
  if (found === null) return null;
  const { resource, sampler, ...road } = found;
  const about = {
    resource: resourceOf(resource, settings),
    scope: { name: "slipclutch", version },
  };
  const sink = new OtlpExporter(
    { ...road, ...about, schemaUrl: SCHEMA_URL },
    { clock, log, count: (fate, spans) => gateway().metrics.spans(fate, spans) },
  );
  const places = placesIn(() => gateway().rules.configuration);
  const traces = new Traces({ clock, chance, sampler, sink, places, storeId });
  return { traces, close: () => sink.close() };
}

/** What the environment says of this process goes before what it knows itself. */
function resourceOf(
  given: OpenTelemetry["resource"],
  { machine, version }: TracingSettings,
): Attributes {
  return { ...processAttributes(machine, version), ...given };
}

export function processAttributes({ host, pid }: Machine, version: string): Attributes {
  return {
    "service.name": "slipclutch",
    "service.version": version,
    "service.instance.id": `${host} ${pid}`,
  };
}

function placesIn(configuration: () => Configuration): Places {
  return {
    provider: (name) => {
      const found = configuration().providers.find(({ rules }) => rules.name === name);
      return found === undefined ? null : placeAt(found.kind, found.baseUrl);
    },
    toolServer: (name) => {
      const found = configuration().toolServers.get(name);
      return found === undefined ? null : placeAt(found.kind, "url" in found ? found.url : null);
    },
  };
}

function placeAt(kind: string, url: string | null): Place {
  if (url === null || !URL.canParse(url)) return { kind, address: null };
  const { hostname, port, protocol } = new URL(url);
  // Of an address of IPv6 without its brackets.
  const host = hostname.replace(/^\[|\]$/g, "");
  return { kind, address: { host, port: port === "" ? (PORTS[protocol] ?? 0) : Number(port) } };
}
