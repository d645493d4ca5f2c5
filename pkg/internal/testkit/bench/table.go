package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is a table in Markdown.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) {
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---"
	}
	for _, cells := range append([][]string{t.head, rule}, t.rows...) {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintln(w)
}

// writeTables writes what was measured.
func writeTables(w io.Writer, rows []row) {
	times := table{head: []string{"work", "wall", "wall / bound", "with the sandbox's CPU", "bound", "other floors"}}
	counts := table{head: []string{"work", "requests", "per port", "refused", "by route", "connections", "most side by side", "fsyncs", "S3 calls", "CPU", "peak memory"}}
	for _, r := range rows {
		times.add(r.name, seconds(r.wall), ratio(r.wall, r.bound.time), ratio(r.wall, r.shared.time), r.bound.String(), list(r.others))
		counts.add(
			r.name, thousands(r.requests()), fmt.Sprintf("%.2f", float64(r.requests())/float64(r.ports)), share(r.refused, r.requests()),
			r.byRoute(), thousands(r.connections), thousands(r.mostAtOnce), count(r.fsyncs), count(r.s3Calls), seconds(r.usage.cpu), megabytes(r.memory),
		)
	}
	times.write(w)
	counts.write(w)
	writeTargets(w, rows)
}

// machine says on what it was measured, and not whose it is.
func machine() string {
	kernel := "an unknown kernel"
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		version, _, _ := strings.Cut(strings.TrimSpace(string(b)), "-")
		kernel = "kernel " + version
	}
	return fmt.Sprintf("%d cores, %s %s/%s, %s; load average before: %s.", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel, load())
}

// load is how busy the machine is: figures of a busy one are no good.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

func (f floor) String() string { return fmt.Sprintf("%s (%s)", seconds(f.time), f.formula) }

func list(floors []floor) string {
	var all []string
	for _, f := range floors {
		all = append(all, f.String())
	}
	return strings.Join(all, "; ")
}

// byRoute lists the requests, the busiest route first.
func (t traffic) byRoute() string {
	var all []string
	for _, route := range t.sortedRoutes() {
		all = append(all, fmt.Sprintf("%s %s", shortRoute(route), thousands(t.routes[route])))
	}
	return strings.Join(all, ", ")
}

// shortRoute is the last word of a route that is no placeholder, with the method of
// what changes something: "products", "PUT tags".
func shortRoute(route string) string {
	method, path, _ := strings.Cut(route, " ")
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "{") })
	if len(words) == 0 {
		return route
	}
	last := words[len(words)-1]
	if method == http.MethodGet || method == http.MethodPost {
		return last
	}
	return method + " " + last
}

func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func ratio(wall, bound time.Duration) string {
	if bound <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(wall)/float64(bound))
}

func share(part, all int) string {
	if part == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%.1f %%)", thousands(part), 100*float64(part)/float64(all))
}

func count(n int) string {
	if n == unknown {
		return "-"
	}
	return thousands(n)
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MB", bytes/1_000_000)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
