package cli

import (
	"runtime/debug"
	"testing"
)

func TestBuildVersionTellsWhatTheBuildNoted(t *testing.T) {
	for _, row := range []struct {
		name     string
		info     *debug.BuildInfo
		version  string
		revision string
		modified bool
	}{
		{"nothing noted", nil, "(devel)", "", false},
		{"release", build("v1.2.3", "abc", "false"), "v1.2.3", "abc", false},
		{"changed source", build("v1.2.3+dirty", "abc", "true"), "v1.2.3+dirty", "abc", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := buildVersion(row.info)
			if v.Version != row.version || v.Revision != row.revision || v.Modified != row.modified {
				t.Errorf("%+v, want %s, %s and modified %t", v, row.version, row.revision, row.modified)
			}
		})
	}
}

func build(version, revision, modified string) *debug.BuildInfo {
	return &debug.BuildInfo{
		Main:     debug.Module{Version: version},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}},
	}
}
