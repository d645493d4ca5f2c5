package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/internal/testkit/storetest/s3server"
)

// bench is what all scenarios share.
type bench struct {
	portctl, vendorCLI, versitygw string // programs
	folder                        string
	all                           bool
	budgeted                      bool // portctl knows --request-budget
	worlds                        int
}

// patience is how long a run may take and be run once more, to count its fsyncs.
const patience = 20 * time.Second

// row is what was measured of one step.
type row struct {
	name string
	scenario
	step
	usage
	traffic
	fsyncs  int // unknown when they could not be counted
	s3Calls int // unknown when the ledger is on the disk
	bound   floor
	shared  floor // the same, with the CPU time of the sandbox, which has the same cores
	others  []floor
}

// newBench builds what is to be measured.
func newBench(ctx context.Context, folder, versitygw string, all bool) (*bench, error) {
	b := &bench{folder: folder, versitygw: versitygw, all: all, portctl: filepath.Join(folder, "portctl"), vendorCLI: filepath.Join(folder, "vendorcli")}
	for program, source := range map[string]string{b.portctl: "./cmd/portctl", b.vendorCLI: "tools/vendorcli/main.go"} {
		if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, source).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	help, err := exec.CommandContext(ctx, b.portctl, "apply", "--help").CombinedOutput()
	b.budgeted = strings.Contains(string(help), "--request-budget")
	return b, err
}

// run measures a scenario. Rows that were measured before an error are good.
func (b *bench) run(ctx context.Context, s scenario) (rows []row, err error) {
	w, err := b.world(ctx, s)
	if err != nil {
		return nil, err
	}
	defer w.end()
	var took time.Duration
	for _, t := range s.steps {
		r, err := w.measure(ctx, t)
		if err != nil {
			return bounded(rows, w.fsync), fmt.Errorf("%s: %w", s.name(t), err)
		}
		fmt.Fprintf(os.Stderr, "%-55s %10s  load %s\n", r.name, seconds(r.wall), load())
		rows, took = append(rows, r), took+r.wall
	}
	if took < patience || b.all {
		err = b.countFsyncs(ctx, s, rows)
	}
	return bounded(rows, w.fsync), err
}

// countFsyncs runs the steps again in a world of their own, only to count.
func (b *bench) countFsyncs(ctx context.Context, s scenario, rows []row) error {
	if s.steps[0].kind == expert || s.limit.name != "" {
		return nil
	}
	w, err := b.world(ctx, s)
	if err != nil {
		return err
	}
	defer w.end()
	for i, t := range s.steps {
		if rows[i].fsyncs, err = w.command(t).countFsyncs(ctx); err != nil {
			return fmt.Errorf("%s under strace: %w", s.name(t), err)
		}
	}
	return nil
}

// world is where a scenario takes place.
type world struct {
	*bench
	scenario
	api       *api
	s3        *distantS3
	bucketURL string
	dir       string
	sites     []int
	fsync     time.Duration // of one, on this disk, now
}

