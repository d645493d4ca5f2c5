package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// recordFailure saves why there is no plan where the plan was to be saved.
func (o planOptions) recordFailure(s Env, err error) error {
	if err == nil || o.written || o.out == "" {
		return err
	}
	err = o.withWayOut(err)
	encoded, failed := o.failure(s, err).Sealed().Encode()
	if failed == nil {
		failed = writePrivate(o.out, encoded)
	}
	if failed != nil {
		fmt.Fprintf(s.Err, "error: %s could not be written: %v\n", o.out, failed)
	}
	return err
}

// failure is the document that stands for a plan that could not be made.
func (o planOptions) failure(s Env, err error) plan.Document {
	now := s.now().UTC().Truncate(time.Second)
	doc := plan.Document{
		FormatVersion: plan.FormatVersion, Tool: "portctl " + Version(), CreatedAt: now, ExpiresAt: now, Origin: s.origin(),
		Environment: firstOf(o.target.Environment, foldEnvironment(firstOf(o.environment, s.Getenv("MEGAPORT_ENVIRONMENT")))),
		Inventory:   plan.InventoryRef{Files: o.named()},
		Failure:     &plan.Failure{Message: render.Clean(err.Error()), Hint: render.Clean(hintOf(err)), ExitCode: codeOf(err)},
	}
	if o.target.Environment != "" {
		doc.BaseURL = o.target.Address()
	}
	if o.inventory != nil {
		doc.Inventory.Name, doc.Inventory.Digest = o.inventory.Name, o.inventory.Desired().Digest()
	}
	var diags inventory.Diagnostics
	switch {
	case errors.As(err, &diags):
		problems, _ := diags.Counts()
		doc.Failure.Message = "the inventory is not valid: " + count(problems, "error")
		doc.Failure.Problems = problemsOf(diags)
	case errors.Is(err, context.Canceled):
		doc.Failure.Message = "interrupted"
	}
	return doc
}

// problemsOf are diagnostics as a plan carries them.
func problemsOf(diags inventory.Diagnostics) []plan.Problem {
	var out []plan.Problem
	for _, d := range diags {
		out = append(out, plan.Problem{
			Severity: string(d.Severity), Rule: d.Rule, Message: d.Message, Hint: d.Hint, Source: plan.Source{File: d.File, Line: d.Line, Column: d.Column},
		})
	}
	return out
}

// named are the inventory's files and directories as they were named.
func (g *globals) named() []string {
	if len(g.files) == 0 {
		return []string{inventory.DefaultFile}
	}
	return g.files
}
