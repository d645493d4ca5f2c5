#!/usr/bin/env bash
# Counts the lines of the product: Go that is no test and no test support, outside of
# tools. With a revision it counts that one: tools/lines.sh [REV]
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
rev=${1:-HEAD}
support='^(tools/|pkg/internal/testkit/|pkg/megaport/contract/|pkg/apply/campaign/|pkg/apply/ledger/storetest/)'
git ls-tree -r --name-only "$rev" | grep '\.go$' | grep -v '_test\.go$' | grep -vE "$support" |
	while read -r f; do git show "$rev:$f"; done | wc -l
