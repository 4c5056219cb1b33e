/** The files of a folder of policies: those that are read, and what is wrong with the others. */
import type { GuardrailsTree } from "../ports/guardrails.ts";
import type { Issue } from "./configuration.ts";
import { isPolicyFile, POLICY_FILES_MAX } from "./policies.ts";
import { type FolderRead, folderIssue, READ_LIMITS, textsOf, unreadable } from "./texts.ts";

/** Below `root`; "" is all of the tree. */
export async function readPolicyFiles(tree: GuardrailsTree, root: string): Promise<FolderRead> {
  const found = await tree.below(root, POLICY_FILES_MAX);
  const name = root === "" ? tree.name : root;
  switch (found.kind) {
    case "none":
      return refused(folderIssue(name, "no folder", "a folder of policies", "Make one."));
    case "unreadable":
      return refused(folderIssue(name, found.got, "a folder of policies", found.hint));
    case "too-many": {
      const hint = "Keep what is no policy elsewhere.";
      const got = `more than ${POLICY_FILES_MAX} files or folders`;
      return refused(folderIssue(name, got, "fewer", hint));
    }
    case "files": {
      const wanted = found.files.filter(isPolicyFile);
      const { files, issues } = textsOf(await tree.read(wanted, READ_LIMITS));
      const others = found.files.filter((file) => !isPolicyFile(file));
      const links = [...found.unreadable].map(([file, why]) => unreadable(file, why));
      return { files, issues: [...links, ...issues], warnings: others.map(unread) };
    }
  }
}

function refused(issue: Issue): FolderRead {
  return { files: new Map(), issues: [issue], warnings: [] };
}

function unread(file: string): Issue {
  return folderIssue(
    file,
    "another kind of file",
    "policies, tests and documents only",
    "It is not read: policies end in .rego, and documents are called data.json or data.yaml.",
  );
}
