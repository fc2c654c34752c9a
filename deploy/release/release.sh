#!/usr/bin/env bash
# release.sh DIR makes a release in DIR: for amd64 and arm64 a tar archive, a deb, an rpm, an image and an SBOM; and
# the Helm chart, plain manifests, and the checksums of all files. The same commit and the same Go make the same bytes,
# in any folder. `make release` calls it, with the packager in NFPM and the maker of SBOMs in CYCLONEDX.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p "$1"
dist=$(cd "$1" && pwd)
go=${GO:-go}
nfpm=${NFPM:?names the package of nfpm}
cyclonedx=${CYCLONEDX:?names the package of cyclonedx-gomod}
tool=deploy/dev/tool.sh

unset GOFLAGS GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT
export LC_ALL=C TZ=UTC
umask 022

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
VERSION=$(deploy/release/version.sh)
export VERSION
[ -z "$(git status --porcelain)" ] || echo "release: the tree has changes that are in no commit: this is $VERSION with them"

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
find "$dist" -maxdepth 1 -type f -delete
$go build -C deploy/release -buildvcs=false -o "$work/release" .

binaries() { # for the architecture $1
	mkdir -p "$work/$1"
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 $go build -buildvcs=false -trimpath \
		-ldflags "-s -w -buildid= -X magent/internal/service.release=$VERSION -X magent/internal/service.commit=$commit -X magent/internal/service.committed=$SOURCE_DATE_EPOCH" \
		-o "$work/$1/" ./cmd/magent ./cmd/nutcracker
}

# shared makes what is the same for all architectures, with the magent for this machine.
shared() {
	local here shell
	here=$work/$($go env GOHOSTARCH)/magent
	mkdir -p "$work/share"
	"$here" man >"$work/share/magent.1"
	for shell in bash zsh fish; do "$here" completion $shell >"$work/share/magent.$shell"; done
	"$work/release" licences "$here" >"$work/share/third-party.txt"
	cat >"$work/share/changelog" <<-END
		magent (${VERSION/-/\~}) unstable; urgency=medium

		  * Release $VERSION, of commit ${commit:0:12}.

		 -- $(sed -n 's/^maintainer: //p' deploy/package/nfpm.yaml)  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
	END
	gzip -9nk "$work/share/magent.1" "$work/share/changelog"
	papers "$work/share/papers"
}

# papers copies what people read and use beside the program into the folder $1: docs, and examples of other programs'
# configuration. They stand as in the source, with all that they link to, so that the links lead somewhere.
papers() {
	mkdir -p "$1/deploy" "$1/test/bench"
	cp ./*.md LICENSE "$1"
	cp -r docs "$1"
	cp test/bench/RESULTS.md "$1/test/bench"
	cp -r deploy/{ansible,compose,grafana,haproxy,keepalived,kubernetes,prometheus,systemd} "$1/deploy"
	chmod -R u=rwX,go=rX "$1"
	find "$1" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
}

# archive FOLDER NAME... writes a tar archive to stdout. Its bytes depend only on its contents.
archive() {
	tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
		--mode=go=rX,u=rwX -cf - "${@:2}"
}

pack() { archive "$(dirname "$2")" "$(basename "$2")" | gzip -n >"$1"; } # FILE FOLDER

tarball() { # for the architecture $1
	local tree=$work/tar-$1/magent-$VERSION
	mkdir -p "$tree"
	cp "$work/$1/magent" "$work/$1/nutcracker" deploy/package/copyright "$work/share/third-party.txt" "$work/share/magent.1" "$tree"
	cp -r "$work"/share/papers/* "$tree"
	mkdir "$tree/completion" "$tree/systemd"
	cp "$work"/share/magent.{bash,zsh,fish} "$tree/completion"
	cp deploy/systemd/* deploy/package/default.env deploy/package/default.yml "$tree/systemd"
	pack "$dist/magent_${VERSION}_linux_$1.tar.gz" "$tree"
}

packages() { # for the architecture $1
	local kind
	for kind in deb rpm; do
		ARCH=$1 BIN=$work/$1 SHARE=$work/share $tool "$nfpm" package -f deploy/package/nfpm.yaml -p $kind -t "$dist" >"$work/nfpm" ||
			{ cat "$work/nfpm" >&2; return 1; }
	done
}

image() { # for the architecture $1
	"$work/release" image -arch "$1" -version "$VERSION" -time "$SOURCE_DATE_EPOCH" -out "$work/image-$1" \
		usr/bin/magent="$work/$1/magent" usr/bin/nutcracker="$work/$1/nutcracker" \
		usr/share/doc/magent/copyright=deploy/package/copyright usr/share/doc/magent/LICENSE=LICENSE usr/share/doc/magent/third-party.txt="$work/share/third-party.txt"
	archive "$work/image-$1" blobs index.json manifest.json oci-layout >"$dist/magent_${VERSION}_image_$1.tar"
}

# sbom lists the modules in the binary for the architecture $1. Its time is that of the commit. The tool that made it is
# named without its checksum, which differs from machine to machine.
sbom() {
	$tool "$cyclonedx" bin -json -std -noserial -version "$VERSION" "$work/$1/magent" |
		sed -e '/^    "tools"/,/^    "component"/{/"hashes": \[/,/\],/d}' \
			-e "s/^    \"timestamp\": .*/    \"timestamp\": \"$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)\",/" \
			>"$dist/magent_${VERSION}_sbom_$1.cdx.json"
}

# manifests makes the chart and the plain manifests, with the version in place of that of untagged source.
manifests() {
	local file untagged
	untagged=$(sed -n 's/^appVersion: //p' deploy/kubernetes/magent/Chart.yaml)
	mkdir "$work/chart"
	cp -r deploy/kubernetes/magent deploy/kubernetes/*.yaml "$work/chart"
	sed -i "s/^\(version\|appVersion\): .*/\1: $VERSION/" "$work/chart/magent/Chart.yaml"
	sed -i "s/\"magent:$untagged\"/\"magent:$VERSION\"/" "$work"/chart/*.yaml
	pack "$dist/magent_${VERSION}_chart.tgz" "$work/chart/magent"
	for file in "$work"/chart/*.yaml; do cp "$file" "$dist/magent_${VERSION}_${file##*/}"; done
}

for arch in amd64 arm64; do binaries $arch; done
shared
all() { # for the architecture $1
	tarball "$1"
	packages "$1"
	image "$1"
	sbom "$1"
}

all amd64 &
other=$!
all arm64
wait $other
manifests
(cd "$dist" && sha256sum -- * >SHA256SUMS)
echo "release: magent $VERSION of ${commit:0:12} is in $1"
