package testdb

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patroniTimeout bounds what Patroni needs to bring its nodes about, or back, also on
// a busy machine.
const patroniTimeout = 10 * time.Minute

// Patroni is a PostgreSQL database of several nodes that Patroni keeps, with a
// lock in an etcd of its own. Its standbys are synchronous, and strictly so. Its
// methods are for one goroutine.
type Patroni struct {
	tb    testing.TB
	nodes []*patroniNode
}

// patroniNode is one server with the Patroni that keeps it.
type patroniNode struct {
	*Cluster
	name   string
	rest   string // host and port of Patroni's own API
	keeper *leashed
}

// StartPatroni starts so many nodes and returns when one of them leads and all
// others follow. They end with the test.
func StartPatroni(tb testing.TB, nodes int) *Patroni {
	tb.Helper()
	programs, err := findPrograms(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	account, err := serverAccount()
	if err != nil {
		tb.Fatal(err)
	}
	p := &Patroni{tb: tb}
	etcd, password := startEtcd(tb, account), rand.Text()
	for i := range nodes {
		node := &patroniNode{
			Cluster: &Cluster{programs: programs, account: account, password: password},
			name:    fmt.Sprintf("n%d", i), rest: address127(tb),
		}
		p.nodes = append(p.nodes, node)
		p.begin(node, etcd)
	}
	p.AwaitAll()
	return p
}

// begin makes a node's directory and configuration and starts its Patroni.
func (p *Patroni) begin(node *patroniNode, etcd string) {
	p.tb.Helper()
	if err := node.makeDir(); err != nil {
		p.tb.Fatal(err)
	}
	var err error
	if node.watchdog, err = watch(p.tb.Context(), node.Cluster); err != nil {
		p.tb.Fatal(errors.Join(err, os.RemoveAll(node.dir)))
	}
	p.tb.Cleanup(func() { p.end(node) })
	if node.port, err = FreePort(p.tb.Context()); err != nil {
		p.tb.Fatal(err)
	}
	path := filepath.Join(node.dir, "patroni.yml")
	config, err := json.Marshal(node.config(etcd)) // which is YAML too
	if err := errors.Join(err, os.WriteFile(path, config, 0o600), node.account.own(path)); err != nil {
		p.tb.Fatal(err)
	}
	p.keep(node)
}

func (p *Patroni) keep(node *patroniNode) {
	p.tb.Helper()
	program, err := exec.LookPath("patroni")
	if err != nil {
		p.tb.Fatal("Patroni is not installed; run: sudo apt-get install --yes patroni")
	}
	if node.keeper, err = startLeashed(p.tb.Context(), node.account, node.dir, program, filepath.Join(node.dir, "patroni.yml")); err != nil {
		p.tb.Fatal(err)
	}
}

func (p *Patroni) end(node *patroniNode) {
	if p.tb.Failed() {
		output, _ := os.ReadFile(filepath.Join(node.dir, "output"))
		p.tb.Logf("Patroni of %s ends with:\n%s", node.name, output[max(0, len(output)-4096):])
	}
	var err error
	if node.keeper != nil {
		err = node.keeper.kill()
	}
	if err := errors.Join(err, node.Close()); err != nil {
		p.tb.Error(err)
	}
}

// DSN returns the URL of all nodes, as a superuser.
func (p *Patroni) DSN() string {
	parsed, err := url.Parse(p.nodes[0].DSN())
	if err != nil {
		p.tb.Fatal("a node's own DSN can't be read")
	}
	var hosts []string
	for _, node := range p.nodes {
		hosts = append(hosts, net.JoinHostPort("127.0.0.1", strconv.Itoa(node.port)))
	}
	parsed.Host = strings.Join(hosts, ",")
	query := parsed.Query()
	query.Set("target_session_attrs", "read-write")
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// member is a node as Patroni tells of it.
type member struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	State string `json:"state"`
}

// members asks any node that answers for all of them.
func (p *Patroni) members() []member {
	client := http.Client{Timeout: time.Second}
	for _, node := range p.nodes {
		request, err := http.NewRequestWithContext(p.tb.Context(), http.MethodGet, "http://"+node.rest+"/cluster", nil)
		if err != nil {
			p.tb.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			continue
		}
		var told struct{ Members []member }
		if errors.Join(json.NewDecoder(answer.Body).Decode(&told), answer.Body.Close()) == nil && len(told.Members) > 0 {
			return told.Members
		}
	}
	return nil
}

// AwaitAll returns when one node leads and all others follow, one of them
// synchronously.
func (p *Patroni) AwaitAll() {
	p.tb.Helper()
	awaitTrue(p.tb, patroniTimeout, "one node leads and all others follow", func() bool {
		roles := make(map[string]int)
		for _, m := range p.members() {
			if m.State == "running" || m.State == "streaming" {
				roles[m.Role]++
			}
		}
		return roles["leader"] == 1 && roles["sync_standby"] == 1 && roles["replica"] == len(p.nodes)-2
	})
}

func (p *Patroni) leader() *patroniNode {
	p.tb.Helper()
	for _, m := range p.members() {
		for _, node := range p.nodes {
			if m.Role == "leader" && m.Name == node.name {
				return node
			}
		}
	}
	p.tb.Fatal("no node leads")
	return nil
}

// Switchover hands the lead over in order, to a node of Patroni's choice.
func (p *Patroni) Switchover() {
	p.tb.Helper()
	leader := p.leader()
	body, err := json.Marshal(map[string]string{"leader": leader.name})
	if err != nil {
		p.tb.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.tb.Context(), http.MethodPost, "http://"+leader.rest+"/switchover", bytes.NewReader(body))
	if err != nil {
		p.tb.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		p.tb.Fatalf("switchover: %s, %v", answer.Status, err)
	}
}

// KillLeader ends the leading node, Patroni and server, with SIGKILL, as the loss
// of its machine would. Revive starts it again.
func (p *Patroni) KillLeader() (revive func()) {
	p.tb.Helper()
	leader := p.leader()
	err := leader.keeper.kill()
	leader.keeper = nil
	if err := errors.Join(err, leader.Kill()); err != nil {
		p.tb.Fatal(err)
	}
	return func() { p.keep(leader) }
}
