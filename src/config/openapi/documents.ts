/** Which further files of the folder its slipclutch.yaml names. */
import { DOCUMENT_NAME } from "../http-schema.ts";
import { parseSource } from "../source.ts";
import { isMap } from "./references.ts";

/** Documents of one folder. */
const DOCUMENTS_MAX = 100;

/** Names relative to the folder. What is no such name is told of when the file is checked. */
export function documentsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const text = files.get("slipclutch.yaml") ?? "";
  const { raw } = parseSource("slipclutch.yaml", text).source;
  const servers = isMap(raw) && isMap(raw.tool_servers) ? Object.values(raw.tool_servers) : [];
  const names = servers.flatMap((server) => {
    const name = isMap(server) ? server.document : null;
    return typeof name === "string" && DOCUMENT_NAME.test(name) ? [name.replace(/^\.\//, "")] : [];
  });
  return [...new Set(names)].slice(0, DOCUMENTS_MAX);
}
