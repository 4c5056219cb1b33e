import type { Clock } from "../../../ports/clock.ts";
import {
  type OfferedTool,
  type ToolEnd,
  type ToolExchange,
  type ToolRequest,
  type ToolRun,
  type ToolServer,
  ToolServerUnreachable,
} from "../../../ports/tool-server.ts";
import { METHODS, readCallResult } from "../../../wire/mcp.ts";
import { Ask, type AskEnd } from "./ask.ts";
import { Line } from "./line.ts";
import { cleaner, type McpSettings } from "./mcp-settings.ts";
import { ToolList } from "./tool-list.ts";

/**
 * A tool server that speaks MCP 2025-11-25 over streamable HTTP. Nothing is sent before the first
 * call or list. Throws on settings that can never work.
 */
export function mcpToolServer(settings: McpSettings, clock: Clock): ToolServer {
  return new McpToolServer(settings, clock);
}

class McpToolServer implements ToolServer {
  readonly name: string;
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #tools: ToolList;
  readonly #clean: (message: string) => string;

  constructor(settings: McpSettings, clock: Clock) {
    this.name = settings.name;
    this.#clock = clock;
    this.#line = new Line(settings, clock, () => this.#tools.forget());
    this.#tools = new ToolList(this.#line, clock);
    this.#clean = cleaner(settings);
  }

  async list(): Promise<readonly OfferedTool[]> {
    try {
      return await this.#tools.get();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ToolServerUnreachable(this.#clean(`tool server ${this.name}: ${message}`));
    }
  }

  call(request: ToolRequest, run: ToolRun): ToolExchange {
    const { tool, arguments: given, meta, timeoutMs, resultBytesMax } = request;
    const beside = Object.keys(meta).length === 0 ? {} : { _meta: meta };
    const params = { name: tool, arguments: given, ...beside };
    const options = { method: METHODS.call, params, timeoutMs, answerBytesMax: resultBytesMax };
    const ask = new Ask(this.#line, this.#clock, options, {
      mayWrite: () => run.mayWrite(),
      end: (end) => run.end(this.#endOf(end)),
    });
    ask.start();
    return ask;
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  #endOf(end: AskEnd): ToolEnd {
    if (end.kind === "fault") {
      return { kind: "fault", fault: { ...end.fault, message: this.#clean(end.fault.message) } };
    }
    const read = readCallResult(end.result);
    if (typeof read !== "string") return { kind: "result", result: { ...read, bytes: end.bytes } };
    const message = this.#clean(`answered with ${read}`);
    return { kind: "fault", fault: { kind: "protocol", written: true, message } };
  }
}
