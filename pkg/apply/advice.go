package apply

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// Advice is a port that is bound to no term, or not for long, with what new ports like it
// cost today for longer ones.
type Advice struct {
	Name   string          `json:"name"`
	Member int             `json:"member,omitzero"`
	UID    plan.ServiceUID `json:"uid"`
	Status plan.Status     `json:"status"`
	Place  *plan.Place     `json:"location"`
	// Speed is in Mbps, Term in months.
	Speed plan.Speed `json:"speedMbps"`
	Zone  plan.Zone  `json:"diversityZone"`
	Term  int        `json:"termMonths"`
	// ContractEnd is the last day of the term as year-month-day, and Days how many days
	// away it is, negative when it is over; empty and 0 for a port that has none.
	ContractEnd string `json:"contractEnd,omitzero"`
	Days        int    `json:"days"`
	// Monthly is the list price of a new port with a term of 1 month, which the terms are
	// compared with; nil when it has none.
	Monthly *plan.Price `json:"monthToMonth"`
	// NoPrice is why nothing has a price; empty when something has.
	NoPrice string `json:"noPrice,omitzero"`
	// Terms are the longer terms that are sold, the shortest first.
	Terms []TermOffer `json:"terms"`
}

// TermOffer is what a longer term costs.
type TermOffer struct {
	Term     int         `json:"termMonths"`
	Currency string      `json:"currency"`
	Monthly  plan.Amount `json:"monthly"`
	// Saving is what that is less a month than with a term of 1 month; missing when that
	// has no price to compare with.
	Saving *plan.Amount `json:"saving,omitzero"`
	// Commitment is the monthly price times the term: the port is installed, so that
	// nothing is charged once.
	Commitment plan.Amount `json:"commitment"`
}

// monthToMonth is the term that binds to nothing.
const monthToMonth = 1

// NewAdvice takes out of a status what is month-to-month, or whose contract has ended or
// ends within some days of the day the status was taken (UTC). It has no prices yet.
func NewAdvice(s Status, within int) []Advice {
	advice := []Advice{}
	for _, p := range s.Ports {
		if p.UID == "" || p.Place == nil || p.State == PortLeaving || p.State == PortGone || p.Status.Terminated() {
			continue
		}
		a := Advice{
			Name: p.Name, Member: p.Member, UID: p.UID, Status: p.Status, Place: p.Place, Speed: p.Speed, Zone: p.Zone, Term: p.Term,
			Terms: []TermOffer{},
		}
		if at, err := time.Parse(time.DateOnly, p.ContractEnd); err == nil && p.Term > monthToMonth {
			a.ContractEnd, a.Days = p.ContractEnd, plan.Charges{From: at}.DaysLeft(s.TakenAt)
		}
		if p.Term == monthToMonth || a.ContractEnd != "" && a.Days <= within {
			advice = append(advice, a)
		}
	}
	return advice
}

// Offers are the prices that are needed, of which ports that are alike share one. A term
// is only made longer (API facts §5.1), and the policy may allow some terms only.
func Offers(advice []Advice, terms []int) []plan.Offer {
	seen := map[plan.Offer]bool{}
	var offers []plan.Offer
	for _, a := range advice {
		for _, o := range a.offers(terms) {
			if !seen[o] {
				seen[o] = true
				offers = append(offers, o)
			}
		}
	}
	return offers
}

func (a Advice) offers(terms []int) []plan.Offer {
	offer := plan.Offer{Location: a.Place.ID, Speed: a.Speed, Zone: a.Zone}
	offers := []plan.Offer{withTerm(offer, monthToMonth)}
	for _, months := range plan.Terms() {
		if months > a.Term && (len(terms) == 0 || slices.Contains(terms, months)) {
			offers = append(offers, withTerm(offer, months))
		}
	}
	return offers
}

func withTerm(o plan.Offer, months int) plan.Offer {
	o.Term = months
	return o
}

// WithPrices enters prices of new ports into advice: those of ports alone, without the
// cross connect that one may have.
func WithPrices(advice []Advice, terms []int, prices map[plan.Offer]plan.OfferPrice) []Advice {
	out := slices.Clone(advice)
	for i, a := range out {
		for _, o := range a.offers(terms) {
			switch p := prices[o]; {
			case p.Price == nil:
				out[i].NoPrice = cmp.Or(out[i].NoPrice, p.Reason)
			case o.Term == monthToMonth:
				out[i].Monthly = p.Price
			default:
				out[i].Terms = append(out[i].Terms, termOffer(o.Term, *p.Price, out[i].Monthly))
			}
		}
		if out[i].Monthly != nil || len(out[i].Terms) > 0 {
			out[i].NoPrice = ""
		}
	}
	return out
}

func termOffer(months int, price plan.Price, monthly *plan.Price) TermOffer {
	rate := price.Monthly
	t := TermOffer{Term: months, Currency: price.Currency, Monthly: rate, Commitment: rate.Times(months)}
	if monthly != nil && monthly.Currency == price.Currency {
		saving := monthly.Monthly.Minus(rate)
		t.Saving = &saving
	}
	return t
}

// Best is the term to propose: the one asked for, or the shortest that saves something.
func (a Advice) Best(months int) (TermOffer, bool) {
	i := slices.IndexFunc(a.Terms, func(t TermOffer) bool {
		if months > 0 {
			return t.Term == months
		}
		return t.Saving != nil && t.Saving.Cmp(plan.Amount{}) > 0
	})
	if i < 0 {
		return TermOffer{}, false
	}
	return a.Terms[i], true
}

// ReadAdvice asks for the prices of new ports like those of a status that are bound to no
// term, or whose contract ends within some days.
func ReadAdvice(ctx context.Context, r refresh.Reader, s Status, within int, terms []int) ([]Advice, error) {
	advice := NewAdvice(s, within)
	prices, err := refresh.OfferPrices(ctx, r, s.catalog, Offers(advice, terms), defaultParallelism)
	if err != nil {
		return nil, err
	}
	return WithPrices(advice, terms, prices), nil
}

// Reprice enters into a status what a new port like each one costs today.
func Reprice(ctx context.Context, r refresh.Reader, s *Status) error {
	offerOf := func(p PortStatus) plan.Offer {
		return plan.Offer{Location: p.Place.ID, Speed: p.Speed, Zone: p.Zone, Term: cmp.Or(p.Term, monthToMonth), CrossConnect: p.CrossConnect()}
	}
	var offers []plan.Offer
	for _, p := range s.Ports {
		if p.UID != "" && p.Place != nil {
			offers = append(offers, offerOf(p))
		}
	}
	prices, err := refresh.OfferPrices(ctx, r, s.catalog, offers, defaultParallelism)
	if err != nil {
		return err
	}
	for i, p := range s.Ports {
		if p.UID == "" || p.Place == nil {
			continue
		}
		s.Ports[i].NewPrice = prices[offerOf(p)].Price
	}
	return nil
}
