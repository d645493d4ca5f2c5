package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// SitesText draws locations as a table, in the order given.
func SitesText(w io.Writer, locations []plan.Location, o Options) error {
	var b strings.Builder
	columns := []column{
		{title: "ID", right: true},
		{title: "NAME", shrink: true},
		{title: "METRO"},
		{title: "MARKET"},
		{title: "RED"},
		{title: "BLUE"},
		{title: "STATUS"},
	}
	crossed := slices.ContainsFunc(locations, func(l plan.Location) bool { return l.CrossConnect })
	if crossed {
		columns = append(columns, column{title: "CROSS CONNECT"})
	}
	var rows [][]string
	for _, l := range locations {
		row := []string{
			fmt.Sprint(int(l.ID)), l.Name, l.Metro, l.Market, speeds(l.Zones[plan.Red]), speeds(l.Zones[plan.Blue]), l.Status,
		}
		if crossed {
			row = append(row, map[bool]string{true: "yes", false: "-"}[l.CrossConnect])
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		_ = o.grid(&b, columns, rows)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func speeds(all []plan.Speed) string {
	var words []string
	for _, s := range all {
		words = append(words, s.String())
	}
	return dash(strings.Join(words, " "))
}
