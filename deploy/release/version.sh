#!/usr/bin/env bash
# version.sh prints the version of this source. Of a commit with the tag v1.2.3 that is 1.2.3; five commits behind it, 1.2.4-dev.5;
# with changes that are in no commit, 1.2.4-dev.0. An archive that git made has with it what git would say (archive.txt).
# Source that knows no tag has the version of internal/service/version.go.
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
elif [[ $tag == *-* ]]; then # a candidate: what stands on it is before the next one
	echo "$tag.dev.$commits"
else
	echo "${tag%.*}.$((${tag##*.} + 1))-dev.$commits"
fi
