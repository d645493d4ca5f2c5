package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// floor is a time that no program can stay under, and why.
type floor struct {
	time    time.Duration
	formula string
}

// latencyFloor: so many requests take at least so many turns, and a chain of requests
// of which each needs the answer to the one before takes one turn for each.
func latencyFloor(what string, requests, parallelism, chain int, latency time.Duration) floor {
	turns := max((requests+parallelism-1)/parallelism, chain)
	formula := fmt.Sprintf("%s: max(ceil(%s / %d), %d) x %s", what, thousands(requests), parallelism, chain, latency)
	return floor{time.Duration(turns) * latency, formula}
}

// cpuFloor: computing takes its time on all cores together.
func cpuFloor(cpu time.Duration, cores int) floor {
	return floor{cpu / time.Duration(cores), fmt.Sprintf("CPU: %s / %d cores", seconds(cpu), cores)}
}

// fsyncFloor: a disk makes so many durable in a time, however many wait for it side by
// side: it has one journal.
func fsyncFloor(fsyncs int, each time.Duration) floor {
	return floor{
		each * time.Duration(fsyncs),
		fmt.Sprintf("fsync: %s x %s", each.Round(10*time.Microsecond), thousands(fsyncs)),
	}
}

// rateFloor: a server that lets perSecond in, and burst at the start.
func rateFloor(let, burst int, perSecond float64) floor {
	return floor{
		time.Duration(float64(max(0, let-burst)) / perSecond * float64(time.Second)),
		fmt.Sprintf("limit: (%s - %d) / %g per second", thousands(let), burst, perSecond),
	}
}

// windowFloor: a server that lets limit requests in within any window.
func windowFloor(let, limit int, window time.Duration) floor {
	return floor{
		time.Duration(max(0, let-1)/limit) * window,
		fmt.Sprintf("limit: %s x floor((%s - 1) / %d)", window, thousands(let), limit),
	}
}

// bound is the largest floor. Waiting for the API, computing and waiting for the disk
// can all go on at once, so that their sum is no bound: a good program stays under it.
func bound(floors ...floor) floor {
	return slices.MaxFunc(floors, func(a, b floor) int { return cmp.Compare(a.time, b.time) })
}
