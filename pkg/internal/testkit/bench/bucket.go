package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portctl/portctl/pkg/internal/testkit/storetest/s3server"
)

// distantS3 is a real S3 server that seems far away: a proxy before it counts the
// calls and holds each back.
type distantS3 struct {
	server *s3server.Server
	url    string
	web    *http.Server
	calls  atomic.Int64
}

func serveS3(ctx context.Context, program, folder string, latency time.Duration) (*distantS3, error) {
	server, err := s3server.Launch(ctx, program, folder)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		server.Stop()
		return nil, err
	}
	behind, err := url.Parse(server.Endpoint)
	if err != nil {
		server.Stop()
		return nil, err
	}
	s := &distantS3{server: server, url: "http://" + l.Addr().String()}
	proxy := &httputil.ReverseProxy{
		// The name of the host is part of what is signed, so that it stays as it came.
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Host = r.In.Host },
		Transport: &http.Transport{MaxIdleConnsPerHost: 128},
	}
	s.web = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		time.Sleep(latency)
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = s.web.Serve(l) }() // ends with stop
	return s, nil
}

// bucket makes a bucket and gives its URL by way of the proxy.
func (s *distantS3) bucket() (string, error) {
	direct, err := s.server.NewBucket()
	return strings.Replace(direct, s.server.Endpoint, s.url, 1), err
}

func (s *distantS3) stop() {
	_ = s.web.Close()
	s.server.Stop()
}
