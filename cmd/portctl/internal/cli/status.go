package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/xuri/excelize/v2"

	"github.com/portctl/portctl/cmd/portctl/internal/progress"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
)

type statusOptions struct {
	*globals
	only     []string
	format   string
	watch    bool
	interval time.Duration
	loaDir   string
	noLOA    bool
	reprice  bool
}

func newStatusCommand(s Env, g *globals) *cobra.Command {
	o := statusOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "status [NAME...]",
		Short: "Show the provisioning status of every port",
		Long: `Show for every port of the inventory its provisioning status, its age, its
Letter of Authorization (LOA), the first day that is billed, the end of its
contract, and the claim of its order if that is still open. A port is billed from
the day on which it is LIVE, or 14 days after its order: "2026-12-09, 6 days left"
is the latest first day of one that is not LIVE, and "not LIVE" marks one that costs
money already. HANDED OVER shows what "portctl handover" noted: when the LOA
was sent, "send again" when it is another one now, or the data centre's number of the
cross connect, and "by Megaport" where Megaport orders it. ORDERED
AT is the monthly price of its order, as the ledger has it; --reprice has orders validated
to show beside it the list price of one new port like it today. A LAG has a line for each member. Names and globs select
entries. Nothing is ordered or changed.

A state is ready, waiting (ordered, not ready yet), failed (it needs attention),
missing (not ordered), doubtful (an unconfirmed order), approval, blocked, leaving
(to be cancelled) or gone.

With --watch the account is read again and again until everything is ready.

Exit codes: 0 every port is ready and has its LOA, 7 a port is not ready, not
ordered or without its LOA, 5 an order is unconfirmed, 1 any other error.`,
		Example: `  portctl status -f examples/emea-rollout.yaml
  portctl status --watch 'lon-*'
  portctl status --format csv > status.csv
  portctl status --format xlsx > status.xlsx`,
		ValidArgsFunction: g.entryNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runStatus(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "table", "`format`: table, json, csv or xlsx")
	f.BoolVar(&o.watch, "watch", false, "read the account again until everything is ready")
	f.DurationVar(&o.interval, "interval", 10*time.Second, "`duration` between two readings")
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` of the LOAs")
	f.BoolVar(&o.reprice, "reprice", false, "ask for the list price of a new port like each one")
	f.BoolVar(&o.noLOA, "no-loa", false, "do not check LOAs")
	cmd.MarkFlagsMutuallyExclusive("watch", "reprice") // each look would have every order validated
	return cmd
}

func runStatus(ctx context.Context, s Env, o statusOptions) error {
	if err := oneOf("format", o.format, "table", "json", "csv", "xlsx"); err != nil {
		return err
	}
	if o.interval <= 0 {
		return fmt.Errorf("--interval must be positive, not %s", o.interval)
	}
	if o.watch && o.format != "table" {
		return withHint(fmt.Errorf("--watch shows a table, not %s", o.format), "leave out --format, or --watch")
	}
	if o.format == "xlsx" && s.OutTerminal {
		return withHint(errors.New("a workbook is not for a terminal"), "write it to a file: portctl status --format xlsx > status.xlsx")
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		if err := b.checkLeaving(ctx); err != nil {
			return err
		}
		at := look{only: o.only, loaDir: o.loaDir, noLOA: o.noLOA, handovers: true, reprice: o.reprice}
		look := func() (apply.Status, error) { return o.readStatus(ctx, inv, session, b, at) }
		if o.watch {
			return o.keepWatching(ctx, s, look)
		}
		status, err := look()
		if err != nil {
			return err
		}
		out := s.Out
		if o.format == "xlsx" {
			out = s.content()
		}
		if err := writeStatus(out, status, o.format, s.Width); err != nil {
			return err
		}
		return verdictOf(status)
	})
}

// look is what a status looks at besides the account.
type look struct {
	// only keeps to entries of these names or globs.
	only []string
	// loaDir is the folder of the LOAs; noLOA looks at none.
	loaDir string
	noLOA  bool
	// handovers reads what was noted of hand-overs.
	handovers bool
	// reprice asks for the prices of new ports.
	reprice bool
}

// readStatus looks once at everything.
func (g *globals) readStatus(ctx context.Context, inv *inventory.Inventory, session *session, b *openLedger, at look) (apply.Status, error) {
	options := apply.StatusOptions{Ledger: b.Ledger, Handovers: at.handovers, Only: at.only, SameAccount: g.sameAccount}
	if !at.noLOA {
		folder, err := loa.Open(at.loaDir, session.Environment)
		if err != nil {
			return apply.Status{}, err
		}
		options.LOAs = folder
	}
	reader := provider.NewReader(session.client)
	status, err := apply.ReadStatus(ctx, reader, inv.Desired(), options)
	if err == nil && at.reprice {
		err = apply.Reprice(ctx, reader, &status)
	}
	for _, p := range status.Ports {
		if p.LOA != nil && p.LOA.Refused != "" {
			p.LOA.Refused += "; " + g.refreshLOA(p.Name, at.loaDir)
		}
	}
	status.Tool, status.Environment = "portctl "+Version(), session.Environment
	return status, err
}

func verdictOf(s apply.Status) error {
	if s.ExitCode != exitDone {
		return exitWith(s.ExitCode, nil)
	}
	return nil
}

// keepWatching looks again until nothing is left to wait for. On a terminal the
// table stays in place; elsewhere it is written again when it has changed.
func (o statusOptions) keepWatching(ctx context.Context, s Env, look func() (apply.Status, error)) error {
	screen := progress.NewScreen(inner(s.Out))
	before := ""
	for {
		status, err := look()
		if err != nil {
			return err
		}
		over := status.ExitCode == exitDone
		var table bytes.Buffer
		cols, rows := s.Width, 0
		if s.OutTerminal {
			cols, rows = size(inner(s.Out))()
		}
		if err := writeStatus(&table, status, o.format, cols); err != nil {
			return err
		}
		switch {
		case s.OutTerminal && !over:
			err = screen.Draw(lastLines(table.String(), rows-1), cols)
		case s.OutTerminal:
			_ = screen.Draw(nil, cols)
			_, err = s.Out.Write(table.Bytes())
		case render.StatusLine(status) != before:
			_, err = fmt.Fprintf(s.Out, "%s\n%s\n", status.TakenAt.Local().Format(time.DateTime), table.String())
			before = render.StatusLine(status)
		}
		if err != nil || over {
			return err
		}
		select {
		case <-ctx.Done():
			return verdictOf(status)
		case <-time.After(o.interval):
		}
	}
}

// lastLines are the lines of a text that fit a terminal: its sum is at the end.
func lastLines(s string, rows int) []string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return lines[max(0, len(lines)-max(1, rows)):]
}

func writeStatus(w io.Writer, status apply.Status, format string, width int) error {
	switch format {
	case "json":
		return writeJSON(w, status)
	case "csv":
		return writeStatusCSV(w, status)
	case "xlsx":
		return writeStatusXLSX(w, status)
	}
	return render.StatusText(w, status, render.Options{Width: width})
}

// writeStatusCSV writes one row per port, safe to open in a spreadsheet.
func writeStatusCSV(w io.Writer, status apply.Status) error {
	out := csv.NewWriter(w)
	for _, row := range statusTable(status) {
		for n := range row {
			row[n] = loa.Cell(row[n])
		}
		_ = out.Write(row) // Error tells of all failures
	}
	out.Flush()
	return out.Error()
}

// writeStatusXLSX writes the same table as a workbook of one sheet, numbers as numbers.
func writeStatusXLSX(w io.Writer, status apply.Status) error {
	f := excelize.NewFile()
	defer f.Close()
	const sheet = "Ports"
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	table := statusTable(status)
	for i, row := range table {
		cells := make([]any, len(row))
		for n, text := range row {
			cells[n] = text
			if number, err := strconv.Atoi(text); err == nil && i > 0 && slices.Contains(statusNumbers, table[0][n]) {
				cells[n] = number
			}
		}
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &cells); err != nil {
			return err
		}
	}
	if err := f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return f.Write(w)
}

// statusNumbers are the columns that hold numbers.
var statusNumbers = []string{"member", "locationId", "speedMbps", "termMonths", "ageSeconds", "orderPorts"}

// statusTable is a status as a table of texts, with its titles.
func statusTable(status apply.Status) [][]string {
	table := [][]string{{
		"name", "member", "state", "uid", "status", "locationId", "site", "metro", "speedMbps", "diversityZone", "termMonths",
		"createdAt", "ageSeconds", "contractEnd", "loaFile", "loaFetchedAt", "claim", "note", "market", "costCentre", "liveAt", "billedFrom", "billedLatest", "stage", "handedOverAt", "crossConnect",
		"byMegaport", "boughtAt", "currency", "orderMonthly", "orderOneTime", "orderPorts", "newCurrency", "newMonthly", "newOneTime",
	}}
	for _, p := range status.Ports {
		row := []string{
			p.Name, strconv.Itoa(p.Member), string(p.State), string(p.UID), string(p.Status), "", "", "",
			strconv.Itoa(int(p.Speed)), string(p.Zone), strconv.Itoa(p.Term), "", "", p.ContractEnd, "", "", string(p.Claim), p.Note,
			"", p.CostCentre, "", p.BilledFrom, strconv.FormatBool(p.BilledLatest), string(p.Stage), "", "",
			strconv.FormatBool(p.CrossConnect()), "", "", "", "", "", "", "", "",
		}
		if n := p.NewPrice; n != nil {
			row[32], row[33], row[34] = n.Currency, n.Monthly.String(), n.OneTime.String()
		}
		if b := p.Purchase; b != nil {
			row[27], row[28], row[29] = b.At.UTC().Format(time.RFC3339), b.Price.Currency, b.Price.Monthly.String()
			row[30], row[31] = b.Price.OneTime.String(), strconv.Itoa(b.Ports)
		}
		if h := p.Handover; h != nil {
			row[25] = h.Order
			if !h.SentAt.IsZero() {
				row[24] = h.SentAt.UTC().Format(time.RFC3339)
			}
		}
		if p.Place != nil {
			row[5], row[6], row[7], row[18] = strconv.Itoa(int(p.Place.ID)), p.Place.Name, p.Place.Metro, p.Place.Market
		}
		if !p.LiveAt.IsZero() {
			row[20] = p.LiveAt.UTC().Format(time.RFC3339)
		}
		if !p.CreatedAt.IsZero() {
			row[11] = p.CreatedAt.UTC().Format(time.RFC3339)
			row[12] = strconv.Itoa(int(status.TakenAt.Sub(p.CreatedAt).Seconds()))
		}
		if p.LOA != nil && p.LOA.File != "" {
			row[14], row[15] = p.LOA.File, p.LOA.FetchedAt.UTC().Format(time.RFC3339)
		}
		for n := range row {
			row[n] = render.Clean(row[n])
		}
		table = append(table, row)
	}
	return table
}
