package megaport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const noEndpointV3 = `{"message":"No endpoint POST /v3/networkdesign/buy","terms":"…"}`

func TestBuy(t *testing.T) {
	published := exchange(t, "buy-response.json")
	const uid = "a49cf3f1-20a1-4390-93aa-5005bdafe3d7"
	tests := map[string]struct {
		answers []func() (*http.Response, error)
		lag     int
		outcome OrderOutcome
		uids    []string
		status  int
		posts   int
		tokens  int
		text    string
	}{
		"bought":                      {answers: []func() (*http.Response, error){says(200, published, "Trace-Id", "t-1")}, outcome: OrderBought, uids: []string{uid}, status: 200, posts: 1, tokens: 1},
		"a LAG of two":                {answers: []func() (*http.Response, error){says(200, fact(t, "buy-lag.json"))}, lag: 2, outcome: OrderBought, uids: []string{testUID, uid}, status: 200, posts: 1, tokens: 1},
		"fewer UIDs than ordered":     {answers: []func() (*http.Response, error){says(200, published)}, lag: 2, outcome: OrderUnknown, uids: []string{uid}, status: 200, posts: 1, tokens: 1, text: "1 of 2 service UIDs came back"},
		"the same UID twice":          {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":"u"},{"technicalServiceUid":"u"}]}`)}, lag: 2, outcome: OrderUnknown, uids: []string{"u"}, status: 200, posts: 1, tokens: 1},
		"the same UID beside its own": {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":"`+uid+`"},{"technicalServiceUid":"`+strings.ToUpper(uid)+`"}]}`)}, outcome: OrderUnknown, uids: []string{uid}, status: 200, posts: 1, tokens: 1, text: "missing, repeated or of an odd form"},
		"more UIDs than ordered":      {answers: []func() (*http.Response, error){says(200, fact(t, "buy-lag.json"))}, outcome: OrderUnknown, uids: []string{testUID, uid}, status: 200, posts: 1, tokens: 1, text: "2 of 1 service UIDs"},
		"an empty UID beside it":      {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":""},{"technicalServiceUid":"`+uid+`"}]}`)}, outcome: OrderUnknown, uids: []string{uid}, status: 200, posts: 1, tokens: 1},
		"a UID that is none":          {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":"68124"}]}`)}, outcome: OrderUnknown, uids: []string{"68124"}, status: 200, posts: 1, tokens: 1},
		"in upper case":               {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":"`+strings.ToUpper(uid)+`"}]}`)}, outcome: OrderBought, uids: []string{strings.ToUpper(uid)}, status: 200, posts: 1, tokens: 1},
		"no UIDs":                     {answers: []func() (*http.Response, error){says(200, `{"message":"ok","data":[]}`)}, outcome: OrderUnknown, status: 200, posts: 1, tokens: 1, text: "0 of 1"},
		"no data":                     {answers: []func() (*http.Response, error){says(202, `{"message":"queued"}`)}, outcome: OrderUnknown, status: 202, posts: 1, tokens: 1, text: "no data"},
		"nothing":                     {answers: []func() (*http.Response, error){says(200, ``)}, outcome: OrderUnknown, status: 200, posts: 1, tokens: 1},
		"UID of another kind":         {answers: []func() (*http.Response, error){says(200, `{"data":[{"technicalServiceUid":7}]}`)}, outcome: OrderUnknown, uids: []string{"7"}, status: 200, posts: 1, tokens: 1},
		"refused":                     {answers: []func() (*http.Response, error){says(400, `{"message":"Validation failed","terms":"…","data":"no"}`)}, outcome: OrderRefused, status: 400, posts: 1, tokens: 1, text: `order "API Port": refused: POST /v3/networkdesign/buy: HTTP 400: Validation failed: no`},
		"a gateway's JSON":            {answers: []func() (*http.Response, error){says(400, `{"message":"Validation failed","data":"no"}`)}, outcome: OrderUnknown, status: 400, posts: 1, tokens: 1, text: "may have been bought"},
		"a proxy's page":              {answers: []func() (*http.Response, error){says(403, `<html><title>Denied</title>`)}, outcome: OrderUnknown, status: 403, posts: 1, tokens: 1},
		"a back end in trouble":       {answers: []func() (*http.Response, error){says(400, `{"message":"Validation failed","terms":"…","data":[{"error":"Problem talking with network provisioning system, got code 500"}]}`)}, outcome: OrderUnknown, status: 400, posts: 1, tokens: 1, text: "may have been bought"},
		"a 500":                       {answers: []func() (*http.Response, error){says(500, `{"message":"oops"}`, "Trace-Id", "t-2")}, outcome: OrderUnknown, status: 500, posts: 1, tokens: 1},
		"a 502":                       {answers: []func() (*http.Response, error){says(502, ``)}, outcome: OrderUnknown, status: 502, posts: 1, tokens: 1},
		"a redirect":                  {answers: []func() (*http.Response, error){says(307, ``, "Location", "https://api.test/v3/networkdesign/buy")}, outcome: OrderUnknown, status: 307, posts: 1, tokens: 1, text: "not followed"},
		"no answer":                   {answers: []func() (*http.Response, error){breaks("connection reset by peer")}, outcome: OrderUnknown, posts: 1, tokens: 1, text: "connection reset"},
		"busy":                        {answers: []func() (*http.Response, error){says(429, `{"message":"Too many","terms":"…"}`, "Retry-After", "3")}, outcome: OrderNotProcessed, status: 429, posts: 1, tokens: 1},
		"busy, says a gateway":        {answers: []func() (*http.Response, error){says(429, `{"message":"Too many"}`)}, outcome: OrderUnknown, status: 429, posts: 1, tokens: 1},
		"busy, says nobody":           {answers: []func() (*http.Response, error){says(429, ``)}, outcome: OrderUnknown, status: 429, posts: 1, tokens: 1},
		"token refused":               {answers: []func() (*http.Response, error){says(401, `{"message":"Bad session token","terms":"…"}`)}, outcome: OrderNotProcessed, status: 401, posts: 1, tokens: 1},
		"token refused by a gateway":  {answers: []func() (*http.Response, error){says(401, `{"message":"Unauthorized"}`)}, outcome: OrderUnknown, status: 401, posts: 1, tokens: 1},
		"token refused by a page":     {answers: []func() (*http.Response, error){says(401, `<html>`)}, outcome: OrderUnknown, status: 401, posts: 1, tokens: 1},
		"the other form, by 405":      {answers: []func() (*http.Response, error){says(405, `{"message":"Method not allowed","terms":"…"}`), says(200, published)}, outcome: OrderBought, uids: []string{uid}, status: 200, posts: 2, tokens: 1},
		"the other form, by 410":      {answers: []func() (*http.Response, error){says(410, `{"message":"Gone","terms":"…"}`), says(200, published)}, outcome: OrderBought, uids: []string{uid}, status: 200, posts: 2, tokens: 1},
		"a 404 about something else":  {answers: []func() (*http.Response, error){says(404, `{"message":"LAG not found","terms":"…"}`)}, outcome: OrderRefused, status: 404, posts: 1, tokens: 1},
		"a proxy knows no method":     {answers: []func() (*http.Response, error){says(405, `{"message":"Method not allowed"}`)}, outcome: OrderUnknown, status: 405, posts: 1, tokens: 1},
		"the other form":              {answers: []func() (*http.Response, error){says(404, noEndpointV3), says(200, published)}, outcome: OrderBought, uids: []string{uid}, status: 200, posts: 2, tokens: 1},
		"the other form, unknown":     {answers: []func() (*http.Response, error){says(404, noEndpointV3), breaks("EOF")}, outcome: OrderUnknown, posts: 2, tokens: 1},
		"neither form":                {answers: []func() (*http.Response, error){says(404, noEndpointV3), says(404, strings.ReplaceAll(noEndpointV3, "v3", "v4"))}, outcome: OrderRefused, status: 404, posts: 2, tokens: 1},
		"a proxy knows no endpoint":   {answers: []func() (*http.Response, error){says(404, `No endpoint here`)}, outcome: OrderUnknown, status: 404, posts: 1, tokens: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &script{answer: inTurn(tt.answers...)}
				order := testOrder()
				order.LAGPorts = tt.lag
				p, err := newTestClient(t, api).Orders.Buy(t.Context(), order)
				checkOutcome(t, p, err, tt.outcome, tt.uids, tt.status)
				if tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
					t.Errorf("error is %v, want %q", err, tt.text)
				}
				if got := len(api.seen()); got != tt.posts || api.tokens != tt.tokens {
					t.Errorf("%d posts, %d tokens; want %d, %d", got, api.tokens, tt.posts, tt.tokens)
				}
			})
		})
	}
}

func checkOutcome(t *testing.T, p Purchase, err error, outcome OrderOutcome, uids []string, status int) {
	t.Helper()
	var orderErr *OrderError
	switch {
	case outcome == OrderBought && err != nil:
		t.Errorf("not bought: %v", err)
	case outcome != OrderBought && !errors.As(err, &orderErr):
		t.Fatalf("the error is %v, want an *OrderError", err)
	case outcome != OrderBought && orderErr.Outcome != outcome:
		t.Errorf("the outcome is %s, want %s: %v", orderErr.Outcome, outcome, err)
	case outcome != OrderBought && (cmp.Diff(uids, orderErr.UIDs) != "" || orderErr.Status != status):
		t.Errorf("the error holds UIDs %v and status %d", orderErr.UIDs, orderErr.Status)
	}
	if diff := cmp.Diff(uids, p.UIDs); diff != "" {
		t.Error(diff)
	}
	if p.Status != status {
		t.Errorf("the status is %d, want %d", p.Status, status)
	}
}

// A token that an order was turned away with is not used again.
func TestBuyDropsARefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: inTurn(says(401, `{"message":"Bad session token","terms":"…"}`, "Trace-Id", "t-9"), says(200, exchange(t, "buy-response.json")))}
		c := newTestClient(t, api)
		p, err := c.Orders.Buy(t.Context(), testOrder())
		checkOutcome(t, p, err, OrderNotProcessed, nil, 401)
		if p.TraceID != "t-9" {
			t.Errorf("trace %q", p.TraceID)
		}
		if _, err := c.Orders.Buy(t.Context(), testOrder()); err != nil || api.tokens != 2 {
			t.Errorf("%v after %d tokens", err, api.tokens)
		}
	})
}

