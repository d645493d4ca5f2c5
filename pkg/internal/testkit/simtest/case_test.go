package simtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// trial is one case of the simulation, drawn at random and printed when it fails.
type trial struct {
	Entries     []entry
	World       sandbox.Knobs
	Lies        []lie
	Traits      traits
	Others      bool // the account has odd services of others
	Ledger      []ledgerFault
	Bucket      bool // locks outlive their process
	Horizon     time.Duration
	Wait        time.Duration
	Parallelism int
	Steps       []step
}

// GoString is the case as rapid prints it: only what is set.
func (c trial) GoString() string {
	durations := json.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error { return enc.WriteToken(jsontext.String(d.String())) })
	b, err := json.Marshal(c, json.Deterministic(true), json.OmitZeroStructFields(true), json.WithMarshalers(durations))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// entry is one port or LAG that somebody wants, whatever it is called today.
type entry struct {
	Site  int
	Speed plan.Speed
	LAG   int
}

// ledgerFault makes some operations of the ledger fail.
type ledgerFault struct {
	Op    string // create, read, list, or tear: half a record is written
	Nth   int    // the first that fails, from 1
	Times int
	Done  bool // it takes effect all the same
}

// step is one thing that people do.
type step struct {
	Pause   time.Duration
	Edits   []edit
	Decide  string // what becomes of pending approvals: "", approve or reject
	Resolve bool   // a person says of what is open what the product lets them say
	Locked  bool   // the runs take the lock
	Runs    []run
}

// edit changes an entry.
type edit struct {
	Entry int
	// What happens in the file (rename, rename-formerly, remove, restore, speed,
	// centre, grow, absent), in the portal (portal-rename, portal-cancel, vxc), or in
	// both (vxc-absent).
	What string
}

// run is one process.
type run struct {
	After time.Duration // from the step's begin
	// Die is the call boundary at which the process dies; 0 for none. Interrupt
	// is the one at which it is asked to stop.
	Die, Interrupt int
	// DieRecord is the boundary of a record, before or after it is written.
	DieRecord int
	// Fast is how far the machine's clock is ahead.
	Fast time.Duration
}

// Kinds of faults that mean something on each route. The kinds of a purchase are
// all there are.
func faultKinds(route string) []string {
	var kinds []string
	for _, k := range sandbox.FaultKinds() {
		if !k.Lies && (len(k.Routes) == 0 || slices.Contains(k.Routes, route)) {
			kinds = append(kinds, k.Name)
		}
	}
	return kinds
}

func drawFault(t *rapid.T) sandbox.Fault {
	routes := []string{"buy", "buy", "buy", "buy", "products", "products", "product", "tags", "approvals", "validate", "token"}
	route := rapid.SampledFrom(routes).Draw(t, "route")
	f := sandbox.Fault{Route: route, Kind: rapid.SampledFrom(faultKinds(route)).Draw(t, "kind")}
	f.Times = rapid.IntRange(1, 4).Draw(t, "times")
	if rapid.Bool().Draw(t, "by chance") {
		f.Probability = rapid.SampledFrom([]float64{0.2, 0.5, 0.8}).Draw(t, "probability")
	} else {
		f.Nth = rapid.IntRange(1, 6).Draw(t, "nth")
	}
	f.Wait = rapid.SampledFrom([]time.Duration{0, 3 * time.Second, 90 * time.Second}).Draw(t, "wait")
	return f
}

func drawTrial(t *rapid.T) trial {
	c := trial{
		Entries:     rapid.SliceOfN(rapid.Custom(drawEntry), 1, 8).Draw(t, "entries"),
		Horizon:     rapid.SampledFrom([]time.Duration{time.Minute, 10 * time.Minute}).Draw(t, "horizon"),
		Wait:        rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "wait"),
		Parallelism: rapid.IntRange(1, 6).Draw(t, "parallelism"),
		Bucket:      rapid.Bool().Draw(t, "bucket"),
	}
	if rapid.IntRange(0, 9).Draw(t, "quiet") > 0 {
		c.World.Faults = rapid.SliceOfN(rapid.Custom(drawFault), 0, 4).Draw(t, "faults")
		c.World.FaultSeed = rapid.Uint64Range(0, 9).Draw(t, "fault seed")
		c.Ledger = rapid.SliceOfN(rapid.Custom(drawLedgerFault), 0, 2).Draw(t, "ledger")
	}
	c.drawWorld(t)
	if rapid.Bool().Draw(t, "lying") {
		c.drawLies(t)
	}
	c.Steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step { return drawStep(t, len(c.Entries)) }), 1, 4).Draw(t, "steps")
	c.keep(*only)
	c.assume()
	return c
}

