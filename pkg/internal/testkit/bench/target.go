package main

import (
	"fmt"
	"io"
	"time"
)

// target is what a row is to come to. Some are held against another row of the same
// run.
type target struct {
	row, against string
	want         string
	judge        func(r, other row) (measured string, met bool)
}

func targets() []target {
	all := []target{
		{"buy 1,000, parallelism 64", "", "wall <= 1.25 x bound, CPU <= 4 s", func(r, _ row) (string, bool) {
			text, met := nearBound(r)
			return text + ", CPU " + seconds(r.usage.cpu), met && r.usage.cpu <= 4*time.Second
		}},
		{"buy 1,000, with LOAs, parallelism 64", "", "wall <= 1.25 x bound", func(r, _ row) (string, bool) { return nearBound(r) }},
		{"buy 100", "xargs -P10, buy 100", "faster than xargs -P10", func(r, other row) (string, bool) {
			return seconds(r.wall) + " against " + seconds(other.wall), r.wall < other.wall
		}},
		{"buy 1,000, with LOAs, parallelism 64", "", "requests <= 2.05 per port + 12", func(r, _ row) (string, bool) {
			most := 2.05*float64(r.ports) + 12
			return thousands(r.requests()), float64(r.requests()) <= most
		}},
		{"plan unchanged 1,000", "", "4 requests, wall <= 0.5 s", func(r, _ row) (string, bool) {
			return fmt.Sprintf("%s requests, %s", thousands(r.requests()), seconds(r.wall)), r.requests() <= 4 && r.wall <= 500*time.Millisecond
		}},
		within("plan unchanged 10,000, no tags", time.Second, 80),
		within("plan unchanged 100,000, no tags", 10*time.Second, 500),
		within("status 100,000", 10*time.Second, 0),
		within("LOAs of 2,000", 10*time.Second, 0),
	}
	for _, n := range []string{"100", "1,000"} {
		name := "buy " + n + ", parallelism 64"
		all = append(all, target{name + ", bucket", name, "wall <= 2.5 x that of a local ledger, S3 calls <= 4 per port", func(r, local row) (string, bool) {
			times, calls := float64(r.wall)/float64(local.wall), float64(r.s3Calls)/float64(r.ports)
			return fmt.Sprintf("%.2f x, %.2f calls", times, calls), times <= 2.5 && calls <= 4
		}})
	}
	return all
}

func nearBound(r row) (measured string, met bool) {
	return fmt.Sprintf("%s x, with the sandbox's CPU %s x", ratio(r.wall, r.bound.time), ratio(r.wall, r.shared.time)),
		float64(r.wall) <= 1.25*float64(r.bound.time)
}

// within holds CPU time, and memory in megabytes unless it is 0.
func within(name string, cpu time.Duration, memory int64) target {
	want := "CPU <= " + seconds(cpu)
	if memory > 0 {
		want += fmt.Sprintf(", memory <= %d MB", memory)
	}
	return target{name, "", want, func(r, _ row) (string, bool) {
		return fmt.Sprintf("CPU %s, %s", seconds(r.usage.cpu), megabytes(r.memory)), r.usage.cpu <= cpu && (memory == 0 || r.memory <= memory*1_000_000)
	}}
}

// writeTargets judges the rows that were measured.
func writeTargets(w io.Writer, rows []row) {
	named := map[string]row{}
	for _, r := range rows {
		named[r.name] = r
	}
	t := table{head: []string{"work", "target", "measured", "met"}}
	for _, g := range targets() {
		r, measured := named[g.row]
		other, compared := named[g.against]
		if !measured || !compared && g.against != "" {
			continue
		}
		text, met := g.judge(r, other)
		t.add(g.row, g.want, text, yesNo(met))
	}
	if len(t.rows) > 0 {
		t.write(w)
	}
}

func yesNo(met bool) string {
	if met {
		return "yes"
	}
	return "no"
}
