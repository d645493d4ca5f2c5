package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const shutdownTimeout = 5 * time.Second

// Serve answers requests that come in on l until ctx ends; then it lets requests
// in flight end and closes l. It does not close the Server.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: 30 * time.Second}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("sandbox: serving %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := h.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close() // a hanging fault would hold us for ever
	}
	<-served
	return err
}

// ListenAndServe listens on address (host:port; port 0 picks one), calls ready
// with the base URL, and then does what Serve does.
func (s *Server) ListenAndServe(ctx context.Context, address string, ready func(baseURL string)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if ready != nil {
		ready("http://" + l.Addr().String())
	}
	return s.Serve(ctx, l)
}
