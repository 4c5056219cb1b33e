/** What the control plane can do with incidents. */
import type { Operations } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { noteIncident } from "./clutches.ts";

type IncidentOperations = Pick<Operations, "noteIncident" | "exportedIncident">;

export function incidentOperations(gateway: Gateway): IncidentOperations {
  return {
    noteIncident: (note, by) => noteIncident(note, by, gateway),
    exportedIncident: (exported, by) => {
      emit(gateway, gateway.holding.tenure, { kind: "incident.exported", ...exported, by });
    },
  };
}
