package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// completions lets the shell offer the words that flags take and the names of
// the inventory's entries, for a command and those below it.
func (g *globals) completions(cmd *cobra.Command) {
	environments := []string{sandboxName}
	for _, e := range megaport.Environments() {
		environments = append(environments, e.Name)
	}
	offered := map[string]cobra.CompletionFunc{
		"only":   g.entryNames,
		"except": g.entryNames,
		"accept": g.entryNames,
	}
	for flag, words := range map[string][]string{
		"env":        environments,
		"log-level":  {"debug", "info", "warn", "error", "off"},
		"log-format": {"text", "json"},
		"zone":       {"red", "blue"},
		"zip-by":     {"site", "metro"},
	} {
		offered[flag] = cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	g.offer(cmd, offered)
}

func (g *globals) offer(cmd *cobra.Command, offered map[string]cobra.CompletionFunc) {
	for flag, words := range offered {
		if cmd.LocalFlags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, words) // fails only for a flag that is not there
		}
	}
	for _, sub := range cmd.Commands() {
		g.offer(sub, offered)
	}
}

// siteNames offers the locations of the embedded sandbox: a completion asks no API.
func siteNames(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	all, err := sandbox.Catalog()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, l := range all {
		if strings.HasPrefix(plan.FoldName(l.Name), plan.FoldName(begun)) {
			names = append(names, cobra.CompletionWithDesc(l.Name, fmt.Sprintf("id %d, %s; a location of the embedded sandbox", l.ID, l.Metro)))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// entryNames offers the entries of the inventory that -f names. What cannot be
// read offers nothing: a completion has nowhere to complain.
func (g *globals) entryNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	inv, err := inventory.Load(g.files)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range inv.Desired().Ports {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
