// Command bench measures the real portctl from outside and prints tables for
// docs/performance.md.
//
//	go run ./pkg/internal/testkit/bench [-all] [-run PATTERN]
//
// It owns the scenarios: what is done, with how many ports, against which API and
// with which ledger. It builds portctl and runs it as a process against a sandbox on
// a socket, with a latency for each request and with a limit, and counts at the
// sandbox, at the bucket and at the kernel. It must not know how portctl does its
// work: nothing of it is linked into the program, and it links nothing of the
// program. What takes half an hour under the published limit is measured in virtual
// time instead, by TestLimits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"

	"github.com/portctl/portctl/pkg/internal/testkit/storetest/s3server"
)

func main() {
	all := flag.Bool("all", false, "run the long scenarios as well, for hours, and count the fsyncs of all")
	only := flag.String("run", "", "`pattern` of the rows to measure, such as \"buy 100\\b\"; also of the long ones")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *all, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, all bool, only string) error {
	chosen, err := choose(all || only != "", only)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "portctl-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b, err := newBench(ctx, folder, os.Getenv(s3server.Program), all)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n\n", machine()) // before: its load is not yet ours
	rows, err := b.runAll(ctx, chosen)
	writeTables(os.Stdout, rows)
	return err
}

// runAll measures all scenarios, also when one fails: the others are good.
func (b *bench) runAll(ctx context.Context, chosen []scenario) (all []row, err error) {
	for _, s := range chosen {
		if ctx.Err() != nil {
			return all, errors.Join(err, ctx.Err())
		}
		rows, failed := b.run(ctx, s)
		all, err = append(all, rows...), errors.Join(err, failed)
	}
	return all, err
}

// choose gives the scenarios that have a row of such a name.
func choose(all bool, only string) (chosen []scenario, err error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	for _, s := range scenarios() {
		for _, t := range s.steps {
			if (all || s.always) && pattern.MatchString(s.name(t)) {
				chosen = append(chosen, s)
				break
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no row matches %q", filepath.ToSlash(only))
	}
	return chosen, nil
}
