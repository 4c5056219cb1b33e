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

mark='<!-- slipclutch manifest diff -->'
comments="repos/$REPOSITORY/issues/$PULL/comments"

comment() {
  local own
  own="$(gh api --paginate "$comments" \
    --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$mark\"))) | .id" | head -n 1)"
  if [ -n "$own" ]; then
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$own" -F "body=@$REPORT" >/dev/null
  elif [ "$CODE" != 0 ]; then
    gh api --method POST "$comments" -F "body=@$REPORT" >/dev/null
  fi
}

# The last word of each reviewer; an approval of an older commit has not seen this one.
is_approved() {
  gh api --paginate "repos/$REPOSITORY/pulls/$PULL/reviews" \
    --jq '.[] | [.user.login, .state, .commit_id, .author_association] | @tsv' |
    awk -F '\t' -v author="$AUTHOR" -v commit="$COMMIT" '
      $2 == "APPROVED" || $2 == "CHANGES_REQUESTED" || $2 == "DISMISSED" {
        member = $4 == "OWNER" || $4 == "MEMBER" || $4 == "COLLABORATOR"
        approves[$1] = $2 == "APPROVED" && $3 == commit && $1 != author && member
      }
      END { for (who in approves) if (approves[who]) exit 0; exit 1 }'
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
