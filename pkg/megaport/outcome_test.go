package megaport

import (
	"testing"

	"pgregory.net/rapid"
)

func TestClassifyOrder(t *testing.T) {
	tests := []struct {
		why    string
		answer orderAnswer
		want   OrderOutcome
	}{
		{"as many UIDs as ordered", orderAnswer{ordered: 1, uids: 1, status: 200, complete: true}, OrderBought},
		{"a LAG's, too", orderAnswer{ordered: 4, uids: 4, status: 201, complete: true}, OrderBought},
		{"fewer UIDs: some may be missing from the answer only", orderAnswer{ordered: 4, uids: 3, status: 200, complete: true}, OrderUnknown},
		{"as many UIDs as ordered, but something odd beside them", orderAnswer{ordered: 1, uids: 1, odd: true, status: 200, complete: true}, OrderUnknown},
		{"more UIDs than ordered: somebody has to look", orderAnswer{ordered: 1, uids: 2, status: 200, complete: true}, OrderUnknown},
		{"no UIDs: perhaps it waits for approval", orderAnswer{ordered: 1, status: 200, complete: true}, OrderUnknown},
		{"an answer that makes no sense", orderAnswer{ordered: 1, status: 200}, OrderUnknown},
		{"an answer that broke off after the UID", orderAnswer{ordered: 1, uids: 1, status: 200}, OrderUnknown},
		{"accepted without content", orderAnswer{ordered: 1, status: 204}, OrderUnknown},

		{"the API says no", orderAnswer{ordered: 1, status: 400, fromAPI: true, text: "validation failed"}, OrderRefused},
		{"the API says that we may not", orderAnswer{ordered: 1, status: 403, fromAPI: true, text: "forbidden"}, OrderRefused},
		{"the API knows neither form", orderAnswer{ordered: 1, status: 404, fromAPI: true, text: "no endpoint post /v4/networkdesign/buy"}, OrderRefused},
		{"the API says that the token is not good", orderAnswer{ordered: 1, status: 401, fromAPI: true}, OrderNotProcessed},
		{"somebody says so", orderAnswer{ordered: 1, status: 401}, OrderUnknown},

		{"a back end failed behind a 400", orderAnswer{ordered: 1, status: 400, fromAPI: true, text: "problem talking with network provisioning system, got code 500"}, OrderUnknown},
		{"a transaction was rolled back, or so it says", orderAnswer{ordered: 1, status: 400, fromAPI: true, text: "transaction silently rolled back because"}, OrderUnknown},
		{"a code of another server", orderAnswer{ordered: 1, status: 422, fromAPI: true, text: "x\ngot code 502"}, OrderUnknown},
		{"something timed out", orderAnswer{ordered: 1, status: 400, fromAPI: true, text: "read timed out"}, OrderUnknown},
		{"an internal error under a 4xx", orderAnswer{ordered: 1, status: 400, fromAPI: true, text: "internal server error"}, OrderUnknown},
		{"a proxy's 403: whether it passed the order on, who knows", orderAnswer{ordered: 1, status: 403}, OrderUnknown},
		{"a proxy's 413", orderAnswer{ordered: 1, status: 413}, OrderUnknown},
		{"a proxy's 404", orderAnswer{ordered: 1, status: 404}, OrderUnknown},

		{"the API says that it is too busy", orderAnswer{ordered: 1, status: 429, fromAPI: true}, OrderNotProcessed},
		{"too busy, says a proxy", orderAnswer{ordered: 1, status: 429}, OrderUnknown},
		{"too busy, says the API of a back end", orderAnswer{ordered: 1, status: 429, fromAPI: true, text: "got code 503"}, OrderUnknown},
		{"the server gave up waiting, perhaps for the end of our order", orderAnswer{ordered: 1, status: 408, fromAPI: true}, OrderUnknown},
		{"a redirect: what it was about is not known", orderAnswer{ordered: 1, status: 307}, OrderUnknown},
		{"a redirect that looks like the API's", orderAnswer{ordered: 1, status: 302, fromAPI: true}, OrderUnknown},
		{"a failure may come after the order was taken", orderAnswer{ordered: 1, status: 500, fromAPI: true}, OrderUnknown},
		{"bad gateway", orderAnswer{ordered: 1, status: 502}, OrderUnknown},
		{"unavailable", orderAnswer{ordered: 1, status: 503, fromAPI: true}, OrderUnknown},
		{"gateway timeout", orderAnswer{ordered: 1, status: 504}, OrderUnknown},
		{"no answer", orderAnswer{ordered: 1}, OrderUnknown},
		{"no answer, and proof that nothing was written", orderAnswer{ordered: 1, unsent: true}, OrderNotSent},
		{"a status from beyond", orderAnswer{ordered: 1, status: 600}, OrderUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if got := classifyOrder(tt.answer); got != tt.want {
				t.Errorf("%+v is %s, want %s", tt.answer, got, tt.want)
			}
		})
	}
}

// The three outcomes after which an order may be sent again need a reason each.
func TestClassifyOrderProperties(t *testing.T) {
	texts := append(backEndTexts(), "", "validation failed", "could not")
	rapid.Check(t, func(t *rapid.T) {
		a := orderAnswer{
			ordered:  rapid.IntRange(1, 8).Draw(t, "ordered"),
			uids:     rapid.IntRange(0, 9).Draw(t, "uids"),
			status:   rapid.IntRange(0, 700).Draw(t, "status"),
			complete: rapid.Bool().Draw(t, "complete"),
			fromAPI:  rapid.Bool().Draw(t, "fromAPI"),
			text:     rapid.SampledFrom(texts).Draw(t, "text"),
			unsent:   rapid.Bool().Draw(t, "unsent"),
			odd:      rapid.Bool().Draw(t, "odd"),
		}
		switch got := classifyOrder(a); got {
		case OrderBought:
			if a.status/100 != 2 || !a.complete || a.uids != a.ordered || a.odd {
				t.Fatalf("bought: %+v", a)
			}
		case OrderRefused:
			if a.status/100 != 4 || !a.fromAPI || a.status == 401 || a.status == 429 {
				t.Fatalf("refused: %+v", a)
			}
		case OrderNotSent:
			if !a.unsent {
				t.Fatalf("not sent: %+v", a)
			}
		case OrderNotProcessed:
			if a.status != 429 && a.status != 401 || !a.fromAPI {
				t.Fatalf("not processed: %+v", a)
			}
		case OrderUnknown:
			if a.unsent {
				t.Fatalf("unknown in spite of proof: %+v", a)
			}
		default:
			t.Fatalf("%+v is %v", a, got)
		}
	})
}

func TestOutcomeString(t *testing.T) {
	want := map[OrderOutcome]string{
		OrderUnknown: "unknown", OrderBought: "bought", OrderRefused: "refused",
		OrderNotSent: "not sent", OrderNotProcessed: "not processed", 9: "OrderOutcome(9)",
	}
	for o, text := range want {
		if o.String() != text {
			t.Errorf("got %q, want %q", o, text)
		}
	}
	var forgotten OrderOutcome
	if forgotten != OrderUnknown {
		t.Error("an outcome that nobody set must be in doubt")
	}
}