// drawWorld draws what is no fault: how slow, late and strict the API is.
func (c *trial) drawWorld(t *rapid.T) {
	c.World.Latency = rapid.SampledFrom([]time.Duration{0, 10 * time.Millisecond, 700 * time.Millisecond}).Draw(t, "latency")
	c.World.ListingLag = rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second, c.Horizon - 15*time.Second, c.Horizon + time.Minute, time.Hour}).Draw(t, "lag")
	c.World.NotFoundAfterBuy = rapid.SampledFrom([]time.Duration{0, 0, 2 * time.Second, 2 * time.Minute}).Draw(t, "not found after buy")
	c.World.TokenLifetime = rapid.SampledFrom([]time.Duration{0, 0, 30 * time.Second, time.Minute}).Draw(t, "token lifetime")
	c.World.RateLimit = rapid.SampledFrom([]float64{0, 0, 2, 20}).Draw(t, "rate limit")
	c.World.Approvals = rapid.IntRange(0, 7).Draw(t, "approvals") == 7
	c.World.RetryAfter = rapid.SampledFrom([]string{"", "date", "none"}).Draw(t, "retry after")
	c.World.HistoricNotFound = rapid.Bool().Draw(t, "historic not found")
}

// drawLies draws what the API tells that is not so. Where it says with its own
// envelope that it did not process an order that it did carry out, the account
// shows the order within the 60 s that portctl gives it: later than that nothing
// can tell the two apart (docs/reliability.md, what it assumes).
func (c *trial) drawLies(t *rapid.T) {
	c.Lies = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) lie {
		return lie{
			What: rapid.SampledFrom(lieKinds()).Draw(t, "what"), Nth: rapid.IntRange(1, 6).Draw(t, "nth"), Times: rapid.IntRange(1, 3).Draw(t, "times"),
		}
	}), 0, 3).Draw(t, "lies")
	if slices.ContainsFunc(c.Lies, func(l lie) bool { return l.What == "429-after" || l.What == "401-after" }) {
		c.World.ListingLag, c.World.NotFoundAfterBuy = min(c.World.ListingLag, promptly), min(c.World.NotFoundAfterBuy, promptly)
	}
	c.Traits = traits{
		Names:       rapid.SampledFrom([]string{"", "", "", "amp", "upper", "cut", "squeeze"}).Draw(t, "names"),
		NoTags:      rapid.IntRange(0, 3).Draw(t, "no tags") == 3,
		UpperUIDs:   rapid.IntRange(0, 3).Draw(t, "upper uids") == 3,
		Clock:       rapid.SampledFrom([]time.Duration{0, 0, 0, 48 * time.Hour, -48 * time.Hour}).Draw(t, "clock"),
		Aggregation: rapid.SampledFrom([]string{"", "", "null", "zero", "other"}).Draw(t, "aggregation"),
		SiteLate:    rapid.IntRange(0, 5).Draw(t, "site late") == 5,
		Unsettled:   rapid.SampledFrom([]time.Duration{0, 30 * time.Second, 4 * time.Minute}).Draw(t, "unsettled"),
		Approvals:   rapid.SampledFrom([]string{"", "", "flapping"}).Draw(t, "approvals"),
		Forgets:     rapid.Bool().Draw(t, "forgets"),
	}
	if c.Traits.Approvals != "" {
		c.World.Approvals = rapid.Bool().Draw(t, "approvals on")
	}
	c.Others = rapid.IntRange(0, 3).Draw(t, "others") == 3
}

