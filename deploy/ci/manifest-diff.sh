#!/usr/bin/env bash
# What a change of the guardrails folder makes wider, in words: for any CI.
#
#   BASE     what the change is against, a revision; compared is where HEAD left it (required)
#   HEAD     the change, a revision. Default HEAD
#   FOLDER   the guardrails folder. Default guardrails
#   REPORT   a file that gets the words as Markdown
#   COMMAND  how slipclutch is called. Default: npx --yes slipclutch
#
# Exit codes are those of `slipclutch manifest diff`: 0 nothing got wider, 3 something did or may
# have, 1 a side does not load, 2 it was called wrongly.
set -uo pipefail

: "${BASE:?BASE is the revision that the change is against}"
head="${HEAD:-HEAD}"
folder="${FOLDER:-guardrails}"
report="${REPORT:-/dev/null}"
read -ra command <<<"${COMMAND:-npx --yes slipclutch}"
# Comments of code hosts have at most 65536 characters.
words_max=60000

# Not what others changed meanwhile: only what this change does.
base="$(git merge-base --end-of-options "$BASE" "$head")" || {
  echo "$BASE and $head have no common revision: fetch enough of the history (fetch-depth: 0)." >&2
  exit 2
}

head="$(git rev-parse --verify --end-of-options "$head^{commit}")" || exit 2
folder="$(realpath -- "$folder")" || exit 2
# From elsewhere: npx would obey an .npmrc or a package.json that the change brings with it.
elsewhere="$(mktemp -d)"
trap 'rm -rf "$elsewhere"' EXIT
words="$(cd "$elsewhere" && "${command[@]}" manifest diff "$base..$head" "$folder" 2>&1)"
code=$?
printf '%s\n' "$words"

case "$code" in
  0) verdict="Nothing that agents may do got wider." ;;
  3) verdict="**What agents may do got wider, or may have.** A person should review this." ;;
  *) verdict="**The guardrails could not be compared.**" ;;
esac
{
  printf '<!-- slipclutch manifest diff -->\n### Guardrails\n\n%s\n\n' "$verdict"
  # Indented, for no text of the change can end such a block.
  printf '%s' "$words" | head -c "$words_max" | sed 's/^/    /'
  printf '\n'
} >"$report"
exit "$code"
