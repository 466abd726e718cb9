// Package zoneinfo loads IANA time zones from one embedded copy of the tz
// database, so that every instance computes the same period boundaries,
// whatever zone files its machine has or lacks.
//
// zoneinfo.zip is the public-domain tz database as shipped with Go; replace it
// to follow a new release.
package zoneinfo

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed zoneinfo.zip
var archive []byte

var (
	openArchive = sync.OnceValues(func() (*zip.Reader, error) {
		return zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	})
	loaded sync.Map // zone name → *time.Location; names come from the archive, so it is bounded
)

// Load returns the zone with an IANA name such as "Europe/Berlin". The empty
// name is UTC. "Local" is refused: it would differ between instances.
// Load is safe for concurrent use and reads each zone once.
func Load(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("loading time zone %.64q: %w", name, err)
	}
	first, _ := loaded.LoadOrStore(name, zone)
	return first.(*time.Location), nil
}

// Names lists every zone of the embedded database in alphabetical order.
func Names() ([]string, error) {
	reader, err := openArchive()
	if err != nil {
		return nil, fmt.Errorf("opening the embedded time zones: %w", err)
	}
	names := make([]string, 0, len(reader.File))
	for _, file := range reader.File {
		if !strings.HasSuffix(file.Name, "/") {
			names = append(names, file.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func read(name string) (*time.Location, error) {
	reader, err := openArchive()
	if err != nil {
		return nil, err
	}
	file, err := reader.Open(name)
	if err != nil {
		return nil, fmt.Errorf("no such zone: %w", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, data)
}