// assume keeps a case within what docs/reliability.md assumes. A machine whose clock
// is two days behind makes claims that look two days old to a person who settles
// them at once, and to one whose clock is ahead everybody's do, so that it would not
// wait before it sends again what was turned away; at the end of a case everybody
// waits as long as the guard wants. An
// entry that is renamed without saying so is known by its tags, so that where the
// API drops them people say what it was. And where it shows neither names nor tags
// as they were ordered, an answer that names a new port of another order for the
// same place and speed cannot be told from a right one.
func (c *trial) assume() {
	if c.Traits.NoTags && !slices.Contains([]string{"", "upper"}, c.Traits.Names) {
		c.Lies = slices.DeleteFunc(c.Lies, func(l lie) bool { return slices.Contains([]string{"other-uid", "old-uid", "more-uids"}, l.What) })
	}
	turned := slices.ContainsFunc(c.Lies, func(l lie) bool { return l.What == "429-after" || l.What == "401-after" })
	resolves := slices.ContainsFunc(c.Steps, func(s step) bool { return s.Resolve })
	for _, s := range c.Steps {
		for i := range s.Runs {
			if resolves {
				s.Runs[i].Fast = max(0, s.Runs[i].Fast)
			}
			if turned {
				s.Runs[i].Fast = 0
			}
		}
		for i := range s.Edits {
			if c.Traits.NoTags && s.Edits[i].What == "rename" {
				s.Edits[i].What = "rename-formerly"
			}
		}
	}
}

// promptly is within the time after which an order that was turned away is looked
// for before it is sent again.
const promptly = 50 * time.Second

func drawEntry(t *rapid.T) entry {
	e := entry{Site: rapid.SampledFrom([]int{89, 2}).Draw(t, "site"), Speed: plan.Speed10G}
	e.LAG = rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3}).Draw(t, "lag")
	return e
}

func drawLedgerFault(t *rapid.T) ledgerFault {
	return ledgerFault{
		Op:    rapid.SampledFrom([]string{"create", "create", "read", "list", "tear"}).Draw(t, "op"),
		Nth:   rapid.IntRange(1, 12).Draw(t, "nth"),
		Times: rapid.IntRange(1, 3).Draw(t, "times"),
		Done:  rapid.Bool().Draw(t, "done"),
	}
}

func drawStep(t *rapid.T, entries int) step {
	s := step{
		Pause:   rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Second, 5 * time.Minute, 11 * time.Minute, 3 * time.Hour, 31 * 24 * time.Hour}).Draw(t, "pause"),
		Decide:  rapid.SampledFrom([]string{"", "approve", "reject"}).Draw(t, "decide"),
		Resolve: rapid.IntRange(0, 5).Draw(t, "resolve") == 5,
		Locked:  rapid.Bool().Draw(t, "locked"),
	}
	s.Edits = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) edit {
		return edit{
			Entry: rapid.IntRange(0, entries-1).Draw(t, "entry"),
			What:  rapid.SampledFrom([]string{"rename", "rename-formerly", "remove", "restore", "speed", "centre", "grow", "absent", "portal-rename", "portal-cancel", "vxc", "vxc-absent"}).Draw(t, "what"),
		}
	}), 0, 2).Draw(t, "edits")
	s.Runs = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run { return drawRun(t, entries) }), 1, 2).Draw(t, "runs")
	return s
}

func drawRun(t *rapid.T, entries int) run {
	r := run{After: rapid.SampledFrom([]time.Duration{0, 50 * time.Millisecond, time.Second, 20 * time.Second}).Draw(t, "after")}
	last := 20 + 12*entries // about the boundaries of a run that buys everything
	r.Fast = rapid.SampledFrom([]time.Duration{0, 0, 0, 0, 0, 48 * time.Hour, -48 * time.Hour}).Draw(t, "fast")
	switch rapid.IntRange(0, 5).Draw(t, "end") {
	case 2, 3:
		r.Die = rapid.IntRange(1, last).Draw(t, "die")
	case 4:
		r.Interrupt = rapid.IntRange(1, last).Draw(t, "interrupt")
	case 5:
		r.DieRecord = rapid.IntRange(1, 4+6*entries).Draw(t, "die record")
	}
	return r
}

// calm says that nothing in the case can leave a doubt: no fault, no death, no
// interruption, no approval, and never two runs at once without the lock.
func (c trial) calm() bool {
	if len(c.World.Faults)+len(c.Ledger) > 0 || c.World.Approvals || !c.plain() {
		return false
	}
	return !slices.ContainsFunc(c.Steps, func(s step) bool {
		return len(s.Runs) > 1 && !s.Locked || slices.ContainsFunc(s.Runs, func(r run) bool { return r.Die+r.Interrupt+r.DieRecord > 0 })
	})
}

