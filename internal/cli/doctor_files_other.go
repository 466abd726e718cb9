//go:build !unix

package cli

import (
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
)

// permissionsFindings finds nothing: here a file takes over the rights of its
// directory, and has no mode that says so.
func permissionsFindings(config.Config) []admin.Finding { return nil }
