package cli_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

func TestConnectionsStayBelowTheDescriptorsOfTheProcess(t *testing.T) {
	for _, row := range []struct{ wanted, descriptors, proxy, api int }{
		{8192, 0, 8192, 1024}, // any number
		{8192, 1 << 20, 8192, 1024},
		{8192, 65536, 8192, 1024},
		{0, 65536, 28160, 1024},
		{8192, 1024, 392, 112},
		{100, 1024, 100, 112},
		{8192, 256, 84, 24},
		{8192, 64, 16, 16}, // hardly a server
	} {
		proxy, api := cli.ShareDescriptors(row.wanted, row.descriptors)
		if proxy != row.proxy || api != row.api {
			t.Errorf("%d wanted, %d descriptors: %d and %d, want %d and %d", row.wanted, row.descriptors, proxy, api, row.proxy, row.api)
		}
		if used := 2*proxy + api; row.descriptors > 64 && used > row.descriptors*7/8 {
			t.Errorf("%d of %d descriptors are used by clients", used, row.descriptors)
		}
	}
}