// plain says that the API tells the truth, all clocks are right, and nobody else
// touches the account.
func (c trial) plain() bool {
	if len(c.Lies) > 0 || c.Traits != (traits{}) || c.Others || slices.ContainsFunc(c.Ledger, func(f ledgerFault) bool { return f.Op == "tear" }) {
		return false
	}
	return !slices.ContainsFunc(c.Steps, func(s step) bool {
		return slices.ContainsFunc(s.Edits, func(e edit) bool { return slices.Contains(handEdits(), e.What) }) ||
			slices.ContainsFunc(s.Runs, func(r run) bool { return r.Fast != 0 })
	})
}

// named is what an entry is called in the beginning. Where the API rewrites names
// there is something in them to rewrite.
func (c trial) named(i int) string {
	if c.Traits.Names != "" {
		return fmt.Sprintf("port-%d  & spare", i)
	}
	return fmt.Sprintf("port-%d", i)
}

// settles is how long after an order its services can be read and listed.
func (c trial) settles() time.Duration { return max(c.World.ListingLag, c.World.NotFoundAfterBuy) }

// file is the inventory as it is written today.
type file struct{ lines []line }

// line is one entry of the file.
type line struct {
	name, formerly string
	uid, replaces  plan.ServiceUID
	removed        bool
	absent         bool
	speed          plan.Speed
	lag            int
	centre         string
	site           int
	renamed, sped  bool
}

func newFile(c trial) *file {
	f := &file{}
	for i, e := range c.Entries {
		f.lines = append(f.lines, line{name: c.named(i), speed: e.Speed, lag: e.LAG, site: e.Site})
	}
	return f
}

// entryOf is the entry that a product name belongs to: names say it, so that the
// sandbox's record can be read without the program's help.
func entryOf(name string) int {
	var i int
	for _, form := range []string{"port-%d", "legacy-%d"} {
		if _, err := fmt.Sscanf(strings.ToLower(name), form, &i); err == nil {
			return i
		}
	}
	return -1
}

func (f *file) edit(e edit) {
	l := &f.lines[e.Entry]
	switch e.What {
	case "rename", "rename-formerly":
		if l.renamed || l.sped {
			return // a chain of renames, or another name and speed, is another port for all that anybody can tell
		}
		old := l.name
		l.name, l.renamed = l.name+"-new", true
		if e.What == "rename-formerly" {
			l.formerly = old
		}
	case "remove":
		l.removed = true
	case "restore":
		l.removed, l.absent = false, false
	case "absent", "vxc-absent":
		l.absent = true
	case "speed":
		if !l.renamed {
			l.speed, l.sped = plan.Speed100G, true
		}
	case "centre":
		l.centre += "x"
	case "grow":
		if l.lag > 0 && l.lag < plan.MaxLagMembers {
			l.lag++
		}
	}
}

// mended is the file as a person writes it in the end: everything is wanted,
// what was renamed says so, and the speed is the one that was bought.
func (f *file) mended(first func(int) string, bought map[int]plan.Speed) {
	for i := range f.lines {
		l := &f.lines[i]
		l.removed, l.absent = false, false
		if l.renamed {
			l.formerly = first(i)
		}
		if s, ok := bought[i]; ok {
			l.speed = s
		}
	}
}

func (f *file) desired() plan.Desired {
	d := plan.Desired{Inventory: "trial"}
	for _, l := range f.lines {
		if l.removed {
			continue
		}
		p := plan.Port{Name: l.name, Formerly: l.formerly, UID: l.uid, Replaces: l.replaces, Absent: l.absent, Site: plan.Site{ID: plan.LocationID(l.site)}, Speed: l.speed, Term: 12, LAG: l.lag, CrossConnect: l.site == 2}
		if l.centre != "" {
			p.CostCentre = &l.centre
		}
		d.Ports = append(d.Ports, p)
	}
	return d
}

// members is how many services an entry stands for now.
func (l line) members() int { return max(1, l.lag) }
