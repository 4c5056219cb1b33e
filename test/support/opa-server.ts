/** A real `opa` that is asked over HTTP: one module at a time, replaced by the next. */
import http from "node:http";
import { type Opa, startOpa } from "./opa.ts";

export interface OpaAnswer {
  readonly status: number;
  readonly text: string;
}

export class OpaServer {
  readonly #opa: Opa;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

  private constructor(opa: Opa) {
    this.#opa = opa;
  }

  static async start(dialect: "v0" | "v1"): Promise<OpaServer> {
    const parameters = ["--log-level", "error"];
    const sources = { revision: "", modules: [], data: "{}" };
    return new OpaServer(await startOpa({ dialect, parameters, sources }));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#opa.close();
  }

  /** The module in place of the one before it; what is wrong with it is in the answer. */
  putModule(text: string): Promise<OpaAnswer> {
    return this.#send("PUT", "/v1/policies/case", text, "text/plain");
  }

  putBase(json: string): Promise<OpaAnswer> {
    return this.#send("PUT", "/v1/data/base", json);
  }

  ask(parts: readonly string[], input: string, strict: boolean): Promise<OpaAnswer> {
    const below = parts.map((each) => `/${encodeURIComponent(each)}`).join("");
    const query = strict ? "?strict-builtin-errors=true" : "";
    return this.#send("POST", `/v1/data/c${below}${query}`, `{"input": ${input}}`);
  }

  #send(
    method: string,
    target: string,
    body: string,
    type = "application/json",
  ): Promise<OpaAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<OpaAnswer>();
    const request = http.request(
      {
        agent: this.#agent,
        socketPath: this.#opa.socket,
        method,
        path: target,
        headers: { "content-type": type, "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
    return promise;
  }
}