// An order waits while the API is busy, and giving up then sends nothing.
func TestBuyWaitsWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: inTurn(says(429, `{"message":"Too many","terms":"…"}`, "Retry-After", "60"), says(200, exchange(t, "buy-response.json")))}
		c := newTestClient(t, api)
		p, err := c.Orders.Buy(t.Context(), testOrder())
		checkOutcome(t, p, err, OrderNotProcessed, nil, 429)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p, err = c.Orders.Buy(ctx, testOrder())
		checkOutcome(t, p, err, OrderNotSent, nil, 0)
		p, err = c.Orders.Buy(t.Context(), testOrder())
		if err != nil || len(p.UIDs) != 1 || time.Since(start) != time.Minute+orderPause || len(api.seen()) != 2 {
			t.Errorf("%v after %s and %d posts", err, time.Since(start), len(api.seen()))
		}
	})
}

func TestBuyRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: always(200, exchange(t, "buy-response.json"))}
		o := testOptions(api)
		o.CallContext = "company-1"
		if _, err := mustNew(t, o).Orders.Buy(t.Context(), testOrder()); err != nil {
			t.Fatal(err)
		}
		got := api.seen()[0]
		body, err := orderBody(testOrder())
		if err != nil {
			t.Fatal(err)
		}
		want := seenRequest{
			Method: "POST", Path: "/v3/networkdesign/buy", Body: "[" + string(body) + "]", Close: true,
			Header: http.Header{
				"Accept": {"application/json"}, "Content-Type": {"application/json"}, "User-Agent": {"portctl/test"},
				"Authorization": {"Bearer " + testToken}, "X-Call-Context": {"company-1"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" { // nothing else is sent, no Idempotency-Key above all
			t.Error(diff)
		}
	})
}

