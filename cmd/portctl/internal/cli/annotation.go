package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// annotation is a note of GitHub Actions at a line of a file.
type annotation struct {
	// level is error or warning.
	level string
	at    plan.Source
	// endColumn is the last character meant; 0 when that is not known.
	endColumn   int
	title, text string
}

// maxAnnotations is how many of one level GitHub shows of a step; it drops the others
// without a word.
const maxAnnotations = 10

// writeAnnotations writes annotations as workflow commands of GitHub Actions, which
// shows them at their lines. A file is named from the workspace, the root of the
// repository. Of many the last one shown counts the rest.
func writeAnnotations(w io.Writer, all []annotation, workspace string) error {
	total, written := map[string]int{}, map[string]int{}
	for _, a := range all {
		total[a.level]++
	}
	var b strings.Builder
	for _, a := range all {
		n := written[a.level]
		written[a.level]++
		switch rest := total[a.level] - n; {
		case n == maxAnnotations-1 && rest > 1:
			fmt.Fprintf(&b, "::%s title=portctl::%s\n", a.level, escapeData(fmt.Sprintf("and %d more: the log and the comment have them all", rest)))
		case n < maxAnnotations:
			b.WriteString(a.command(workspace))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// command is the annotation as a workflow command.
func (a annotation) command(workspace string) string {
	properties := []string{}
	add := func(name, value string) { properties = append(properties, name+"="+escapeProperty(value)) }
	if a.at.File != "" {
		add("file", fromWorkspace(a.at.File, workspace))
	}
	if a.at.Line > 0 {
		add("line", fmt.Sprint(a.at.Line))
		add("col", fmt.Sprint(a.at.Column))
	}
	if a.endColumn > 0 {
		add("endColumn", fmt.Sprint(a.endColumn))
	}
	add("title", a.title)
	return fmt.Sprintf("::%s %s::%s\n", a.level, strings.Join(properties, ","), escapeData(a.text))
}

// diagnosticAnnotations are those of the problems of an inventory.
func diagnosticAnnotations(diags inventory.Diagnostics) []annotation {
	var out []annotation
	for _, d := range diags {
		a := annotation{level: string(d.Severity), at: plan.Source{File: d.File, Line: d.Line, Column: d.Column}, title: d.Rule, text: withHintLine(d.Message, d.Hint)}
		if d.Line > 0 {
			a.endColumn = d.EndColumn - 1 // GitHub's is the last character itself.
		}
		out = append(out, a)
	}
	return out
}

// planAnnotations are those of a plan: what is wrong with the inventory, what is
// blocked or held back, and what a reviewer should look at.
func planAnnotations(doc plan.Document) []annotation {
	var out []annotation
	if doc.Failure != nil && len(doc.Failure.Problems) == 0 {
		out = append(out, annotation{level: "error", title: "portctl plan", text: withHintLine(doc.Failure.Message, doc.Failure.Hint)})
	}
	if doc.Failure != nil {
		for _, p := range doc.Failure.Problems {
			out = append(out, annotation{level: p.Severity, at: p.Source, title: p.Rule, text: withHintLine(p.Message, p.Hint)})
		}
	}
	for _, a := range doc.Actions {
		level := map[plan.Kind]string{plan.Blocked: "error", plan.Unknown: "warning"}[a.Kind]
		if level != "" {
			out = append(out, annotation{level: level, at: a.Reason.Source, title: a.Name, text: withHintLine(a.Reason.Text, a.Reason.Hint)})
		}
	}
	for _, w := range doc.Warnings {
		if w.Source.File != "" {
			out = append(out, annotation{level: "warning", at: w.Source, title: w.Name, text: w.Text})
		}
	}
	return out
}

func withHintLine(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + "\nhint: " + hint
}

// escapeData keeps a text from ending its command, or beginning another.
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty is escapeData for what stands before the text.
func escapeProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(text))
}

func fromWorkspace(file, workspace string) string {
	if workspace == "" {
		return filepath.ToSlash(file)
	}
	absolute := file
	if !filepath.IsAbs(file) {
		here, err := os.Getwd()
		if err != nil {
			return filepath.ToSlash(file)
		}
		absolute = filepath.Join(here, file)
	}
	if rel, err := filepath.Rel(workspace, absolute); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(file)
}
