package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

func tree() *cobra.Command { return New(Env{Getenv: func(string) string { return "" }}) }

// ours lists all commands but those that cobra brings along.
func ours(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.Name() != "completion" && sub.Name() != "help" {
			all = append(all, ours(sub)...)
		}
	}
	return all
}

func TestEveryCommandAndFlagIsDocumented(t *testing.T) {
	for _, c := range ours(tree()) {
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s lacks a short text, a long text or an example", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s is not documented", c.CommandPath(), f.Name)
			}
		})
	}
}

// docs/cli.md is the help of all commands on one page.
func TestCommandPageIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is the help of every command. A test keeps it so; `make golden` rewrites it.\n")
	for _, c := range ours(tree()) {
		fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n\n```sh\n%s\n```\n", c.CommandPath(), c.Long, unindent(c.Example))
		if c.HasAvailableLocalFlags() {
			fmt.Fprintf(&b, "\n```text\n%s```\n", c.LocalFlags().FlagUsagesWrapped(100))
		}
	}
	page := filepath.Join("..", "..", "..", "..", "docs", "cli.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(have)); diff != "" {
		t.Errorf("docs/cli.md is not current; run make golden (-want +have):\n%s", diff)
	}
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}
