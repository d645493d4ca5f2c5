package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// cancelTries is how often a cancellation is sent, when looking at the product
// shows that the one before did nothing. The official provider does the same
// (API facts §8.3, confidence A).
const cancelTries = 3

// Cancel ends a port now. It is always sent with safeDelete, so that VXCs which
// end on the port make it fail (IsVXCsAttached) instead of going down with it (API
// facts §5.4, confidence A/B). For a LAG, each member is cancelled by itself.
//
// A port that is terminated already is no error. After an answer that leaves
// doubt the port is looked at, and the cancellation repeated only if it still
// stands.
func (s *ProductService) Cancel(ctx context.Context, uid string) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	for number := 1; ; number++ {
		err := s.cancel(ctx, uid)
		if err == nil || ctx.Err() != nil || cancelUnsent(err) {
			return err
		}
		port, getErr := s.Get(ctx, uid)
		switch {
		case getErr == nil && terminated(port.Status):
			return nil
		case getErr != nil && !IsNotFound(getErr):
			return fmt.Errorf("%w; whether it was cancelled could not be seen: %w", err, getErr)
		case getErr != nil || !cancelInDoubt(err) || number == cancelTries:
			return err
		}
		if waitErr := pause(ctx, 2*time.Second<<(number-1)); waitErr != nil {
			return fmt.Errorf("%w (not retried: %w)", err, waitErr)
		}
	}
}

func (s *ProductService) cancel(ctx context.Context, uid string) error {
	_, err := s.client.do(ctx, call{
		class: classCancel, method: http.MethodPost, path: productPath(3, uid, "/action/CANCEL_NOW"),
		query: url.Values{"safeDelete": {"true"}},
	})
	return err
}

// terminated lists the states on the far side of a cancellation (API facts §4.3,
// §5.4).
func terminated(status string) bool {
	return slices.Contains([]string{"CANCELLED", "CANCELLED_PARENT", "DECOMMISSIONING", "DECOMMISSIONED"}, folded(status))
}

// cancelUnsent is a failure that certainly changed nothing, so that there is
// nothing to look at.
func cancelUnsent(err error) bool {
	var reqErr *RequestError
	var authErr *AuthError
	return errors.As(err, &authErr) || errors.As(err, &reqErr) && reqErr.NotSent
}

// cancelInDoubt is a failure that may pass: no answer, a server in trouble, or
// the rollback text, which was seen to go away when repeated (API facts §1.7,
// confidence A).
func cancelInDoubt(err error) bool {
	var apiErr *Error
	if !errors.As(err, &apiErr) {
		return true
	}
	return apiErr.Status >= 500 || strings.Contains(apiErr.text(), "rolled back")
}

// Charges is what cancelling a port now would cost.
type Charges struct {
	// Known is true when Amount and Currency were recognised. The answer's shape is
	// not public (API facts §5.4), so be ready for false.
	Known bool
	// Amount is the price of cancelling.
	Amount decimal.Decimal
	// Currency is its three-letter code.
	Currency string
	// Text is the answer in readable lines, whatever its shape.
	Text []string
	// Raw is the answer's data as it came.
	Raw []byte
}

// CancellationCharges asks what cancelling a port now would cost. At most it is
// the rest of the term (API facts §5.4, confidence B).
func (s *ProductService) CancellationCharges(ctx context.Context, uid string) (Charges, error) {
	if err := checkUID(uid); err != nil {
		return Charges{}, err
	}
	q := call{class: classRead, method: http.MethodGet, path: productPath(2, uid, "/action/CANCEL_NOW/charges")}
	return ask(ctx, s.client, q, alone(decodeCharges))
}

// decodeCharges keeps the data as it is, and recognises an amount only where
// there can be no mistake: an object, or a list of one, with a currency and
// exactly one field with a name for a total (a guess, confidence D).
func decodeCharges(body io.Reader) (Charges, error) {
	var c Charges
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		c.Raw = v.Clone()
		return nil
	})
	if err != nil {
		return Charges{}, err
	}
	for _, line := range flatten(c.Raw) {
		c.Text = append(c.Text, printable(line, maxText))
	}
	c.Amount, c.Currency, c.Known = recogniseCharge(c.Raw)
	return c, nil
}

func recogniseCharge(v jsontext.Value) (amount decimal.Decimal, currency string, known bool) {
	if list := elements(v); len(list) == 1 {
		v = list[0]
	}
	if v.Kind() != '{' {
		return amount, "", false
	}
	totals := []string{"amount", "charge", "price", "total", "totalAmount", "totalCharge", "totalPrice", "cancellationCharge", "cancellationPrice"}
	found := 0
	names, values := members(v)
	for i, name := range names {
		switch {
		case name == "currency":
			currency = unquote(values[i])
		case slices.Contains(totals, name) && values[i].Kind() == '0':
			n, err := money(string(values[i]))
			if err != nil {
				return decimal.Decimal{}, "", false
			}
			amount, found = n, found+1
		}
	}
	if found != 1 || currency == "" || amount.IsNegative() {
		return decimal.Decimal{}, "", false
	}
	return amount, currency, true
}
