package plan

// WayOut is a command that leads out of a reason, as a value. Its name and its flags
// belong to whoever shows the reason: only there is it known what must be repeated for
// the command to meet the same inventory, ledger and account.
type WayOut struct {
	Kind WayKind
	// Claim is the name of the order, or Key its key when the name cannot be read.
	Claim, Key string
	// UIDs are the services to be accepted.
	UIDs []ServiceUID
	// More is how many locations are not shown.
	More int
}

// WayKind is what the command does.
type WayKind string

// The ways out.
const (
	// WayListSites: the locations can be listed.
	WayListSites WayKind = "list-sites"
	// WayResolve: a person looks, and says which service the order became or that
	// there is none.
	WayResolve WayKind = "resolve"
	// WayPartial: what was found of a LAG can be accepted.
	WayPartial WayKind = "partial"
	// WayAsIs: the services can be accepted although they are not as ordered.
	WayAsIs WayKind = "as-is"
	// WayName: a service that may be the order's can be named.
	WayName WayKind = "name"
	// WayPin: the ids of locations can be written into the inventory.
	WayPin WayKind = "pin"
	// WayAgain: an order whose approval was refused can be ordered again.
	WayAgain WayKind = "again"
)

// WayKinds lists all ways out.
func WayKinds() []WayKind {
	return []WayKind{WayListSites, WayResolve, WayPartial, WayAsIs, WayName, WayPin, WayAgain}
}

// WithHints is the plan with a hint for every way out, as hint words it: it is given
// the way and what the plan itself says to do. No decision changes by it.
func (p Plan) WithHints(hint func(way WayOut, said string) string) Plan {
	actions := make([]Action, len(p.Actions))
	for i, a := range p.Actions {
		if way := a.Reason.Way; way != nil {
			a.Reason.Hint, a.Reason.Way = hint(*way, a.Reason.Hint), nil
		}
		actions[i] = a
	}
	warnings := make([]Warning, len(p.Warnings))
	for i, w := range p.Warnings {
		if w.Way != nil {
			w.Text, w.Way = w.Text+"; "+hint(*w.Way, ""), nil
		}
		warnings[i] = w
	}
	if p.Actions != nil {
		p.Actions = actions
	}
	if p.Warnings != nil {
		p.Warnings = warnings
	}
	return p
}
