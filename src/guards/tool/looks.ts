/** What is asked of a tool call wherever it is seen, and of one that stands in another one. */
import { checkArguments } from "./arguments.ts";
import { effect } from "./effect.ts";
import type { ToolGuard } from "./facts.ts";
import { grantTool } from "./grant.ts";
import { resource } from "./resource.ts";

export const LOOKS: readonly (readonly [name: string, rule: ToolGuard])[] = [
  ["manifest", grantTool],
  ["effect", effect],
  ["arguments", checkArguments],
  ["resource", resource],
];
