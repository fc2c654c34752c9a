package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// The media types of an OCI image. (Docker reads these, too.)
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// descriptor names a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func digest(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

func blob(d string) string { return "blobs/" + strings.Replace(d, ":", "/", 1) }

// image writes an archive that holds the image twice: as an OCI layout (oci-archive), and for `docker load`.
func (o *options) image() error {
	a := &archive{time: o.time}
	layer, diffID, err := o.layer()
	if err != nil {
		return err
	}
	config := a.json(typeConfig, o.config(diffID))
	layers := []descriptor{a.blob(typeLayer, layer)}
	manifest := a.json(typeManifest, map[string]any{"schemaVersion": 2, "mediaType": typeManifest, "config": config, "layers": layers})
	manifest.Platform = map[string]string{"os": "linux", "architecture": o.arch}
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": o.version}
	a.file("index.json", encode(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []descriptor{manifest}}))
	a.file("manifest.json", encode([]map[string]any{{
		"Config": blob(config.Digest), "RepoTags": []string{"magent:" + o.version}, "Layers": []string{blob(layers[0].Digest)},
	}}))
	a.file("oci-layout", encode(map[string]string{"imageLayoutVersion": "1.0.0"}))
	content, err := a.close()
	if err != nil {
		return err
	}
	return os.WriteFile(o.out, content, 0o644)
}

// config is what a runtime has to know. Healthcheck is Docker's; others pass it over.
func (o *options) config(diffID string) map[string]any {
	created := o.time.Format(time.RFC3339)
	return map[string]any{
		"created": created, "architecture": o.arch, "os": "linux",
		"config": map[string]any{
			"User":         fmt.Sprintf("%d:%d", userID, userID),
			"Entrypoint":   []string{"/usr/bin/magent"},
			"Env":          []string{"PATH=/usr/bin", "MAGENT_LISTEN=0.0.0.0", "MAGENT_LOG_FORMAT=json"},
			"ExposedPorts": map[string]any{"11211/tcp": struct{}{}},
			"WorkingDir":   "/",
			"Healthcheck":  map[string]any{"Test": []string{"CMD", "/usr/bin/magent", "health"}, "Interval": 10 * time.Second, "Timeout": 2 * time.Second},
			"Labels":       map[string]string{"org.opencontainers.image.title": "magent", "org.opencontainers.image.licenses": "Apache-2.0", "org.opencontainers.image.version": o.version},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{diffID}},
		"history": []map[string]any{{"created": created, "created_by": "make release"}},
	}
}

// archive is a tar file being written, in memory.
type archive struct {
	buf  bytes.Buffer
	tar  *tar.Writer
	time time.Time
	err  error
}

func (a *archive) entry(h *tar.Header, content []byte) {
	if a.tar == nil {
		a.tar = tar.NewWriter(&a.buf)
	}
	h.ModTime, h.Size, h.Format = a.time, int64(len(content)), tar.FormatPAX
	if a.err == nil {
		a.err = a.tar.WriteHeader(h)
	}
	if a.err == nil {
		_, a.err = a.tar.Write(content)
	}
}

func (a *archive) file(name string, content []byte) {
	a.entry(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, content)
}

func (a *archive) blob(mediaType string, content []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digest(content), Size: int64(len(content))}
	a.file(blob(d.Digest), content)
	return d
}

func (a *archive) json(mediaType string, value any) descriptor {
	return a.blob(mediaType, encode(value))
}

// close returns the whole archive.
func (a *archive) close() ([]byte, error) {
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.buf.Bytes(), a.err
}

// encode is for values of maps, slices and strings, which cannot fail.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, bytes.NewReader(content)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
