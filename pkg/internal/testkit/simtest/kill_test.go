package simtest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

var killCases = flag.Int("sim.kills", 3, "how many rollouts of the real program to kill again and again")

// TestKills kills the real program with kill -9 at random instants, several times
// in each case, and then does what its user would do. The sandbox, which lives
// in this process, is the judge.
func TestKills(t *testing.T) {
	path := binary(t)
	var mu sync.Mutex
	var sum totals
	var failed []uint64
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for seed := range seeds {
				one, err := playKills(path, t.TempDir(), seed)
				mu.Lock()
				sum.add(one)
				if err != nil {
					failed = append(failed, seed)
					t.Errorf("seed %d: %v", seed, err)
				}
				mu.Unlock()
			}
		})
	}
	for i := range uint64(*killCases) {
		seeds <- *first + i
	}
	close(seeds)
	workers.Wait()
	t.Logf("real kills:\n%s\nseeds of failures: %v", &sum, failed)
	if sum.kills < *killCases || sum.adopted == 0 {
		t.Errorf("too few kills to prove anything: %s", &sum)
	}
}

// rollout is one case of the real program.
type rollout struct {
	path, dir   string
	args        []string
	server      *sandbox.Server
	rand        *rand.Rand
	members     map[string]int // wanted services by name
	parallelism int
	totals      totals
}

// playKills plays the case of a seed.
func playKills(path, dir string, seed uint64) (totals, error) {
	random := rand.New(rand.NewPCG(seed, 9))
	c := &rollout{path: path, dir: dir, rand: random, parallelism: 1 + random.IntN(4), members: map[string]int{}}
	server, err := sandbox.New(sandbox.Config{Knobs: c.knobs(), Locations: sites()})
	if err != nil {
		return c.totals, err
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	defer web.CloseClientConnections()
	c.server = server
	c.args = []string{"-f", "net.yaml", "--env", "sandbox", "--base-url", web.URL}
	if err := c.write(); err != nil {
		return c.totals, err
	}
	c.totals.cases = 1
	for range 2 + random.IntN(3) {
		if err := c.kill(); err != nil {
			return c.totals, err
		}
	}
	err = c.recover()
	r := server.Record()
	c.totals.orders, c.totals.committed = r.Received, r.Committed
	for _, o := range r.Orders {
		if o.Fault != "" {
			c.totals.faults++
		}
	}
	return c.totals, err
}

func (c *rollout) knobs() sandbox.Knobs {
	k := sandbox.Knobs{
		Latency: time.Duration(1+c.rand.IntN(40)) * time.Millisecond, ProvisionDelay: -1,
		ListingLag: time.Duration(c.rand.IntN(3)) * 150 * time.Millisecond, FaultSeed: c.rand.Uint64(),
	}
	kinds := []string{"hang", "hang-after-commit", "commit-then-drop", "drop", "500-after-commit", "502", "truncated-200-after-commit", "fewer-uids-after-commit"}
	for range c.rand.IntN(3) {
		k.Faults = append(k.Faults, sandbox.Fault{Route: "buy", Kind: kinds[c.rand.IntN(len(kinds))], Nth: 1 + c.rand.IntN(8), Times: 1 + c.rand.IntN(2)})
	}
	return k
}

// write writes an inventory of three to twelve entries.
func (c *rollout) write() error {
	var b strings.Builder
	b.WriteString("version: 1\nname: net\nenvironment: sandbox\ndefaults: {term: 12}\nports:\n")
	for i := range 3 + c.rand.IntN(10) {
		name, lag := fmt.Sprintf("port-%d", i), c.rand.IntN(4)
		fmt.Fprintf(&b, "  - {name: %s, site: {id: 89}, speed: 10G", name)
		if lag > 1 {
			fmt.Fprintf(&b, ", lag: %d", lag)
		}
		b.WriteString("}\n")
		c.members[name] = max(1, lag)
	}
	return os.WriteFile(filepath.Join(c.dir, "net.yaml"), []byte(b.String()), 0o600)
}

func (c *rollout) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.path, append(args, c.args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "CI=")
	return cmd
}

