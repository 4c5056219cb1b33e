/** Grants of resources that are broader than anybody needs. */
import type { Manifest } from "../../guards/manifest/manifest.ts";
import type { Told } from "./lint-rules.ts";

export function libraryFindings({ library }: Manifest): readonly Told[] {
  return library.resources.flatMap((one, index): readonly Told[] => {
    if (!("under" in one) || new URL(one.under).pathname !== "/") return [];
    const says = `everything that ${one.server} has at ${one.under} may be read`;
    const hint = "Name the folders that are needed, like file:///data/reports/.";
    return [{ rule: "resource.any", path: ["allowed_resources", index, "under"], says, hint }];
  });
}
