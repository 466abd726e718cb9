package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
)

// TestInstancesListsTheServerOfAFile asks through its socket, which says of itself what
// the list says of it.
func TestInstancesListsTheServerOfAFile(t *testing.T) {
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	s := startServer(t, []string{"RATION_DB=" + db}, "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--accept-overage")
	var instances api.Instances
	for len(instances.Items) == 0 {
		if err := json.Unmarshal([]byte(must(t, db, "instances", "-o", "json")), &instances); err != nil {
			t.Fatal(err)
		}
	}
	it := instances.Items[0]
	if len(instances.Items) != 1 || it.State != api.InstanceRunning || it.SeenAt.After(instances.At) || it.Settings["accept_overage"] != "true" || len(it.Weakened) != 1 {
		t.Errorf("the instances are %+v", instances)
	}
	if len(it.Listeners) != 2 || it.Listeners[0].Name != "proxy" || it.Listeners[1].Name != "api" || "http://"+it.Listeners[1].Address != s.api {
		t.Errorf("it listens at %+v, want the proxy and %s", it.Listeners, s.api)
	}
	if listed := must(t, db, "instances"); !strings.Contains(listed, it.Name) || !strings.Contains(listed, "api "+s.api) || !strings.Contains(listed, "running") {
		t.Errorf("the table is\n%s", listed)
	}
	if listed := must(t, db, "instances", "--quiet"); listed != it.ID {
		t.Errorf("--quiet prints %q, want %s", listed, it.ID)
	}
	if stopped := s.stop(); stopped.code != 0 {
		t.Errorf("stopping: %+v", stopped)
	}
	if none := invoke(t, db, "instances"); none.code != 0 || none.stdout != "" || !strings.Contains(none.stderr, "no server runs on this database") {
		t.Errorf("after the stop: %+v", none)
	}
}
