package plan

import "time"

// Charges is from when on a port costs money. Charges and the contract term begin when
// the port is LIVE, or 14 days after the order, whichever comes first (API facts §0.5,
// confidence B).
type Charges struct {
	// From is the first day that is billed, at midnight UTC; zero when it is not known.
	From time.Time
	// Latest says that it may still be earlier: the port is not LIVE yet.
	Latest bool
}

// FreeDays is how many days after its order a port costs money, LIVE or not.
const FreeDays = 14

// Charges tells from when on the service costs money. What the API says of the contract
// wins over what is computed from the order.
func (s Service) Charges() Charges {
	switch {
	case s.Status.Terminated():
		return Charges{}
	case !s.ContractStart.IsZero():
		return Charges{From: day(s.ContractStart)}
	case s.CreatedAt.IsZero() && s.LiveAt.IsZero():
		return Charges{}
	case s.CreatedAt.IsZero():
		return Charges{From: day(s.LiveAt)}
	}
	latest := day(s.CreatedAt).AddDate(0, 0, FreeDays)
	switch {
	case s.LiveAt.IsZero():
		return Charges{From: latest, Latest: s.Status != StatusLive}
	case s.LiveAt.Before(latest):
		return Charges{From: day(s.LiveAt)}
	}
	return Charges{From: latest}
}

// DaysLeft is how many days are left before the first day that is billed, by the dates
// in UTC; it is negative when that day is over.
func (c Charges) DaysLeft(now time.Time) int { return daysBetween(now, c.From) }

// day is the date of an instant in UTC.
func day(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
