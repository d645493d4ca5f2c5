package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template, style, script and land
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// Input is everything that a page can tell of. Of what is missing it tells nothing.
type Input struct {
	// Inventory is the inventory's name.
	Inventory string
	// Environment and BaseURL name the API that was read.
	Environment, BaseURL string
	// Document is the plan, nil for a page about what there is.
	Document *plan.Document
	// Status is how far the ports are.
	Status apply.Status
	// Runs are the results of runs, Events what happened in them.
	Runs   []apply.Result
	Events []Event
}

// page is what the template shows. Texts are as they are in the account and the
// inventory: the template makes them visible and escapes them.
type page struct {
	Title, Inventory, Where string
	Made                    string
	Verdict                 string
	Bad                     bool
	Decisions               []string
	Facts                   []fact
	Money                   money
	Checks                  []check
	Bars                    []bars
	Map                     *worldMap
	Timeline                *timeline
	Runs                    []run
	Months                  []month
	Undated                 []string
	Columns                 []column
	Rows                    []row
	Filters                 []filter
	Planned                 bool

	Style        template.CSS
	Script       template.JS
	ContentRules string
}

// fact is a line of the head of the page.
type fact struct{ Name, Value string }

// filter is a choice of the table of ports.
type filter struct {
	Key, Label string
	Values     []string
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

//go:embed land.path
var land string

// Write writes the page.
func Write(w io.Writer, in Input) error {
	t, err := template.New("page").Funcs(template.FuncMap{"clean": render.Clean}).Parse(pageHTML)
	if err != nil {
		return err
	}
	p := newPage(in)
	p.Style, p.Script = template.CSS(pageCSS), template.JS(pageJS)
	p.ContentRules = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hashed(pageCSS), hashed(pageJS))
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// hashed names a text of the page as its policy does.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func newPage(in Input) page {
	p := page{
		Inventory: in.Inventory, Where: in.Environment, Title: "Rollout of " + in.Inventory, Made: clock(in.Status.TakenAt),
		Verdict: render.StatusLine(in.Status), Money: moneyOf(in), Checks: checksOf(in), Bars: barsOf(in), Map: mapOf(in.Status),
		Timeline: timelineOf(in), Runs: runsOf(in.Runs), Planned: in.Document != nil,
		Bad: in.Status.ExitCode != apply.ExitDone,
	}
	if in.BaseURL != "" && in.BaseURL != "embedded" {
		p.Where += " (" + in.BaseURL + ")"
	}
	p.Months, p.Undated = monthsOf(apply.NewCalendar(in.Status))
	ports := portsOf(in)
	p.Filters = filtersOf(ports)
	p.Columns, p.Rows = tableOf(ports)
	if d := in.Document; d != nil {
		p.Title, p.Verdict = "Plan for "+in.Inventory, render.DocumentVerdict(*d)
		p.Bad, p.Decisions, p.Facts = !d.CanApply() || d.Summary.Unknown > 0, render.Review(d.Plan).Decisions, factsOf(*d)
	}
	return p
}

// factsOf says which plan it is.
func factsOf(d plan.Document) []fact {
	facts := []fact{{"Checksum", d.Checksum}, {"Valid until", clock(d.ExpiresAt)}}
	if d.CompanyName != "" {
		facts = append(facts, fact{"Company", d.CompanyName})
	}
	if o := d.Origin; o != nil {
		for _, f := range []fact{{"Commit", o.Commit}, {"Job", o.URL}} {
			if f.Value != "" {
				facts = append(facts, f)
			}
		}
	}
	return append(facts, fact{"Made with", d.Tool})
}

// clock writes a time in UTC; empty for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
