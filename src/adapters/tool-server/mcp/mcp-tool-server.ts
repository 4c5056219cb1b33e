import type { Clock } from "../../../ports/clock.ts";
import type { Remarks } from "../../../ports/remarks.ts";
import {
  type OfferedTool,
  type ToolEnd,
  type ToolExchange,
  type ToolFault,
  type ToolRequest,
  type ToolRun,
  type ToolServer,
  ToolServerUnreachable,
} from "../../../ports/tool-server.ts";
import { RPC_CODES } from "../../../wire/json-rpc.ts";
import { METHODS, NOT_AS_A_CALL, readCallResult, readToolPage } from "../../../wire/mcp.ts";
import {
  type ParameterHeaders,
  parameterValues,
  readParameterHeaders,
} from "../../../wire/mcp-parameter-headers.ts";
import { httpLink } from "./http-link.ts";
import type { AskEnd, Link } from "./link.ts";
import { McpLibrary } from "./mcp-library.ts";
import { cleaner, type McpCommand, type McpSettings } from "./mcp-settings.ts";
import { headerText } from "./request-headers.ts";
import { type Listing, ServerList } from "./server-list.ts";
import { pipeLink } from "./stdio/pipe-link.ts";
import { within } from "./within.ts";

/** A call does not wait longer for the list that says which of its parameters are repeated. */
const REPEATED_WAIT_MS_MAX = 10_000;
const UNCLEAR_MARKS = "the tool marks parameters for headers in a way that is not allowed";

type Clean = (message: string) => string;
type MakeLink = (onListChanged: () => void, clean: Clean) => Link;

/**
 * A tool server that speaks MCP over streamable HTTP. Nothing is sent before the first call or
 * list. Throws on settings that can never work.
 */
export function mcpToolServer(settings: McpSettings, clock: Clock): ToolServer {
  const secrets = [settings.bearer ?? "", ...Object.values(settings.headers)];
  const link: MakeLink = (onListChanged) => httpLink(settings, clock, onListChanged);
  return new McpToolServer({ name: settings.name, secrets, link }, clock);
}

/** A tool server that is a child and speaks MCP over its pipes: started when it is first needed. */
export function mcpChildServer(command: McpCommand, clock: Clock, remarks: Remarks): ToolServer {
  const secrets = Object.values(command.env);
  const link: MakeLink = (onListChanged, clean) =>
    pipeLink(command, clock, { remarks, clean, onListChanged });
  return new McpToolServer({ name: command.name, secrets, link }, clock);
}

interface Parts {
  readonly name: string;
  /** Blotted out wherever a server quotes them. */
  readonly secrets: readonly string[];
  readonly link: MakeLink;
}

/** Null: no call of it can be right, where parameters are repeated. */
function marksOf({ raw }: OfferedTool): ParameterHeaders | null {
  return readParameterHeaders(raw.inputSchema);
}

const TOOLS: Listing<OfferedTool> = {
  method: METHODS.list,
  read: readToolPage,
  keyOf: ({ name }) => name,
  isOptional: false,
};

class McpToolServer implements ToolServer {
  readonly name: string;
  readonly library: McpLibrary;
  readonly #clock: Clock;
  readonly #link: Link;
  readonly #tools: ServerList<OfferedTool>;
  readonly #clean: Clean;

  constructor({ link, name, secrets }: Parts, clock: Clock) {
    this.name = name;
    this.#clock = clock;
    this.#clean = cleaner(secrets);
    this.#link = link(() => this.#forget(), this.#clean);
    this.#tools = new ServerList(TOOLS, this.#link, clock);
    this.library = new McpLibrary({ name, clean: this.#clean }, this.#link, clock);
  }

  async list(): Promise<readonly OfferedTool[]> {
    try {
      const tools = await this.#tools.get();
      return this.#link.repeats ? tools.filter((tool) => marksOf(tool) !== null) : tools;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ToolServerUnreachable(this.#clean(`tool server ${this.name}: ${message}`));
    }
  }

  call(request: ToolRequest, run: ToolRun): ToolExchange {
    const { tool, arguments: given, meta, progress, timeoutMs, resultBytesMax } = request;
    const beside = Object.keys(meta).length === 0 ? {} : { _meta: meta };
    const params = { name: tool, arguments: given, ...beside };
    const repeated = () => this.#repeated(tool, given);
    const limits = { timeoutMs, answerBytesMax: resultBytesMax };
    const options = { method: METHODS.call, params, progress, repeated, ...limits };
    return this.#link.ask(options, {
      mayWrite: () => run.mayWrite(),
      end: (end) => run.end(this.#endOf(end)),
    });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #forget(): void {
    this.#tools.forget();
    this.library.forget();
  }

  /** Without a list nothing is repeated: a server that wants it refuses the call then. */
  async #repeated(
    tool: string,
    given: ToolRequest["arguments"],
  ): Promise<readonly string[] | ToolFault> {
    let listed: readonly OfferedTool[] = [];
    const read = this.#tools.last().then(
      (tools) => {
        listed = tools;
      },
      () => undefined,
    );
    await within(this.#clock, REPEATED_WAIT_MS_MAX, read);
    const offered = listed.find(({ name }) => name === tool);
    if (offered === undefined) return [];
    const marks = marksOf(offered);
    if (marks === null) return { kind: "protocol", written: false, message: UNCLEAR_MARKS };
    const values = parameterValues(marks, given);
    return values.flatMap(([header, value]) => [header, headerText(value)]);
  }

  #endOf(end: AskEnd): ToolEnd {
    if (end.kind === "fault" && end.error?.code === RPC_CODES.methodNotFound) {
      return { kind: "result", result: { ...NOT_AS_A_CALL, bytes: 0 } };
    }
    if (end.kind === "fault") {
      return { kind: "fault", fault: { ...end.fault, message: this.#clean(end.fault.message) } };
    }
    const read = readCallResult(end.result);
    if (typeof read !== "string") return { kind: "result", result: { ...read, bytes: end.bytes } };
    const message = this.#clean(`answered with ${read}`);
    return { kind: "fault", fault: { kind: "protocol", written: true, message } };
  }
}
