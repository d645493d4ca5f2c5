package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

var cancelReasons = []string{
	"MOVED_TO_CLOUD_NATIVE_SOL", "SERVICE_MOVED", "SERVICE_ORDERED_IN_ERROR", "PROOF_OF_CONCEPT", "PROJECT_ENDED",
	"SWITCHING_PROVIDER", "PRICING", "PRODUCT_PERFORMANCE", "OTHER",
}

// actOnProduct answers the lifecycle actions, which reply without data (API facts
// §1.6, confidence A).
func (s *Server) actOnProduct(c *call) reply {
	if err := readCancellation(c.body); err != nil {
		return badBody(err)
	}
	switch action := c.params["action"]; action {
	case "CANCEL_NOW":
		return s.cancelNow(c)
	case "UN_CANCEL":
		return s.unCancel(c)
	case "CANCEL":
		// Refused for ports since 2026 (API facts §5.4, confidence A); the text is D.
		return s.change(c, func(*tx, *view, *service) (*service, reply) {
			return nil, fail(http.StatusBadRequest, "Ports cannot be cancelled at the end of the term; use CANCEL_NOW")
		})
	default:
		return fail(http.StatusBadRequest, "Unknown action %s", action)
	}
}

// readCancellation checks the body of an action; official clients send none.
func readCancellation(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var b struct { // API facts §5.4, confidence C
		Reason  string `json:"cancellation_reason"`
		Comment string `json:"cancellation_comment"`
	}
	const maxComment = 400 // characters
	if err := decode(body, &b); err != nil {
		return err
	}
	if b.Reason != "" && !slices.Contains(cancelReasons, b.Reason) {
		return fmt.Errorf("cancellation_reason %q is none of %s", b.Reason, strings.Join(cancelReasons, ", "))
	}
	if utf8.RuneCountInString(b.Comment) > maxComment {
		return fmt.Errorf("cancellation_comment is longer than %d characters", maxComment)
	}
	return nil
}

// activeVXC reports whether an entry of associatedVxcs is not terminated. One that
// cannot be read is.
func activeVXC(raw jsontext.Value) bool {
	var row struct {
		Status string `json:"provisioningStatus"`
	}
	if err := decode(raw, &row); err != nil {
		return true
	}
	return !(&service{Status: row.Status}).terminated()
}

func (s *Server) cancelNow(c *call) reply {
	safe := strings.EqualFold(c.query.Get("safeDelete"), "true")
	return s.change(c, func(t *tx, _ *view, v *service) (*service, reply) {
		if r, ok := guard(v); !ok {
			return nil, r
		}
		if safe && slices.ContainsFunc(v.VXCs, activeVXC) {
			return nil, fail(http.StatusBadRequest, "Service %s has active VXCs associated with it.", v.UID)
		}
		if c.knobs.LAGCancelCascades && v.LAGPrimary {
			for _, m := range t.activeMembers(v.AggregationID) {
				t.saveService(cancelled(m, t.now, c.knobs.DecommissionDelay))
			}
		}
		return cancelled(v, t.now, c.knobs.DecommissionDelay), done("CANCEL_NOW", v)
	})
}

// cancelled gives the service as it is after CANCEL_NOW. It keeps its LAG's
// aggregation id, the trap of API facts §4.4 (confidence D).
func cancelled(v *service, now time.Time, delay time.Duration) *service {
	c := v.clone()
	c.CancelledAt = now.UnixMilli()
	c.DecommissionedAt = now.Add(delay).UnixMilli()
	return c
}

// unCancel restores from CANCELLED only, which a port does not reach by itself
// any more (API facts §5.4, confidence A).
func (s *Server) unCancel(c *call) reply {
	return s.change(c, func(_ *tx, w *view, v *service) (*service, reply) {
		if w.status(v) != statusCancelled {
			return nil, fail(http.StatusBadRequest, "Service %s is not CANCELLED", v.UID)
		}
		changed := v.clone()
		changed.Status = ""
		return changed, done("UN_CANCEL", v)
	})
}

func done(action string, v *service) reply {
	return ok(fmt.Sprintf("Action [%s Service %s] has been done.", action, v.UID), nil)
}

// cancelCharges prices CANCEL_NOW: all of the remaining term (API facts §5.4,
// confidence B), counted in whole months; the full term before it starts. The shape of
// the real reply is not public (confidence D).
func (s *Server) cancelCharges(c *call) reply {
	return s.on(c, func(w *view, v *service) reply {
		months := v.TermMonths
		if _, end := w.contract(v); end > 0 {
			months = monthsUntil(w.now, time.UnixMilli(end))
		}
		if v.terminated() {
			months = 0
		}
		q := s.config.Prices.quote(w.places[v.LocationID].Market, v.SpeedMbps, v.TermMonths, 1, c.knobs.PricePercent)
		return ok("Cancellation charges", object{
			"productUid": v.UID, "productName": v.Name, "currency": q.currency, "remainingMonths": months,
			"monthlyRate": amount(q.monthly), "amount": amount(q.monthly.Mul(decimal.NewFromInt(int64(months)))),
		})
	})
}

// maxMonths bounds the count for seeded services with absurd terms.
const maxMonths = 1200

// monthsUntil counts the months begun between now and end.
func monthsUntil(now, end time.Time) int {
	n := 0
	for t := now; t.Before(end) && n < maxMonths; t = now.AddDate(0, n, 0) {
		n++
	}
	return n
}
