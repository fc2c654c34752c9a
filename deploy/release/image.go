package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image writes a folder that has the image in two forms with the same blobs: as an OCI layout, and for docker load.
func (o *options) image() error {
	content, err := o.layer()
	if err != nil {
		return err
	}
	if content, err = compressed(content); err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.ConfigFile(image, o.config()); err != nil {
		return err
	}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: o.time}, CreatedBy: "make release"}})
	if err != nil {
		return err
	}
	folder, err := layout.Write(o.out, empty.Index)
	if err != nil {
		return err
	}
	err = folder.AppendImage(image, layout.WithPlatform(v1.Platform{OS: "linux", Architecture: o.arch}),
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": o.version}))
	if err != nil {
		return err
	}
	return o.forDocker(folder, image)
}

// compressed is done once: the library would do it for each digest, and for each copy that it writes.
func compressed(content []byte) ([]byte, error) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// config returns the configuration for a runtime. Only Docker uses Healthcheck.
func (o *options) config() *v1.ConfigFile {
	return &v1.ConfigFile{
		Created: v1.Time{Time: o.time}, Architecture: o.arch, OS: "linux",
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:         fmt.Sprintf("%d:%d", userID, userID),
			Entrypoint:   []string{"/usr/bin/magent"},
			Env:          []string{"PATH=/usr/bin", "MAGENT_LISTEN=0.0.0.0", "MAGENT_LOG_FORMAT=json"},
			ExposedPorts: map[string]struct{}{"11211/tcp": {}},
			WorkingDir:   "/",
			Healthcheck: &v1.HealthConfig{
				Test:     []string{"CMD", "/usr/bin/magent", "health"},
				Interval: 10 * time.Second, Timeout: 2 * time.Second,
			},
			Labels: map[string]string{
				"org.opencontainers.image.title":    "magent",
				"org.opencontainers.image.licenses": "Apache-2.0",
				"org.opencontainers.image.version":  o.version,
			},
		},
	}
}

// forDocker adds the file by which docker load finds the image among the blobs.
func (o *options) forDocker(folder layout.Path, image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	blob := func(d v1.Descriptor) string { return "blobs/" + d.Digest.Algorithm + "/" + d.Digest.Hex }
	text, err := json.Marshal(tarball.Manifest{{
		Config: blob(manifest.Config), RepoTags: []string{"magent:" + o.version},
		Layers: []string{blob(manifest.Layers[0])},
	}})
	if err != nil {
		return err
	}
	return folder.WriteFile("manifest.json", text, 0o644)
}
