/** Where the demo's programs are: bundles beside this one in `dist`, or the sources themselves. */
import { fileURLToPath } from "node:url";

export interface Programs {
  readonly agent: string;
  readonly model: string;
  readonly toolServer: string;
  readonly cloud: string;
  /** Slipclutch itself. */
  readonly main: string;
  /** How a person at a terminal calls it. */
  readonly command: string;
}

export function programsBeside(importMetaUrl: string): Programs {
  const at = (file: string) => fileURLToPath(new URL(file, importMetaUrl));
  if (importMetaUrl.endsWith(".ts")) {
    const main = at("../main.ts");
    return {
      agent: at("./agent.ts"),
      model: at("./model.ts"),
      toolServer: at("./tool-server.ts"),
      cloud: at("./cloud.ts"),
      main,
      command: `node ${main}`,
    };
  }
  return {
    agent: at("./demo-agent.mjs"),
    model: at("./demo-model.mjs"),
    toolServer: at("./demo-tool-server.mjs"),
    cloud: at("./demo-cloud.mjs"),
    main: at("./slipclutch.mjs"),
    command: "npx slipclutch",
  };
}
