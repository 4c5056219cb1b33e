#!/usr/bin/env bash
# What a change of the guardrails folder makes wider, in words: for any CI.
#
#   BASE     what the change is against, a revision; compared is where HEAD left it (required)
#   HEAD     the change, a revision. Default HEAD
#   FOLDER   the guardrails folder. Default guardrails
#   REPORT   a file that gets the words as Markdown, however this ends
#   COMMAND  how slipclutch is called. Default: npx --yes slipclutch
#
# Exit codes are those of `slipclutch manifest diff`: 0 nothing got wider, 3 something did or may
# have, 1 the change does not load, 2 it was called wrongly.
set -uo pipefail

head="${HEAD:-HEAD}"
folder="${FOLDER:-guardrails}"
report="${REPORT:-/dev/null}"
read -ra command <<<"${COMMAND:-npx --yes slipclutch}"
# Comments of code hosts have at most 65536 characters. Bytes, as they are sent: indented.
bytes_max=60000

# Writes the report and ends with this code.
finish() {
  local code="$1" words="$2" verdict
  case "$code" in
    0) verdict="Nothing that agents may do got wider." ;;
    3) verdict="**What agents may do got wider, or may have.** A person should review this." ;;
    *) verdict="**The guardrails could not be compared.**" ;;
  esac
  {
    printf '<!-- slipclutch manifest diff -->\n### Guardrails\n\n%s\n\n' "$verdict"
    # Indented, for no text of the change can end such a block.
    printf '%s\n' "$words" | LC_ALL=C awk -v most="$bytes_max" '
      { line = "    " $0; bytes += length(line) + 1 }
      bytes > most { left += 1; next }
      { print line }
      END { if (left) print "    … and " left " more lines: the log of this job has them." }'
  } >"$report" || {
    echo "The report could not be written to $report." >&2
    exit 2
  }
  exit "$code"
}

fail() {
  echo "$1" >&2
  finish 2 "$1"
}

[ -n "${BASE:-}" ] || fail "BASE is the revision that the change is against, and it is not set."
# Not what others changed meanwhile: only what this change does.
base="$(git merge-base --end-of-options "$BASE" "$head")" ||
  fail "$BASE and $head have no common revision: fetch enough of the history (fetch-depth: 0)."
head="$(git rev-parse --verify --end-of-options "$head^{commit}")" ||
  fail "There is no revision $head."
# It need not be there: the change may be that it is gone.
case "$folder" in
  /*) ;;
  *) folder="$PWD/$folder" ;;
esac

# From elsewhere: npx would obey an .npmrc or a package.json that the change brings with it.
elsewhere="$(mktemp -d)" || fail "No folder could be made to run slipclutch in."
errors="$(mktemp)" || fail "No file could be made for what slipclutch says beside its words."
trap 'rm -rf "$elsewhere" "$errors"' EXIT
words="$(cd "$elsewhere" && "${command[@]}" manifest diff "$base..$head" "$folder" 2>"$errors")"
code=$?
printf '%s\n' "$words"
cat "$errors" >&2

case "$code" in
  0 | 3) finish "$code" "$words" ;;
  *) finish "$code" "${words:+$words$'\n'}$(cat "$errors")" ;;
esac
