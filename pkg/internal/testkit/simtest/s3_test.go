//go:build s3

package simtest

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/internal/testkit/storetest/s3server"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// machines are working directories that share nothing but a bucket: each stands
// for a machine of its own.
func machines(t *testing.T, latency time.Duration, inventories ...string) []*rollout {
	t.Helper()
	bucket := s3server.Start(t).Bucket(t)
	server, err := sandbox.New(sandbox.Config{Knobs: sandbox.Knobs{Latency: latency, ProvisionDelay: -1}, Locations: sites()})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		server.Close()
	})
	var all []*rollout
	for _, name := range inventories {
		c := &rollout{path: binary(t), dir: t.TempDir(), server: server, parallelism: 2, members: map[string]int{}}
		c.args = []string{"-f", "net.yaml", "--env", "sandbox", "--base-url", web.URL, "--state", bucket}
		file := "version: 1\nname: " + name + "\nenvironment: sandbox\ndefaults: {term: 12}\nports:\n"
		for i := range 6 {
			c.members[fmt.Sprintf("port-%d", i)] = 1
			file += fmt.Sprintf("  - {name: port-%d, site: {id: 89}, speed: 10G}\n", i)
		}
		if err := os.WriteFile(filepath.Join(c.dir, "net.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// Two processes race for one inventory, and two inventories for one name: one
// wins, the other is told who holds the lock or finds nothing left to buy, and
// nothing is bought twice.
func TestS3Race(t *testing.T) {
	for name, inventories := range map[string][]string{"one inventory": {"net", "net"}, "two inventories": {"net", "other"}} {
		t.Run(name, func(t *testing.T) {
			all := machines(t, 20*time.Millisecond, inventories...)
			codes, outputs := make([]int, len(all)), make([]string, len(all))
			var group sync.WaitGroup
			for i, c := range all {
				group.Go(func() { codes[i], outputs[i] = exit(t, c.apply()) })
			}
			group.Wait()
			if codes[0] != 0 && codes[1] != 0 {
				t.Errorf("nobody won: exit codes %v\n%s\n%s", codes, outputs[0], outputs[1])
			}
			for i, code := range codes {
				if code != 0 && (code != 3 || !strings.Contains(outputs[i], "holds the lock")) {
					t.Errorf("the loser exits %d:\n%s", code, outputs[i])
				}
			}
			for _, c := range all {
				if err := c.complete(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// exit runs a program to its end.
func exit(t *testing.T, cmd *exec.Cmd) (code int, output string) {
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Error(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// The winner is killed with orders on their way. Another machine recovers from
// the bucket alone: it is told of the lock, breaks it, finds what was bought and
// buys the rest.
func TestS3Recovery(t *testing.T) {
	all := machines(t, 150*time.Millisecond, "net", "net")
	dead, other := all[0], all[1]
	cmd := dead.apply()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); dead.server.Record().Committed < 3; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is bought")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed: its status says nothing
	other.totals.kills = 1
	if err := os.RemoveAll(dead.dir); err != nil {
		t.Fatal(err)
	}
	code, output := exit(t, other.apply())
	unlock := regexp.MustCompile("portctl ledger unlock ([0-9a-f-]+)").FindStringSubmatch(output)
	if code != 3 || unlock == nil {
		t.Fatalf("the lock of the dead: exit %d\n%s", code, output)
	}
	if code, output := exit(t, other.command("ledger", "unlock", unlock[1])); code != 0 {
		t.Fatalf("unlock exits %d\n%s", code, output)
	}
	if err := other.recover(); err != nil {
		t.Error(err)
	}
	if other.totals.adopted == 0 {
		t.Error("nothing was recovered")
	}
}
