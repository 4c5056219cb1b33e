/** Tool servers that a test makes up, and the messages that it sends, for the tests of MCP. */
import type {
  OfferedTool,
  ToolEnd,
  ToolRequest,
  ToolRun,
  ToolServer,
} from "../../src/ports/tool-server.ts";

export const STATELESS = "2026-07-28";

export const META = {
  "io.modelcontextprotocol/protocolVersion": STATELESS,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface Rpc {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A message of the versions with a handshake. */
export function handshake({ id = 1, method, params = {} }: Rpc): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** A message of 2026-07-28, and the headers that say the same. */
export function stateless({ id = 1, method, params = {} }: Rpc) {
  const meta = { ...META, ...(params._meta as object | undefined) };
  const { name } = params;
  return {
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } }),
    headers: {
      "mcp-protocol-version": STATELESS,
      "mcp-method": method,
      "mcp-name": typeof name === "string" ? encoded(name) : null,
    },
  };
}

function encoded(name: string): string {
  return /^[\x21-\x7e]*$/.test(name) ? name : `=?base64?${Buffer.from(name).toString("base64")}?=`;
}

/** How a call went: told to the test when it is written, and ended by it. */
export interface Running {
  readonly request: ToolRequest;
  /** True once somebody has cut it. */
  isCut: boolean;
  end(end: ToolEnd): void;
}

export interface MadeUp extends ToolServer {
  /** Calls that were written, oldest first. */
  readonly running: Running[];
}

export const WELL: ToolEnd = {
  kind: "result",
  result: {
    content: [{ type: "text", text: "done" }],
    structuredContent: undefined,
    isError: false,
    bytes: 4,
  },
};

/** `answer`: what a call ends with at once; without it the test ends each. */
export function madeUp(
  name: string,
  offered: () => readonly OfferedTool[],
  answer: ((request: ToolRequest) => ToolEnd) | null,
): MadeUp {
  const running: Running[] = [];
  return {
    name,
    running,
    list: async () => offered(),
    close: async () => {},
    call: (request: ToolRequest, run: ToolRun) => {
      let over = false;
      const one: Running = {
        request,
        isCut: false,
        end: (end) => {
          if (over) return;
          over = true;
          run.end(end);
        },
      };
      setImmediate(() => {
        if (over) return;
        if (!run.mayWrite()) return one.end(aborted(false));
        running.push(one);
        if (answer !== null) one.end(answer(request));
      });
      return {
        abort: () => {
          one.isCut = true;
          setImmediate(() => one.end(aborted(running.includes(one))));
        },
      };
    },
  };
}

function aborted(written: boolean): ToolEnd {
  return { kind: "fault", fault: { kind: "aborted", written, message: "cut off" } };
}

export function tool(name: string, more: Readonly<Record<string, unknown>> = {}): OfferedTool {
  return { name, raw: { name, inputSchema: { type: "object" }, ...more } };
}
