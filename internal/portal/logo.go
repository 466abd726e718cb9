package portal

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/inputfile"
)

// Logo is an image for the pages.
type Logo struct {
	contentType, extension string
	content                []byte
}

// MaxLogo is the greatest logo, in bytes: a page is to have at most 100 kB with all that
// it loads.
const MaxLogo = 40 << 10

const typeSVG = "image/svg+xml"

var errLogoForm = errors.New("is no PNG, JPEG, WebP or SVG image")

// ReadLogo reads a logo from a file. Its content decides what it is.
func ReadLogo(path string) (*Logo, error) {
	logo, err := readLogo(path)
	if err != nil {
		return nil, &ration.InvalidError{Field: "portal_logo", Value: path, Reason: reasonOf(err)}
	}
	return logo, nil
}

// reasonOf words an error without the path, which is said already.
func reasonOf(err error) string {
	if missing, ok := errors.AsType[*fs.PathError](err); ok {
		return "it can't be read: " + missing.Err.Error()
	}
	return "it " + err.Error()
}

func readLogo(path string) (*Logo, error) {
	file, err := inputfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxLogo+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > MaxLogo:
		return nil, fmt.Errorf("has more than %d KiB; make it smaller", MaxLogo>>10)
	}
	logo := &Logo{content: content}
	switch kind := http.DetectContentType(content); {
	case kind == "image/png":
		logo.contentType, logo.extension = kind, ".png"
	case kind == "image/jpeg":
		logo.contentType, logo.extension = kind, ".jpg"
	case kind == "image/webp":
		logo.contentType, logo.extension = kind, ".webp"
	case isSVG(content):
		logo.contentType, logo.extension = typeSVG, ".svg"
	default:
		return nil, errLogoForm
	}
	return logo, nil
}

// isSVG reports whether the first element is that of an SVG image.
func isSVG(content []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		if element, ok := token.(xml.StartElement); ok {
			return element.Name.Local == "svg"
		}
	}
}
