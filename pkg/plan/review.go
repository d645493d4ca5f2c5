package plan

// Review is a plan as people read it, for programs that show it to people: what is alike
// is folded, and nothing is decided by it. The actions are the plan.
type Review struct {
	// Verdict says in a sentence what the plan does, what it costs and whether it can be
	// applied.
	Verdict string `json:"verdict"`
	// Decisions are the points that somebody must decide.
	Decisions []string `json:"decisions"`
	// Lines are what costs money, one for what differs in its name alone.
	Lines []ReviewLine `json:"lines"`
	// Causes are what keeps entries from being carried out, each once.
	Causes []ReviewCause `json:"causes"`
	// BySite, ByMarket and ByCostCentre add up what the plan adds.
	BySite       []Subtotal `json:"bySite"`
	ByMarket     []Subtotal `json:"byMarket"`
	ByCostCentre []Subtotal `json:"byCostCentre"`
}

// ReviewLine is a Line of a Review.
type ReviewLine struct {
	Kind Kind `json:"kind"`
	// Count is how many entries the line is of, and Names are theirs, folded: edge-{1..24}.
	Count    int    `json:"count"`
	Names    string `json:"names"`
	Location *Place `json:"location" jsonschema:"nullable"`
	Wanted   Wanted `json:"wanted"`
	// Each is the price of one entry, Price that of the line.
	Each  *Price `json:"each" jsonschema:"nullable"`
	Price *Price `json:"price" jsonschema:"nullable"`
}

// ReviewCause is a Cause of a Review.
type ReviewCause struct {
	Reason Reason `json:"reason"`
	Count  int    `json:"count"`
	Names  string `json:"names"`
}

// NewReview folds a plan. Verdict and decisions are words, which are given.
func NewReview(p Plan, verdict string, decisions []string) *Review {
	r := &Review{
		Verdict: verdict, Decisions: append([]string{}, decisions...), Lines: []ReviewLine{}, Causes: []ReviewCause{},
		BySite: p.Subtotals(BySite), ByMarket: p.Subtotals(ByMarket), ByCostCentre: p.Subtotals(ByCostCentre),
	}
	for _, l := range p.Lines() {
		a := l.First()
		r.Lines = append(r.Lines, ReviewLine{a.Kind, len(l.Actions), l.Names(), a.Location, a.Wanted, a.Price, l.Price})
	}
	for _, c := range Causes(p.Of(Blocked)) {
		names := []string{c.Name}
		for _, o := range c.Others {
			names = append(names, o.Name)
		}
		r.Causes = append(r.Causes, ReviewCause{c.Reason, len(names), FoldNames(names)})
	}
	return r
}
