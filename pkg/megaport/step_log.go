package megaport

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// withLog writes one debug line for each attempt. Query and headers stay out of
// it; errors come with secrets already removed.
func withLog(logger zerolog.Logger, next step) step {
	return func(ctx context.Context, a *attempt) error {
		start := time.Now()
		err := next(ctx, a)
		logRequest(logger, a.method, a.path, a.status, time.Since(start), a.number, a.traceID, err)
		return err
	}
}

func logRequest(l zerolog.Logger, method, path string, status int, took time.Duration, attempt int, traceID string, err error) {
	e := l.Debug().
		Str("method", method).
		Str("path", path).
		Int("status", status).
		Dur("duration_ms", took).
		Int("attempt", attempt)
	if traceID != "" {
		e = e.Str("trace_id", traceID)
	}
	if err != nil {
		e = e.Str("error", err.Error())
	}
	e.Msg("request")
}
