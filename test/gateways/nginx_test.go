package gateways

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// startNginx runs the lines for nginx.
func startNginx(t *testing.T, ration, api string) gateway {
	t.Helper()
	dir, address := t.TempDir(), harness.FreeAddr(t)
	for _, name := range []string{"server.conf", "location.conf"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/nginx", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "ration", name), string(text))
	}
	lines := placed(t, linesOf(t, "nginx", "nginx"), map[string]string{"127.0.0.1:8081": ration, "listen 80;": "listen " + address + ";", "127.0.0.1:3000": api})
	startNginxWith(t, dir, address, lines)
	return gateway{name: "nginx", url: "http://" + address}
}

// startNginxWith runs nginx with lines of its http block.
func startNginxWith(t *testing.T, dir, address, lines string) {
	t.Helper()
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		lines = kind + "_temp_path " + filepath.Join(dir, "temp", kind) + ";\n" + lines
	}
	if err := os.MkdirAll(filepath.Join(dir, "temp"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "nginx.conf"), user+"daemon off;\nmaster_process off;\npid "+dir+"/pid;\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n"+lines+"}\n")
	run(t, address, programOf(t, "nginx"), "-p", dir, "-c", file, "-e", "stderr")
}

// TestNginxAsksTwiceAndIsChargedOnce sends requests that nginx asks about twice: its
// try_files or its error_page sends them another way.
func TestNginxAsksTwiceAndIsChargedOnce(t *testing.T) {
	dir := t.TempDir()
	w := &world{db: "sqlite:" + filepath.Join(dir, "ration.db"), api: newAPI(t)}
	server := harness.NewInstance(t, w.db, w.api.URL, "--config", write(t, filepath.Join(dir, "ration.yaml"), routes), "--admin-listen", "off")
	server.Start()
	server.AwaitReady()
	key := harness.CreateKey(t, w.db)
	used := 0
	for _, row := range []struct {
		option string
		cost   int
	}{{"", 2}, {"/once=request_id", 1}} {
		asks := startNginxWithTryFiles(t, row.option, strings.TrimPrefix(server.APIURL, "http://"), w.api.Listener.Addr().String())
		for range 3 { // each has an id of its own, whatever its client says
			if response, got := asks.ask(t, "GET", "/v1/x", nil, "X-API-Key: "+key.Secret, "X-Request-Id: mine"); response.StatusCode != 200 || got.URI != "/v1/x" {
				t.Fatalf("%q: %d %+v", row.option, response.StatusCode, got)
			}
			used += row.cost
		}
		for _, method := range []string{"GET", "POST"} { // nginx asks again by GET
			if response, got := asks.ask(t, method, "/failing/x", nil, "X-API-Key: "+key.Secret); response.StatusCode != 200 || got.URI != "/again" {
				t.Fatalf("%q: %s: %d %+v", row.option, method, response.StatusCode, got)
			}
			used += row.cost
		}
		if got := harness.Used(t, w.db, key.ID); got != used {
			t.Errorf("with %q, %d requests are counted, want %d", row.option, got, used)
		}
	}
}

func startNginxWithTryFiles(t *testing.T, option, ration, api string) gateway {
	t.Helper()
	dir, address, nobody := t.TempDir(), harness.FreeAddr(t), harness.FreeAddr(t)
	for _, name := range []string{"server.conf", "location.conf"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/nginx", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "ration", name), strings.Replace(string(text), "/deny_status=403", "/deny_status=403"+option, 1))
	}
	startNginxWith(t, dir, address, "upstream ration { server "+ration+`; }
server {
    listen `+address+`;
    include ration/server.conf;
    include ration/location.conf;
    location / { try_files $uri @api; }
    error_page 502 = /again;
    location /failing/ { proxy_pass http://`+nobody+`; }
    location = /again { proxy_pass http://`+api+`; }
    location @api { proxy_pass http://`+api+`; }
}
`)
	return gateway{name: "nginx", url: "http://" + address}
}
