// Package panics runs parallel work so that a panic in it becomes an error.
//
// It owns nothing but that. The Go runtime ends a process that panics with exit
// code 2, which `portctl plan --detailed-exitcode` uses for "changes are
// pending": a program that broke must not say so.
package panics

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Group is an errgroup.Group whose functions may panic.
type Group struct{ group *errgroup.Group }

// WithContext is errgroup.WithContext with a limit; 0 is no limit.
func WithContext(ctx context.Context, limit int) (Group, context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	if limit > 0 {
		g.SetLimit(limit)
	}
	return Group{g}, ctx
}

// Go runs a function in the group.
func (g Group) Go(f func() error) { g.group.Go(func() error { return Do(f) }) }

// Wait waits for all functions and returns the first error.
func (g Group) Wait() error { return g.group.Wait() }

// PanicError is a panic that was caught.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: %v", e.Value) }

// Hint says what to do.
func (e *PanicError) Hint() string {
	return "please report this, with the lines below; what was ordered is in the ledger\n" + string(e.Stack)
}

// Do runs a function and returns its panic as an error.
func Do(f func() error) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = &PanicError{broken, debug.Stack()}
		}
	}()
	return f()
}
