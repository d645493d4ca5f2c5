package plan

import (
	"cmp"
	"slices"
	"time"
)

// Drift is how far the account has moved away from an inventory that was applied: what
// a nightly look finds.
type Drift struct {
	// Found says that something counts as drift.
	Found bool `json:"found"`
	// Missing counts entries whose services are not all there, Differing those whose
	// service would be changed or cancelled, Blocked those that the account's state
	// is in the way of.
	Missing   int `json:"missing"`
	Differing int `json:"differing"`
	Blocked   int `json:"blocked"`
	// Unmanaged counts Strangers.
	Unmanaged int `json:"unmanaged"`
	// Contracts are the contracts that end soon, the first to end first.
	Contracts []ContractEnd `json:"contracts"`
	// CountUnmanaged says that unmanaged services count; ContractDays is how many days
	// before its end a contract counts, 0 for never.
	CountUnmanaged bool `json:"countUnmanaged"`
	ContractDays   int  `json:"contractDays"`
}

// ContractEnd is the end of the contract of an entry's service.
type ContractEnd struct {
	Name string     `json:"name"`
	UID  ServiceUID `json:"uid"`
	// Term is the contract term in months.
	Term int `json:"termMonths"`
	// End is the last day of the term, Days how many days away it is (UTC). What
	// comes after it the API does not tell.
	End  string `json:"end"`
	Days int    `json:"days"`
}

// ContractHorizon is how many days ahead the ends of contracts are told.
const ContractHorizon = 90

// DriftOf holds a plan against the day of a nightly look. Unmanaged services and the
// ends of contracts are told in every case, and count as asked.
func DriftOf(p Plan, today time.Time, countUnmanaged bool, contractDays int) Drift {
	d := Drift{
		Missing: p.Summary.Buy + p.Summary.Grow, Differing: p.Summary.Update + p.Summary.Cancel, Blocked: p.Summary.Blocked,
		Unmanaged: len(Strangers(p.Unmanaged)), Contracts: contractEnds(p.Actions, today, max(ContractHorizon, contractDays)),
		CountUnmanaged: countUnmanaged, ContractDays: contractDays,
	}
	soon := slices.ContainsFunc(d.Contracts, func(c ContractEnd) bool { return c.Days <= contractDays })
	d.Found = d.Missing+d.Differing+d.Blocked > 0 || countUnmanaged && d.Unmanaged > 0 || contractDays > 0 && soon
	return d
}

// Strangers are the services that no entry mentions and that neither stand under
// `unmanaged` nor belong to another inventory.
func Strangers(unmanaged []ServiceRef) []ServiceRef {
	return slices.DeleteFunc(slices.Clone(unmanaged), func(s ServiceRef) bool { return s.LeftAlone || s.Inventory != "" })
}

// contractEnds lists the contracts that end within a number of days. One that is over
// is not told again.
func contractEnds(actions []Action, today time.Time, days int) []ContractEnd {
	ends := []ContractEnd{}
	for _, a := range actions {
		if a.Service == nil || a.Service.ContractEnd == "" {
			continue
		}
		end, err := time.Parse(time.DateOnly, a.Service.ContractEnd)
		if err != nil {
			continue
		}
		left := daysBetween(today, end)
		if left >= 0 && left <= days {
			ends = append(ends, ContractEnd{a.Name, a.Service.UID, a.Service.Term, a.Service.ContractEnd, left})
		}
	}
	slices.SortStableFunc(ends, func(a, b ContractEnd) int { return cmp.Compare(a.Days, b.Days) })
	return ends
}

// daysBetween counts the days from one instant's date to another's, both in UTC.
func daysBetween(from, to time.Time) int {
	return int(day(to).Sub(day(from)) / (24 * time.Hour))
}
