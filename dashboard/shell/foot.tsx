import type { StatusView } from "../../src/control/schemas/gateway.ts";
import { useApi } from "../data/cache.ts";
import { STATUS } from "../data/paths.ts";
import { short } from "../words/entries.ts";
import { counted } from "../words/numbers.ts";

/** Which guardrails are in force, and whether the gateways and the store are there. */
export function Foot() {
  const { value: status } = useApi<StatusView>(STATUS);
  if (status === undefined) return <p class="foot" />;
  const { commit, configuration, store } = status;
  return (
    <p class="foot">
      Guardrails at <b class="mono">{short(commit ?? configuration)}</b>
      <br />
      {counted(store.gateways, "gateway")}, store {store.up ? "up" : "out of reach"}
      <br />
      {status.ready ? `version ${status.version}` : `not ready: ${status.because}`}
    </p>
  );
}
