#!/usr/bin/env bash
# version.sh prints the version of this source. With the tag v1.2.3 it is 1.2.3; five commits later it is 1.2.4-dev.5;
# with uncommitted changes it is 1.2.4-dev.0. In an archive made by git, archive.txt has the description of the commit.
# Without any tag it is the version in internal/service/version.go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

said=$(grep '^v[0-9]' deploy/release/archive.txt || true)
changes=
if [ -e .git ] && git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	said=$(git describe --tags --match 'v[0-9]*' 2>/dev/null || true)
	changes=$(git status --porcelain)
fi
if [ -z "$said" ]; then
	sed -n 's/^var release = "\(.*\)"$/\1/p' internal/service/version.go
	exit
fi
tag=${said#v} commits=0
if [[ $said =~ ^v(.*)-([0-9]+)-g[0-9a-f]+$ ]]; then
	tag=${BASH_REMATCH[1]} commits=${BASH_REMATCH[2]}
fi
if [ "$commits" = 0 ] && [ -z "$changes" ]; then
	echo "$tag"
elif [[ $tag == *-* ]]; then # a release candidate: later commits come before the next one
	echo "$tag.dev.$commits"
else
	echo "${tag%.*}.$((${tag##*.} + 1))-dev.$commits"
fi
