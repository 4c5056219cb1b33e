/** `npm run bench`: see `docs/bench.md`, or `npm run bench -- --help`. */
import { parseArgs } from "node:util";
import { overspend } from "./overspend/run.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    source: { type: "boolean", default: false },
    variant: { type: "string", multiple: true, default: [] },
    processes: { type: "string", default: "1" },
    store: { type: "string" },
    kill: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
  },
});

// The programs that were started go with this process, on exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const [what = "speed"] = positionals;
const processes = Number(values.processes);
if (what === "overspend") {
  const store = values.store ?? (processes > 1 ? "postgres" : "embedded");
  const { json, kill, quick, source, stop, variant: variants } = values;
  process.exit(await overspend({ variants, processes, store, kill, stop, quick, source, json }));
}