// The form that works is kept for the rest of the client's life, also from v4 to v3.
func TestBuyRemembersTheForm(t *testing.T) {
	for form, paths := range map[BuyForm][]string{
		BuyV3: {"/v3/networkdesign/buy", "/v4/networkdesign/buy", "/v4/networkdesign/buy"},
		BuyV4: {"/v4/networkdesign/buy", "/v3/networkdesign/buy", "/v3/networkdesign/buy"},
	} {
		synctest.Test(t, func(t *testing.T) {
			api := &script{answer: func(_ int, r seenRequest) (*http.Response, error) {
				if r.Path == paths[0] {
					return reply(404, `{"message":"No endpoint POST `+r.Path+`","terms":"…"}`), nil
				}
				return reply(200, exchange(t, "buy-response.json")), nil
			}}
			o := testOptions(api)
			o.BuyForm = form
			c := mustNew(t, o)
			for range 2 {
				if _, err := c.Orders.Buy(t.Context(), testOrder()); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, r := range api.seen() {
				got = append(got, r.Path)
			}
			if diff := cmp.Diff(paths, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuyRefusesNonsenseUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: always(500, "")}
		c := newTestClient(t, api)
		for name, change := range map[string]func(*Order){
			"no name":         func(o *Order) { o.Name = "  " },
			"no term":         func(o *Order) { o.Term = 0 },
			"no speed":        func(o *Order) { o.Speed = 0 },
			"no location":     func(o *Order) { o.LocationID = 0 },
			"negative LAG":    func(o *Order) { o.LAGPorts = -1 },
			"growth by none":  func(o *Order) { o.AggregationID = 5 },
			"tag without key": func(o *Order) { o.Tags = map[string]string{"": "x"} },
			"name not UTF-8":  func(o *Order) { o.Name = "a\xff" },
		} {
			o := testOrder()
			change(&o)
			p, err := c.Orders.Buy(t.Context(), o)
			checkOutcome(t, p, err, OrderNotSent, nil, 0)
			if _, err := c.Orders.Validate(t.Context(), o); err == nil {
				t.Errorf("%s: validated", name)
			}
		}
		if got := api.seen(); len(got) != 0 {
			t.Errorf("sent %+v", got)
		}
	})
}

// The order has its own five minutes; a hung one is unconfirmed.
func TestBuyDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{}
		hang := transport(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/oauth2/token" {
				return api.RoundTrip(r)
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		start := time.Now()
		p, err := newTestClient(t, hang).Orders.Buy(t.Context(), testOrder())
		checkOutcome(t, p, err, OrderUnknown, nil, 0)
		if time.Since(start) != 5*time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// An order that waited until it is too late, in the queue or because the machine slept,
// is not sent.
func TestBuyTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: always(200, exchange(t, "buy-response.json"))}
		o := testOrder()
		o.NotAfter = time.Now().Add(-time.Second)
		p, err := newTestClient(t, api).Orders.Buy(t.Context(), o)
		checkOutcome(t, p, err, OrderNotSent, nil, 0)
		for _, r := range api.seen() {
			if strings.HasSuffix(r.Path, "/buy") {
				t.Errorf("sent %+v", r)
			}
		}
		if !errors.Is(err, ErrTooLate) {
			t.Errorf("error %v", err)
		}
	})
}

func TestBuyGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // before it was sent
		api := &script{answer: always(200, exchange(t, "buy-response.json"))}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p, err := newTestClient(t, api).Orders.Buy(ctx, testOrder())
		checkOutcome(t, p, err, OrderNotSent, nil, 0)
		if len(api.seen()) != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d requests, %v", len(api.seen()), err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // while it was on its way
		ctx, cancel := context.WithCancel(t.Context())
		api := &script{answer: func(int, seenRequest) (*http.Response, error) {
			cancel()
			return nil, ctx.Err()
		}}
		p, err := newTestClient(t, api).Orders.Buy(ctx, testOrder())
		checkOutcome(t, p, err, OrderUnknown, nil, 0)
	})
	synctest.Test(t, func(t *testing.T) { // while it waited for a slot and for the budget
		o := testOptions(&script{answer: always(200, exchange(t, "buy-response.json"))})
		o.Concurrency, o.Budget = 1, Budget{Requests: 2, Per: time.Minute}
		c := mustNew(t, o)
		if _, err := c.Orders.Buy(t.Context(), testOrder()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // one is held back by the budget, the other by the slot
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			go func() { _, _ = c.Orders.Validate(ctx, testOrder()) }()
			synctest.Wait()
			p, err := c.Orders.Buy(ctx, testOrder())
			checkOutcome(t, p, err, OrderNotSent, nil, 0)
		}
	})
	synctest.Test(t, func(t *testing.T) { // in the moment before it was sent
		ctx, cancel := context.WithCancel(t.Context())
		api := &script{answer: always(200, exchange(t, "buy-response.json"))}
		way := transport(func(r *http.Request) (*http.Response, error) {
			cancel() // while the token came
			return api.RoundTrip(r)
		})
		p, err := newTestClient(t, way).Orders.Buy(ctx, testOrder())
		checkOutcome(t, p, err, OrderNotSent, nil, 0)
		if len(api.seen()) != 0 {
			t.Error("it was sent")
		}
	})
}

