/** Stands for GitHub's own program: answers as its API would after `--jq`, and keeps what it is asked. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

export interface GitHub {
  /** Ids of comments that a bot has made here before. */
  readonly comments?: readonly string[];
  readonly reviews?: readonly Review[];
  /** What those may do here who are more than passers-by. */
  readonly permissions?: Readonly<Record<string, "admin" | "write" | "read">>;
  /** What the token may: a fork's may only read. */
  readonly token?: "write" | "read" | "none";
}

export interface Review {
  readonly by: string;
  readonly state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";
  readonly commit: string;
}

/** More than this GitHub takes of no comment. */
const COMMENT_CHARACTERS_MAX = 65_536;

const GH = `#!/usr/bin/env bash
here="$(dirname "$0")"
words="$*"
printf '%s\\n' "$words" >>"$here/asked"
token="$(cat "$here/token")"
[ "$token" != none ] || { echo "gh: set the GH_TOKEN environment variable" >&2; exit 4; }
case "$words" in
  *"--method "*)
    [ "$token" = write ] || { echo "gh: Resource not accessible (HTTP 403)" >&2; exit 1; }
    body="\${words##*body=@}"
    characters="$(LC_ALL=C.UTF-8 wc -m <"$body")"
    [ "$characters" -le ${COMMENT_CHARACTERS_MAX} ] || { echo "gh: body is too long" >&2; exit 1; }
    cp "$body" "$here/body"
    ;;
  *issues/7/comments*) cat "$here/comments" ;;
  *pulls/7/reviews*) cat "$here/reviews" ;;
  *collaborators/*/permission*)
    who="\${2#*collaborators/}"
    cat "$here/may-\${who%/permission}" 2>/dev/null || { echo "gh: (HTTP 404)" >&2; exit 1; }
    ;;
  *) exit 1 ;;
esac
`;

/** A folder for the PATH, with what is asked in \`asked\` and the last comment in \`body\`. */
export async function gitHubIn(bin: string, github: GitHub): Promise<string> {
  const { comments = [], permissions = {}, reviews = [], token = "write" } = github;
  await mkdir(bin, { recursive: true });
  const rows = reviews.map(({ by, commit, state }) => [by, state, commit].join("\t"));
  const files = {
    gh: GH,
    token,
    asked: "",
    comments: comments.map((id) => `${id}\n`).join(""),
    reviews: rows.map((row) => `${row}\n`).join(""),
    ...Object.fromEntries(Object.entries(permissions).map(([who, may]) => [`may-${who}`, may])),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(bin, name), text);
  await chmod(path.join(bin, "gh"), 0o755);
  return bin;
}

export function askedOf(bin: string): Promise<string> {
  return readFile(path.join(bin, "asked"), "utf8");
}
