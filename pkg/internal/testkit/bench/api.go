package main

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// api is a sandbox behind a socket that counts connections.
type api struct {
	*sandbox.Server
	url string
	web *http.Server

	mu     sync.Mutex
	opened int                   // connections so far
	active map[net.Conn]struct{} // those with a request on them
	most   int                   // requests side by side
}

func serveAPI(k sandbox.Knobs) (*api, error) {
	k.ProvisionDelay = -1 // D = 0: what is measured is portctl, not a wait
	server, err := sandbox.New(sandbox.Config{Knobs: k})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &api{Server: server, url: "http://" + l.Addr().String(), active: map[net.Conn]struct{}{}}
	a.web = &http.Server{Handler: server, ReadHeaderTimeout: time.Minute, ConnState: a.watch}
	go func() { _ = a.web.Serve(l) }() // ends with stop
	return a, nil
}

func (a *api) stop() {
	_ = a.web.Close()
	_ = a.Close() // it keeps nothing on disk
}

func (a *api) watch(conn net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch state {
	case http.StateNew:
		a.opened++
	case http.StateActive:
		a.active[conn] = struct{}{}
		a.most = max(a.most, len(a.active))
	case http.StateIdle, http.StateClosed, http.StateHijacked:
		delete(a.active, conn)
	}
}

// traffic is what came in at the API.
type traffic struct {
	routes      map[string]int // requests by method and route
	refused     int            // of them with 429
	connections int
	mostAtOnce  int           // most requests at one time
	cpu         time.Duration // of this process, which is the sandbox
}

// seen is all traffic so far.
func (a *api) seen() traffic {
	t := trafficOf(a.Record())
	t.cpu = ownCPU()
	a.mu.Lock()
	defer a.mu.Unlock()
	t.connections, t.mostAtOnce = a.opened, a.most
	a.most = 0
	return t
}

// trafficOf is what a sandbox saw, without what only its socket knows.
func trafficOf(r sandbox.Record) traffic {
	t := traffic{routes: map[string]int{}}
	for route, c := range r.Routes {
		t.routes[route] = c.Count
		t.refused += c.ByStatus[http.StatusTooManyRequests]
	}
	return t
}

// since is the traffic after an earlier one.
func (t traffic) since(before traffic) traffic {
	routes := map[string]int{}
	for route, n := range t.routes {
		if n -= before.routes[route]; n > 0 {
			routes[route] = n
		}
	}
	return traffic{routes, t.refused - before.refused, t.connections - before.connections, t.mostAtOnce, t.cpu - before.cpu}
}

func (t traffic) requests() (sum int) {
	for n := range maps.Values(t.routes) {
		sum += n
	}
	return sum
}

// sortedRoutes lists the routes, the busiest first.
func (t traffic) sortedRoutes() []string {
	all := slices.Sorted(maps.Keys(t.routes))
	slices.SortStableFunc(all, func(a, b string) int { return t.routes[b] - t.routes[a] })
	return all
}

// ownCPU is the time that this process has spent computing.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // unreachable: the arguments are constants
	}
	return cpuOf(&u)
}

func cpuOf(u *syscall.Rusage) time.Duration {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