// Without a token no order leaves.
func TestBuyWithoutToken(t *testing.T) {
	for name, answer := range map[string]func() (*http.Response, error){
		"refused":     says(400, `{"error":"invalid_client"}`),
		"unreachable": breaks("no route to host"),
		"senseless":   says(200, `{"access_token":"a\nb","token_type":"Bearer"}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way := transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path != "/oauth2/token" {
						t.Errorf("sent %s", r.URL.Path)
					}
					return answer()
				})
				p, err := newTestClient(t, way).Orders.Buy(t.Context(), testOrder())
				checkOutcome(t, p, err, OrderNotSent, nil, 0)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := mustNew(t, Options{BaseURL: "https://api.test", Transport: transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("sent") })})
		p, err := c.Orders.Buy(t.Context(), testOrder())
		checkOutcome(t, p, err, OrderNotSent, nil, 0)
		if !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), "not sent: no access token: there are no credentials") {
			t.Errorf("without credentials: %v", err)
		}
	})
}

func TestValidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: inTurn(says(503, ``), breaks("EOF"), says(200, exchange(t, "validate-response.json")))}
		q, err := newTestClient(t, api).Orders.Validate(t.Context(), testOrder())
		if err != nil || !q.HasPrice || q.Monthly.String() != "500" {
			t.Errorf("%+v, %v", q, err)
		}
		r := api.seen()[2]
		if r.Method != "POST" || r.Path != "/v3/networkdesign/validate" || r.Close || !strings.HasPrefix(r.Body, `[{"productName":"API Port"`) {
			t.Errorf("sent %+v", r)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: always(400, `{"message":"Validation failed","terms":"…","data":[{"error":"Missing Technical Support Contact Details."}]}`)}
		_, err := newTestClient(t, api).Orders.Validate(t.Context(), testOrder())
		var apiErr *Error
		if !errors.As(err, &apiErr) || !apiErr.FromAPI || len(apiErr.Reasons) != 1 || len(api.seen()) != 1 {
			t.Errorf("a refusal: %v", err)
		}
	})
}
