package main

import (
	"testing"
	"time"
)

func TestFloors(t *testing.T) {
	for name, f := range map[string]struct {
		floor
		want string
	}{
		"requests fill the turns": {latencyFloor("latency", 2005, 64, 5, 50*time.Millisecond), "1.60 s (latency: max(ceil(2,005 / 64), 5) x 50ms)"},
		"a chain takes longer":    {latencyFloor("latency", 4, 64, 2, 50*time.Millisecond), "0.10 s (latency: max(ceil(4 / 64), 2) x 50ms)"},
		"computing":               {cpuFloor(3*time.Second, 2), "1.50 s (CPU: 3.00 s / 2 cores)"},
		"the disk":                {fsyncFloor(21000, 100*time.Microsecond), "2.10 s (fsync: 100µs x 21,000)"},
		"a rate":                  {rateFloor(205, 5, 5), "40.0 s (limit: (205 - 5) / 5 per second)"},
		"a window's last request": {windowFloor(500, 500, 5*time.Minute), "0.00 s (limit: 5m0s x floor((500 - 1) / 500))"},
		"the next window's first": {windowFloor(501, 500, 5*time.Minute), "300.0 s (limit: 5m0s x floor((501 - 1) / 500))"},
	} {
		if got := f.String(); got != f.want {
			t.Errorf("%s: %s, want %s", name, got, f.want)
		}
	}
}

func TestBoundIsTheLargestFloor(t *testing.T) {
	if got := bound(floor{time: 1}, floor{time: 3}, floor{time: 2}); got.time != 3 {
		t.Errorf("the bound is %s", got.time)
	}
}

// What strace writes, with and without the column of errors.
func TestFsyncsAreReadFromStrace(t *testing.T) {
	const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 99.00    0.453328         213      2126           fsync
  1.00    0.000100          10        10         1 fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.453428         213      2136         1 total
`
	for text, want := range map[string]int{table: 2136, "": 0} {
		if got, err := fsyncsIn(text); err != nil || got != want {
			t.Errorf("%d fsyncs (%v), want %d", got, err, want)
		}
	}
}

func TestRoutesAreShort(t *testing.T) {
	for route, want := range map[string]string{
		"GET /v2/product/{uid}/loa":  "loa",
		"GET /v2/product/{uid}":      "product",
		"POST /v3/networkdesign/buy": "buy",
		"PUT /v2/product/{uid}/tags": "PUT tags",
		"GET (no endpoint)":          "(no endpoint)",
	} {
		if got := shortRoute(route); got != want {
			t.Errorf("%s becomes %q, want %q", route, got, want)
		}
	}
}
