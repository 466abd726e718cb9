package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages need, ready to be sent.
type asset struct {
	kind      string // its media type
	text, zip []byte
}

// assets are all files by the names under which pages find them, which change with what
// is in them, so that a browser can keep them for ever.
var assets, assetNames = readAssets()

func readAssets() (byName map[string]asset, names map[string]string) {
	byName, names = make(map[string]asset), make(map[string]string)
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic("console: the embedded assets can't be read: " + err.Error())
	}
	for _, file := range files {
		text, err := fs.ReadFile(assetFiles, path.Join("assets", file.Name()))
		if err != nil {
			panic("console: an embedded asset can't be read: " + err.Error())
		}
		digest := sha256.Sum256(text)
		extension := path.Ext(file.Name())
		name := strings.TrimSuffix(file.Name(), extension) + "." + hex.EncodeToString(digest[:6]) + extension
		byName[name] = asset{mime.TypeByExtension(extension), text, compress(text)}
		names[file.Name()] = "/assets/" + name
	}
	return byName, names
}

func compress(text []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a possible one
	_, _ = w.Write(text)                                    // a buffer takes all
	_ = w.Close()
	return out.Bytes()
}

// serveAsset serves a file to everybody: it has nothing that the release's source does
// not have.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	file, known := assets[r.PathValue("name")]
	if !known {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		_, _ = w.Write(file.zip)
		return
	}
	_, _ = w.Write(file.text)
}
