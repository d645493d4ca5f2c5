#!/usr/bin/env bash
# Installs portctl for the later steps of a job: a released binary, whose checksum the
# caller names, or one built from the sources that this script came with.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
bin=${RUNNER_TEMP:?}/portctl-bin
mkdir -p "$bin"

if [ -n "${VERSION:-}" ]; then
	: "${SHA256:?name the SHA-256 checksum of the archive with the input sha256}"
	archive=$RUNNER_TEMP/portctl.tar.gz
	curl --fail --location --silent --show-error --output "$archive" \
		"$DOWNLOADS/v$VERSION/portctl_${VERSION}_linux_amd64.tar.gz"
	echo "$SHA256  $archive" | sha256sum --check --quiet
	tar -xzf "$archive" -C "$bin" portctl
else
	(cd "$root" && go build -trimpath -o "$bin/portctl" ./cmd/portctl)
fi

echo "$bin" >>"$GITHUB_PATH"
"$bin/portctl" version
