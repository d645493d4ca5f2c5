package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// statement is an in-toto statement, version 1: what is claimed (the predicate) of
// which files (the subjects). It is not signed; whoever signs it vouches for it.
type statement struct {
	Type          string         `json:"_type"`
	Subject       []subject      `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     jsontext.Value `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

const (
	statementType = "https://in-toto.io/Statement/v1"
	// resultPredicate names the meaning of the predicate: the result of an apply.
	resultPredicate = "https://github.com/portctl/portctl/result/v1"
)

// evidence is whose run it is, and what of it was reviewed.
func (a *applying) evidence(s Env) apply.Evidence {
	e := apply.Evidence{Origin: s.origin(), Checksum: a.checksum, Expected: a.expect}
	for _, r := range a.reviewed {
		e.Reviewed = append(e.Reviewed, apply.ReviewedPlan{File: r.File, Checksum: r.Checksum, Seal: r.Seal, Origin: r.Origin})
	}
	return e
}

// attest writes the statement of a run, with its result as the predicate and, as
// subjects, the inventory's files, the saved plans and the result itself.
func (a *applying) attest(result []byte) error {
	if a.attestFile == "" {
		return nil
	}
	st := statement{Type: statementType, PredicateType: resultPredicate, Predicate: result}
	var files []string
	if a.inventory != nil {
		files = append(files, a.inventory.Files...)
	}
	for _, r := range a.reviewed {
		files = append(files, r.File)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("the statement could not be made: %w", err)
		}
		st.Subject = append(st.Subject, subjectOf(filepath.ToSlash(file), content))
	}
	name := "result.json"
	if a.resultFile != "" {
		name = filepath.ToSlash(a.resultFile)
	}
	st.Subject = append(st.Subject, subjectOf(name, plan.VisibleText(result)))
	encoded, err := json.Marshal(st, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := writePrivate(a.attestFile, append(plan.VisibleText(encoded), '\n')); err != nil {
		return fmt.Errorf("the statement could not be written to %s: %w", a.attestFile, err)
	}
	return nil
}

func subjectOf(name string, content []byte) subject {
	sum := sha256.Sum256(content)
	return subject{name, map[string]string{"sha256": hex.EncodeToString(sum[:])}}
}
