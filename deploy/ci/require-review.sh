#!/usr/bin/env bash
# On GitHub: comments what manifest-diff.sh found on a pull request, and where something got wider
# ends with an error until somebody else, who may write here, has approved this very commit.
#
#   CODE        exit code of manifest-diff.sh
#   REPORT      the file that it wrote
#   REPOSITORY  owner/name
#   PULL        number of the pull request
#   AUTHOR      who opened it
#   COMMIT      its newest commit
#   GH_TOKEN    for gh: pull-requests: write
set -euo pipefail

: "${CODE:?}" "${REPORT:?}" "${REPOSITORY:?}" "${PULL:?}" "${AUTHOR:?}" "${COMMIT:?}"
mark='<!-- slipclutch manifest diff -->'
comments="repos/$REPOSITORY/issues/$PULL/comments"

comment() {
  local own found
  own=".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$mark\"))) | .id"
  # Not known is not none: a second comment beside an old one would contradict it.
  found="$(gh api --paginate "$comments" --jq "$own")" || return 1
  found="${found%%$'\n'*}"
  if [ -n "$found" ]; then
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$found" -F "body=@$REPORT" >/dev/null
  elif [ "$CODE" != 0 ]; then
    gh api --method POST "$comments" -F "body=@$REPORT" >/dev/null
  fi
}

# The last word of each reviewer; an approval of an older commit has not seen this one.
approvers() {
  gh api --paginate "repos/$REPOSITORY/pulls/$PULL/reviews" \
    --jq '.[] | [.user.login, .state, .commit_id] | @tsv' |
    awk -F '\t' -v author="$AUTHOR" -v commit="$COMMIT" '
      $2 == "APPROVED" || $2 == "CHANGES_REQUESTED" || $2 == "DISMISSED" {
        approves[$1] = $2 == "APPROVED" && $3 == commit && $1 != "" && $1 != author
      }
      END { for (who in approves) if (approves[who]) print who }'
}

# Anybody can approve, and whoever may only read can be a member: GitHub itself counts them not.
is_approved() {
  local who all may
  all="$(approvers)" || return 1
  while read -r who; do
    [ -n "$who" ] || continue
    may="$(gh api "repos/$REPOSITORY/collaborators/$who/permission" --jq .permission)" || continue
    case "$may" in admin | write) return 0 ;; esac
  done <<<"$all"
  return 1
}

# A token of a fork may not comment; the words are in the log and in the summary all the same.
comment || echo "::warning::The differences could not be commented on the pull request."

case "$CODE" in
  0) exit 0 ;;
  3)
    if is_approved; then
      echo "Something got wider, and it has been approved."
      exit 0
    fi
    echo "::error::What agents may do got wider: somebody who may write here has to approve $COMMIT."
    exit 3
    ;;
  *)
    echo "::error::The guardrails could not be compared; see the log."
    exit "$CODE"
    ;;
esac