func (c *rollout) apply(more ...string) *exec.Cmd {
	return c.command(append([]string{"apply", "--auto-approve", "--no-loa", "--horizon", "1s", "--wait", "10s", "--parallelism", fmt.Sprint(c.parallelism)}, more...)...)
}

// kill starts an apply and kills it at a random instant.
func (c *rollout) kill() error {
	c.totals.runs++
	cmd := c.apply()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Duration(c.rand.IntN(500)) * time.Millisecond):
		c.totals.kills++
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-ended
	}
	return c.bought()
}

// bought holds the sandbox's record: no entry was bought twice.
func (c *rollout) bought() error {
	have := map[string]int{}
	for _, o := range c.server.Record().Orders {
		if o.Committed {
			have[o.Name] += o.Members
		}
	}
	for name, n := range have {
		if n > c.members[name] {
			c.totals.duplicates++
			return fmt.Errorf("%s was bought %d times over", name, n)
		}
	}
	return nil
}

// recover does what a user does after the kills.
func (c *rollout) recover() error {
	k := c.server.Knobs()
	// The user comes back when the listing shows what was carried out.
	time.Sleep(k.Latency + k.ListingLag + 100*time.Millisecond)
	k.Faults = nil
	if err := c.server.SetKnobs(k); err != nil {
		return err
	}
	result, err := c.result()
	if err != nil {
		return err
	}
	c.totals.adopted = len(result.Recovered)
	doubts := 0
	for _, a := range result.Actions {
		if a.Outcome != apply.Unknown {
			continue
		}
		doubts++
		if slices.ContainsFunc(c.server.Record().Orders, func(o sandbox.OrderRecord) bool { return o.Committed && o.Name == a.Name }) {
			c.totals.losses++
			return fmt.Errorf("the order of %s was carried out and is in doubt", a.Name)
		}
	}
	if most := c.totals.kills * c.parallelism; doubts > most+c.unanswered() {
		return fmt.Errorf("%d doubts after %d kills", doubts, c.totals.kills)
	}
	if doubts > 0 {
		c.totals.doubts = doubts
		if err := c.resolve(); err != nil {
			return err
		}
		if result, err = c.result(); err != nil {
			return err
		}
	}
	if result.ExitCode != apply.ExitDone {
		return fmt.Errorf("the last apply exits %d: %+v", result.ExitCode, result.Summary)
	}
	return c.complete()
}

func (c *rollout) unanswered() int {
	n := 0
	for _, o := range c.server.Record().Orders {
		if o.Fault != "" {
			n++
		}
	}
	return n
}

// result runs apply to its end.
func (c *rollout) result() (apply.Result, error) {
	c.totals.runs++
	var r apply.Result
	var stderr bytes.Buffer
	cmd := c.apply("-q", "--format", "json")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("apply (%w): %s", err, stderr.Bytes())
	}
	return r, c.bought()
}

// resolve says of all doubts that they were not created, as soon as the program
// believes that.
func (c *rollout) resolve() error {
	var out []byte
	var err error
	for range 40 {
		out, err = c.command("ledger", "resolve", "--all", "--not-created", "--horizon", "1s").CombinedOutput()
		c.totals.resolved += strings.Count(string(out), "a person said")
		if err == nil || !strings.Contains(string(out), "its service may still show") {
			break
		}
		time.Sleep(100 * time.Millisecond) // it was told to come back later
	}
	if err != nil {
		return fmt.Errorf("resolve: %w: %s", err, out)
	}
	return nil
}

// complete: everything is there exactly once, and the program knows it.
func (c *rollout) complete() error {
	have := map[string]int{}
	for _, o := range c.server.Record().Orders {
		if o.Committed {
			have[o.Name] += o.Members
		}
	}
	for name, want := range c.members {
		if have[name] != want {
			c.totals.losses++
			return fmt.Errorf("%s has %d services, wanted are %d", name, have[name], want)
		}
	}
	for _, args := range [][]string{{"apply", "--auto-approve", "--no-loa"}, {"plan", "--detailed-exitcode"}, {"ledger", "list"}} {
		out, err := c.command(args...).CombinedOutput()
		if err != nil || args[0] == "ledger" && !strings.Contains(string(out), "No claim is open.") {
			return fmt.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	return c.bought()
}