func (b *bench) world(ctx context.Context, s scenario) (w *world, err error) {
	b.worlds++
	made := &world{bench: b, scenario: s, dir: filepath.Join(b.folder, fmt.Sprintf("world-%d", b.worlds))}
	w = made
	defer func() {
		if err != nil {
			made.end()
		}
	}()
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	if w.sites, err = sites(); err != nil {
		return nil, err
	}
	if w.fsync, err = fsyncTime(w.dir); err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.inventory(), []byte(inventoryOf(s.ports, w.sites, s.tags)), 0o600); err != nil {
		return nil, err
	}
	if err := w.serve(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// serve starts the API and the bucket.
func (w *world) serve(ctx context.Context) (err error) {
	knobs := w.limit.knobs
	knobs.Latency = w.latency
	if w.api, err = serveAPI(knobs); err != nil {
		return err
	}
	if w.seeded {
		if _, err := w.api.Seed(seeds(w.ports, w.sites)...); err != nil {
			return err
		}
	}
	if !w.bucket {
		return nil
	}
	if w.versitygw == "" {
		return errors.New("there is no S3 server: make bin/versitygw")
	}
	folder := filepath.Join(w.dir, "s3")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	if w.s3, err = serveS3(ctx, w.versitygw, folder, bucketLatency); err != nil {
		return err
	}
	w.bucketURL, err = w.s3.bucket()
	return err
}

func (w *world) end() {
	if w.api != nil {
		w.api.stop()
	}
	if w.s3 != nil {
		w.s3.stop()
	}
	_ = os.RemoveAll(w.dir)
}

func (w *world) inventory() string { return filepath.Join(w.dir, "portctl.yaml") }

// command is the process of a step.
func (w *world) command(t step) command {
	c := command{dir: w.dir, environ: append(s3server.Environment(), "CI=")}
	if t.kind == expert {
		c.args = []string{"xargs", "-P", fmt.Sprint(expertParallelism), "-L", "1", w.vendorCLI, w.api.url}
		c.stdin = orders(w.ports, w.sites)
		return c
	}
	c.args = append([]string{w.portctl}, t.words()...)
	c.args = append(c.args, "-f", w.inventory(), "--env", "sandbox", "--base-url", w.api.url)
	if w.bucketURL != "" {
		c.args = append(c.args, "--state", w.bucketURL)
	}
	if w.budgeted && w.limit.budget != "" {
		c.args = append(c.args, "--request-budget", w.limit.budget)
	}
	return c
}

// words are the command of a step with its own flags.
func (t step) words() []string {
	var words []string
	switch t.kind {
	case buy:
		words = []string{"apply", "--auto-approve", "--wait", "3h"}
		if !t.loas {
			words = append(words, "--no-loa")
		}
	case replan:
		words = []string{"plan", "--detailed-exitcode"} // anything but unchanged is an error
	case status:
		words = []string{"status", "--no-loa"}
	case loas:
		words = []string{"loa"}
	}
	if t.parallelism > 0 {
		words = append(words, "--parallelism", fmt.Sprint(t.parallelism))
	}
	return words
}

// measure runs a step and sees to it that it did what it was to do.
func (w *world) measure(ctx context.Context, t step) (row, error) {
	before, calls := w.api.seen(), w.s3Calls()
	u, err := w.command(t).run(ctx)
	if err != nil {
		return row{}, err
	}
	r := row{name: w.name(t), scenario: w.scenario, step: t, usage: u, traffic: w.api.seen().since(before), fsyncs: unknown, s3Calls: unknown}
	if t.kind == expert {
		r.memory = 0 // that of xargs
	}
	if w.s3 != nil {
		r.s3Calls = w.s3Calls() - calls
	}
	return r, w.check(r)
}

func (w *world) s3Calls() int {
	if w.s3 == nil {
		return 0
	}
	return int(w.s3.calls.Load())
}

// check holds a row against what the API saw: a run that did less is no measurement.
func (w *world) check(r row) error {
	if r.kind == buy || r.kind == expert {
		bought := w.api.Record().Purchases
		for i := range w.ports {
			if bought[portName(i)] != 1 {
				return fmt.Errorf("%s was bought %d times", portName(i), bought[portName(i)])
			}
		}
	}
	if got := r.routes["GET /v2/product/{uid}/loa"]; got < w.wantLOAs(r.step) {
		return fmt.Errorf("%d LOAs were downloaded, want %d", got, w.wantLOAs(r.step))
	}
	return nil
}

// bounded computes what the rows could not have been faster than.
func bounded(rows []row, fsync time.Duration) []row {
	for i := range rows {
		rows[i].setBounds(fsync)
	}
	return rows
}

func (r *row) setBounds(fsync time.Duration) {
	n, cores := r.sideBySide(), runtime.NumCPU()
	floors := []floor{latencyFloor("latency", r.requests(), n, r.chain(), r.latency)}
	if r.s3Calls != unknown {
		floors = append(floors, latencyFloor("bucket", r.s3Calls, n, 1, bucketLatency))
	}
	if r.fsyncs != unknown {
		floors = append(floors, fsyncFloor(r.fsyncs, fsync))
	}
	if r.limit.floor != nil {
		floors = append(floors, r.limit.floor(r.requests()-r.refused))
	}
	own := cpuFloor(r.usage.cpu, cores)
	r.shared = bound(append(floors, cpuFloor(r.usage.cpu+r.traffic.cpu, cores))...)
	floors = append(floors, own)
	r.bound = bound(floors...)
	for _, f := range floors {
		if f != r.bound && f.time > 0 {
			r.others = append(r.others, f)
		}
	}
}
