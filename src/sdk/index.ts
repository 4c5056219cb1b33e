/** `slipclutch`: what an agent's own program imports. */
export type { AiTool } from "./ai-tools.ts";
export { type ConnectedOptions, createGuard, type StandAloneOptions } from "./create-guard.ts";
export { DeniedError, type Parked } from "./denied.ts";
export type { ToolResult } from "./dispatch.ts";
export type { Guard } from "./guard.ts";
export type { ModelClient, ModelSettings } from "./model.ts";
export type { CallOptions, GuardedTool, Schema, ToolSpec } from "./tool.ts";
