/** `npm run bench`: see `docs/bench.md`, or `npm run bench -- --help`. */
import { parseArgs } from "node:util";
import { clutch } from "./clutch/run.ts";
import { manifest } from "./manifest/run.ts";
import { mcp } from "./mcp/run.ts";
import { overspend } from "./overspend/run.ts";
import { parked } from "./parked/run.ts";
import { hasPostgres } from "./postgres.ts";
import { rates } from "./rates/run.ts";
import { rego } from "./rego/run.ts";
import { signals } from "./signals/run.ts";
import { speed } from "./speed/run.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    source: { type: "boolean", default: false },
    variant: { type: "string", multiple: true, default: [] },
    processes: { type: "string" },
    store: { type: "string" },
    kill: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
  },
});

// The programs that were started go with this process, on exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const HELP = `npm run bench -- [speed] [--quick] [--source] [--json]
  What a call costs, as ratios to a bare proxy in the same run.

npm run bench -- overspend [--variant NAME]… [--processes N] [--store embedded|postgres|URL]
                           [--kill] [--stop] [--quick] [--source] [--json]
  Many clients at once on a budget for k calls, counted at the upstream. Ends with 1 if a call was
  past the cap, or refused although it fitted.

npm run bench -- mcp [--store sqlite|postgres|URL] [--quick] [--source] [--json]
  What the gateway adds to tools/call of the official MCP client, beside the direct way.

npm run bench -- manifest [--quick] [--source] [--json]
  Holding a call against a manifest of 100 tools, a list of 500, and 10 MB that are refused.

npm run bench -- clutch [--store postgres|sqlite|URL] [--quick] [--source] [--json]
  From a trip to the last call that goes out anywhere, and a rate limit that gateways race for.
  Ends with 1 if an agent did not stop, or more calls than the limit arrived in a window.

npm run bench -- rates [--processes N] [--store postgres|sqlite|URL] [--quick] [--source] [--json]
  N gateways (4) race for a tool with a rate limit of 100 calls in 60 s. Ends with 1 if more than
  that arrived in any window.

npm run bench -- parked [--quick] [--source] [--json]
  10,000 calls that wait with their connections, beside a bare server that holds as many; killed, and
  resumed. Ends with 1 if one was lost or ran twice. It takes ten minutes.

npm run bench -- rego [--quick] [--json]
  A decision by policy in the embedded engine, beside the same policy as WebAssembly; it needs opa.

npm run bench -- signals [--quick] [--json]
  What watching costs a call, and 100,000 agents with three tools each in one process.

  --quick    fewer calls        --source   run src/ instead of a build
  --json     only the last line goes to standard output
`;

/** On two cores that is as many as still make progress. */
const RATES_PROCESSES = 4;

const [what = "speed"] = positionals;
const processes = Number(values.processes ?? 1);
if (values.help) {
  process.stdout.write(HELP);
} else if (what === "overspend") {
  const store = values.store ?? (processes > 1 ? "postgres" : "embedded");
  const { json, kill, quick, source, stop, variant: variants } = values;
  process.exit(await overspend({ variants, processes, store, kill, stop, quick, source, json }));
} else if (what === "mcp") {
  const { json, quick, source, store = "sqlite" } = values;
  process.exit(await mcp({ json, quick, source, store }));
} else if (what === "manifest") {
  const { json, quick, source } = values;
  process.exit(await manifest({ json, quick, source }));
} else if (what === "clutch") {
  const { json, quick, source, store = hasPostgres() ? "postgres" : "sqlite" } = values;
  process.exit(await clutch({ json, quick, source, store }));
} else if (what === "rates") {
  const { json, quick, source, store = hasPostgres() ? "postgres" : "sqlite" } = values;
  const asked = values.processes === undefined ? RATES_PROCESSES : processes;
  process.exit(await rates({ json, processes: asked, quick, source, store }));
} else if (what === "parked") {
  const { json, quick, source } = values;
  process.exit(await parked({ json, quick, source }));
} else if (what === "rego") {
  const { json, quick } = values;
  process.exit(await rego({ json, quick }));
} else if (what === "signals") {
  const { json, quick } = values;
  process.exit(await signals({ json, quick }));
} else if (what === "speed") {
  const { json, quick, source } = values;
  process.exit(await speed({ json, quick, source }));
} else {
  process.stderr.write(HELP);
  process.exitCode = 2;
}
