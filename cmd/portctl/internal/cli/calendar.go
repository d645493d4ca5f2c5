package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
)

type calendarOptions struct {
	*globals
	only   []string
	format string
}

func newCalendarCommand(s Env, g *globals) *cobra.Command {
	o := calendarOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "calendar [NAME...]",
		Short: "List the days on which ports begin to cost money and contracts end",
		Long: `List for every port of the inventory the first day that is billed and the last day
of its contract, as dates in UTC, the next one first. A port is billed from the day on
which it is LIVE, or 14 days after its order, whichever comes first: until it is LIVE the
day is the latest possible one. A contract renews or rolls over to month-to-month at its
end: the API does not tell which. A port that is month-to-month has no end here. Dates
that the API does not tell yet are named. Names and globs select entries.

--format ics writes a calendar that calendar programs subscribe to, with reminders 90 and
30 days before the end of a contract. The same account gives the same file.

Exit codes: 0 success, 1 any error, 3 the inventory is invalid.`,
		Example: `  portctl calendar
  portctl calendar --format ics > ports.ics`,
		ValidArgsFunction: g.entryNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runCalendar(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "table", "`format`: table, json or ics")
	return cmd
}

func runCalendar(ctx context.Context, s Env, o calendarOptions) error {
	if err := oneOf("format", o.format, "table", "json", "ics"); err != nil {
		return err
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		status, err := o.readStatus(ctx, inv, session, b, look{only: o.only, noLOA: true})
		if err != nil {
			return err
		}
		calendar := apply.NewCalendar(status)
		switch o.format {
		case "ics":
			return render.CalendarICS(s.content(), inv.Name, calendar)
		case "json":
			return writeJSON(s.Out, calendar)
		}
		return render.CalendarText(s.Out, calendar, render.Options{Width: s.Width, Color: o.color(s)})
	})
}
