package simtest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the table of docs/reliability.md")

// flip is an API that differs from docs/api-facts.md in one point that nobody can
// confirm.
type flip struct {
	// fact is the section, to what it is turned.
	fact, to string
	// behaviour is what portctl does, for the reader, and ends how the commands end:
	// plan, apply, and apply again, and how many services there are then.
	behaviour string
	ends      string

	knobs  func(*sandbox.Knobs)
	traits traits
	lies   []lie
	seeds  []sandbox.Seed
	// answer replaces an answer; nil for none.
	answer func(*http.Request) *http.Response
	// change rewrites the JSON of an answer.
	change func(path string, doc map[string]any)
}

// all is how the commands end where the flip makes no difference.
const all = "0, 0, 0; 4"

// RoundTrip answers as the flipped API does.
type flipped struct {
	flip
	inner http.RoundTripper
}

func (f flipped) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.answer != nil {
		if a := f.answer(req); a != nil {
			drain(req)
			return a, nil
		}
	}
	a, err := f.inner.RoundTrip(req)
	if err != nil || f.change == nil || a.StatusCode/100 != 2 {
		return a, err
	}
	body, err := io.ReadAll(a.Body)
	_ = a.Body.Close()
	var doc map[string]any
	if err != nil || json.Unmarshal(body, &doc) != nil {
		return withBody(a, body), err
	}
	f.change(req.URL.Path, doc)
	if body, err = json.Marshal(doc, json.Deterministic(true)); err != nil {
		return nil, err
	}
	return withBody(a, bytes.ReplaceAll(body, []byte(loneSurrogate), []byte(`\ud83d`))), nil
}

// TestFlippedFacts holds portctl to what docs/reliability.md says it does when an
// uncertain fact is otherwise than believed.
func TestFlippedFacts(t *testing.T) {
	flips := allFlips()
	if len(flips) < 37 {
		t.Errorf("%d facts are flipped", len(flips))
	}
	for i, f := range flips {
		t.Run(fmt.Sprintf("%02d %s %s", i+1, f.fact, f.to), func(t *testing.T) {
			ends, told := f.play(t)
			if ends != f.ends {
				t.Errorf("the commands end %q, the table says %q:\n%s", ends, f.ends, told)
			}
		})
	}
	checkTable(t, flips)
}

// play runs plan, apply, and apply again a while later.
func (f flip) play(t *testing.T) (ends, told string) {
	c := trial{Entries: []entry{{Site: 89, Speed: plan.Speed10G}, {Site: 89, Speed: plan.Speed10G, LAG: 3}}, Horizon: 10 * time.Minute, Wait: time.Hour, Parallelism: 1, Traits: f.traits, Lies: f.lies}
	if f.knobs != nil {
		f.knobs(&c.World)
	}
	bubble(t, func(ctx context.Context) {
		w, err := newWorld(c)
		if err != nil {
			told = err.Error()
			return
		}
		defer w.end()
		old := sandbox.Seed{Name: "old-2015", Status: "CANCELLED", SpeedMbps: 1000}
		if _, err := w.server.Seed(append([]sandbox.Seed{old, {Name: "living", LocationID: 2}}, f.seeds...)...); err != nil {
			told = err.Error()
			return
		}
		w.liar.inner = flipped{f, w.server.Transport()}
		planned, told1 := w.planExit(ctx)
		first, told2 := w.applyExit(ctx)
		time.Sleep(20 * time.Minute)
		again, told3 := w.applyExit(ctx)
		ends = fmt.Sprintf("%d, %d, %d; %d", planned, first, again, w.server.Record().Services)
		told = strings.Join([]string{told1, told2, told3}, "\n")
		for i, n := range w.alive(w.server.Record()) {
			if i < 0 || n > w.file.lines[i].members() {
				told, ends = told+"\nbought twice", "twice"
			}
		}
	})
	return ends, told
}

// planExit is how `portctl plan` ends.
func (w *world) planExit(ctx context.Context) (int, string) {
	p := w.process(ctx, run{})
	defer p.die()
	d, err := p.draft(w.file.desired())
	switch {
	case err != nil:
		return 1, err.Error()
	case !d.Plan.CanApply():
		return apply.ExitRefused, reasons(d.Plan.Of(plan.Blocked))
	case d.Plan.Summary.Unknown > 0:
		return apply.ExitUnknown, reasons(d.Plan.Of(plan.Unknown))
	}
	return 0, ""
}

func reasons(actions []plan.Action) string {
	var out []string
	for _, a := range actions {
		out = append(out, a.Name+": "+a.Reason.Text+" "+strings.Join(a.Reason.Details, ", "))
	}
	return strings.Join(out, "\n")
}

// applyExit is how `portctl apply` ends.
func (w *world) applyExit(ctx context.Context) (int, string) {
	e := w.process(ctx, run{}).apply(w.file.desired(), true)
	if e.result == nil {
		return 1, fmt.Sprint(e.err)
	}
	var out []string
	for _, a := range e.result.Actions {
		if a.Error != nil {
			out = append(out, fmt.Sprintf("%s: %s: %s", a.Name, a.Outcome, a.Error.Message))
		}
	}
	return e.result.ExitCode, strings.Join(append(out, fmt.Sprintf("%+v", e.result.Audit)), "\n")
}

const (
	tableBegin = "<!-- flipped facts: written by `go test ./pkg/internal/testkit/simtest -run FlippedFacts -update` -->\n"
	tableEnd   = "<!-- end of flipped facts -->\n"
)

// checkTable compares the table in docs/reliability.md with the flips.
func checkTable(t *testing.T, flips []flip) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| Fact | If it is otherwise | What portctl does | Exit codes; ports |\n| --- | --- | --- | --- |\n")
	for _, f := range flips {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.fact, f.to, f.behaviour, f.ends)
	}
	b.WriteString("\n")
	path := filepath.Join("..", "..", "..", "..", "docs", "reliability.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	have, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegin+b.String()+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), have); diff != "" {
		t.Errorf("the table of docs/reliability.md is out of date; run with -update (-want +have):\n%s", diff)
	}
}

func allFlips() []flip {
	return slices.Concat(approvalFlips(), validateFlips(), priceFlips(), listingFlips(), locationFlips(), buyFlips(), timeFlips())
}

// approvalsAnswer answers for the order approvals.
func approvalsAnswer(status int, contentType, body string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		if req.URL.Path != "/v3/order_approvals" {
			return nil
		}
		return answerTo(req, status, contentType, body)
	}
}

func message(text string) string {
	return fmt.Sprintf(`{"message":%q,"terms":"This data is subject to the Acceptable Use Policy"}`, text)
}

func approvalFlips() []flip {
	const unknown = "warns that approvals are not known; buys. `--not-created` needs `--approvals-checked`"
	js := "application/json"
	return []flip{
		{fact: "3.5", to: "approvals answer 400", behaviour: unknown, ends: all, answer: approvalsAnswer(400, js, message("Order approvals are not enabled for this company"))},
		{fact: "3.5", to: "approvals answer 401", behaviour: unknown, ends: all, answer: approvalsAnswer(401, js, message("Bad session token - try logging in again."))},
		{fact: "3.5", to: "approvals answer 403 in the envelope", behaviour: "there are none", ends: all, answer: approvalsAnswer(403, js, message("You do not have permission to do this."))},
		{fact: "3.5", to: "approvals answer 404 in the envelope", behaviour: "there are none", ends: all, answer: approvalsAnswer(404, js, message("No endpoint GET /v3/order_approvals"))},
		{fact: "3.5", to: "approvals answer 404 with a page", behaviour: unknown, ends: all, answer: approvalsAnswer(404, "text/html", gatewayPage)},
		{fact: "3.5", to: "approvals answer 405", behaviour: unknown, ends: all, answer: approvalsAnswer(405, js, message("Method not allowed"))},
		{fact: "3.5", to: "approvals answer 500", behaviour: unknown, ends: all, answer: approvalsAnswer(500, js, message("Internal Server Error"))},
		{fact: "3.5", to: "approvals answer 204", behaviour: unknown, ends: all, answer: approvalsAnswer(204, js, "")},
		{fact: "3.5", to: "approvals answer `data: null`", behaviour: unknown, ends: all, answer: approvalsAnswer(200, js, `{"message":"ok","terms":"","data":null}`)},
		{fact: "3.5", to: "approvals answer an object with `content`", behaviour: unknown, ends: all, answer: approvalsAnswer(200, js, `{"message":"ok","terms":"","data":{"content":[],"totalElements":0}}`)},
		{fact: "3.5", to: "approvals have ISO dates", behaviour: "tolerated, or not known", ends: all, answer: approvalsAnswer(200, js, `{"message":"ok","terms":"","data":[{"uid":"u","id":1,"status":"APPROVED","type":"NEW_ORDER","createDate":"2026-01-01T00:00:00Z","detail":null}]}`)},
		{fact: "3.5", to: "approvals have texts for ids", behaviour: "tolerated, or not known", ends: all, answer: approvalsAnswer(200, js, `{"message":"ok","terms":"","data":[{"uid":"u","id":"1","status":"APPROVED","type":"NEW_ORDER","createDate":1,"serviceId":"77"}]}`)},
		{fact: "12.6", to: "an order that waits for approval is answered 202 without data", behaviour: "unconfirmed, found among the approvals: it waits for them, and is not ordered again", ends: "0, 7, 7; 0", knobs: func(k *sandbox.Knobs) { k.Approvals = true }, change: func(path string, doc map[string]any) {
			if strings.HasSuffix(path, "/buy") {
				delete(doc, "data")
			}
		}},
	}
}

// onValidate answers a validation of an order for which refuse says so.
func onValidate(refuse func(order map[string]any) bool, status int, body string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		if !strings.HasSuffix(req.URL.Path, "/networkdesign/validate") || req.Body == nil {
			return nil
		}
		content, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(content))
		var orders []map[string]any
		if json.Unmarshal(content, &orders) != nil || !slices.ContainsFunc(orders, refuse) {
			return nil
		}
		return answerTo(req, status, "application/json", body)
	}
}

func anyOrder(map[string]any) bool { return true }

func validateFlips() []flip {
	refused := func(why string) string {
		return fmt.Sprintf(`{"message":"Validation failed","terms":"This data is subject to the Acceptable Use Policy","data":%q}`, why)
	}
	const blocked = "blocks the entries with what the API said"
	return []flip{
		{fact: "1.7", to: "validation refuses with 422", behaviour: blocked, ends: "3, 3, 3; 0", answer: onValidate(anyOrder, 422, refused("No capacity"))},
		{fact: "1.7", to: "validation answers 202 with an empty list", behaviour: blocked, ends: "3, 3, 3; 0", answer: onValidate(anyOrder, 202, `{"message":"accepted","terms":"","data":[]}`)},
		{fact: "1.7", to: "validation answers 500", behaviour: blocked, ends: "3, 3, 3; 0", answer: onValidate(anyOrder, 500, message("Internal Server Error"))},
		{fact: "12.7", to: "the market must be empty", behaviour: "validates and orders with an empty market", ends: all, answer: onValidate(func(o map[string]any) bool { return o["market"] != "" && o["market"] != nil }, 400, refused("Invalid market"))},
		{fact: "12.11", to: "a tag's key is refused", behaviour: blocked, ends: "3, 3, 3; 0", answer: onValidate(func(o map[string]any) bool {
			b, _ := json.Marshal(o["resourceTags"])
			return bytes.Contains(b, []byte("managed-by"))
		}, 400, refused("resource tag key has illegal characters"))},
		{fact: "1.7", to: "the reasons of a refusal are a list", behaviour: blocked, ends: "3, 3, 3; 0", knobs: func(k *sandbox.Knobs) { k.MissingTechnicalContact, k.ErrorData = true, "list" }},
		{fact: "1.7", to: "a refusal has no reasons", behaviour: blocked, ends: "3, 3, 3; 0", knobs: func(k *sandbox.Knobs) { k.MissingTechnicalContact, k.ErrorData = true, "none" }},
	}
}

// prices rewrites the prices of a validation.
func prices(do func(price map[string]any)) func(string, map[string]any) {
	return func(path string, doc map[string]any) {
		if data, is := doc["data"].([]any); is && strings.HasSuffix(path, "/validate") {
			for _, d := range data {
				do(d.(map[string]any)["price"].(map[string]any))
			}
		}
	}
}

func priceFlips() []flip {
	const dearer = "the dearer reading is the price"
	const unbounded = "no price, with the reason: blocks the entries"
	return []flip{
		{fact: "3.3", to: "prices are texts", behaviour: "read as numbers", ends: all, change: prices(func(p map[string]any) { p["monthlyRate"] = fmt.Sprint(p["monthlyRate"]) })},
		{fact: "3.3", to: "`fixedRecurringCharge` is 0", behaviour: dearer, ends: all, change: prices(func(p map[string]any) { p["fixedRecurringCharge"] = 0 })},
		{fact: "3.3", to: "no currency", behaviour: unbounded, ends: "3, 3, 3; 0", change: prices(func(p map[string]any) { p["currency"] = nil })},
		{fact: "3.3", to: "`empty` is true beside a price", behaviour: unbounded, ends: "3, 3, 3; 0", change: prices(func(p map[string]any) { p["empty"] = true })},
		{fact: "0.15", to: "`mbpsRate` is derived from the monthly rate", behaviour: "shown, no second charge", ends: all, change: prices(func(p map[string]any) { p["mbpsRate"] = p["monthlyRate"].(float64) / 10000 })},
		{fact: "3.3", to: "a second element for a cross connect", behaviour: dearer, ends: all, change: func(path string, doc map[string]any) {
			if data, is := doc["data"].([]any); is && strings.HasSuffix(path, "/validate") {
				more := maps.Clone(data[0].(map[string]any))
				more["productType"] = "CROSS_CONNECT"
				doc["data"] = append(data, more)
			}
		}},
		{fact: "12.4", to: "a LAG's price is that of all members", behaviour: dearer, ends: all, knobs: func(k *sandbox.Knobs) { k.LAGPrice = "total" }},
		{fact: "3.3", to: "no price at all", behaviour: unbounded, ends: "3, 3, 3; 0", knobs: func(k *sandbox.Knobs) { k.PriceShape = "missing" }},
		{fact: "3.3", to: "prices are 0, as for test accounts", behaviour: "shown as 0", ends: all, knobs: func(k *sandbox.Knobs) { k.PriceShape = "zero" }},
	}
}

// rows rewrites the rows of the listing.
func rows(do func(row map[string]any)) func(string, map[string]any) {
	return func(path string, doc map[string]any) {
		if data, is := doc["data"].([]any); is && path == "/v2/products" {
			for _, d := range data {
				do(d.(map[string]any))
			}
		}
	}
}

func onOld(key string, value any) func(string, map[string]any) {
	return rows(func(r map[string]any) {
		if r["productName"] == "old-2015" {
			r[key] = value
		}
	})
}

func listingFlips() []flip {
	const cosmetic = "tolerated: nothing hangs on it"
	const noListing = "no listing: an error, nothing is bought"
	return []flip{
		{fact: "4.2", to: "a terminated port has no speed", behaviour: cosmetic, ends: all, change: onOld("portSpeed", nil)},
		{fact: "4.2", to: "a terminated port has no location", behaviour: cosmetic, ends: all, change: onOld("locationId", nil)},
		{fact: "4.2", to: "dates are ISO texts", behaviour: cosmetic, ends: all, change: rows(func(r map[string]any) { r["createDate"] = "2026-01-01T00:00:00.000+0000" })},
		{fact: "4.2", to: "`up` is a boolean", behaviour: cosmetic, ends: all, change: rows(func(r map[string]any) {
			if i, is := r["resources"].(map[string]any); is {
				if i, is := i["interface"].(map[string]any); is {
					i["up"] = true
				}
			}
		})},
		{fact: "4.2", to: "the interface is a list", behaviour: cosmetic, ends: all, change: rows(func(r map[string]any) {
			if i, is := r["resources"].(map[string]any); is {
				i["interface"] = []any{i["interface"]}
			}
		})},
		{fact: "4.3", to: "statuses are in lower case", behaviour: "compared without case", ends: all, change: rows(func(r map[string]any) { r["provisioningStatus"] = strings.ToLower(r["provisioningStatus"].(string)) })},
		{fact: "4.1", to: "a row has no type", behaviour: "passed over with a warning; nothing is bought under its name", ends: all, change: func(path string, doc map[string]any) {
			if path == "/v2/products" {
				doc["data"] = append(doc["data"].([]any), map[string]any{"productUid": "z", "productName": "x"})
			}
		}},
		{fact: "4.1", to: "the listing is `data: null`", behaviour: noListing, ends: "1, 1, 1; 0", change: func(path string, doc map[string]any) {
			if path == "/v2/products" {
				doc["data"] = nil
			}
		}},
		{fact: "4.2", to: "a name has half an emoji", behaviour: cosmetic, ends: all, change: onOld("productName", loneSurrogate)},
		{fact: "4.2", to: "UIDs are in upper case in reads", behaviour: "compared without case", ends: all, traits: traits{UpperUIDs: true}},
		{fact: "4.2", to: "ports of a second company are listed", behaviour: "normal", ends: all, seeds: []sandbox.Seed{{Name: "partner", Overrides: map[string]jsontext.Value{"companyUid": jsontext.Value(`"6e1a5a0c-31c4-4b8e-9d6f-0c9a7d2e5f11"`)}}}},
		{fact: "4.5", to: "the zone reads null for ever", behaviour: "unknown, and no difference", ends: all, knobs: func(k *sandbox.Knobs) { k.ZoneNullReads = 1000 }},
		{fact: "4.4", to: "the cost centre is on a LAG's primary alone", behaviour: "each member is looked at", ends: all, knobs: func(k *sandbox.Knobs) { k.CostCentreOnPrimaryOnly = true }},
		{fact: "4.4", to: "the members of a LAG are numbered", behaviour: "known by UID and tag; renamed to what the entry says, and told when that does not last", ends: "0, 0, 4; 4", change: rows(func(r map[string]any) {
			if r["lagPrimary"] == false && r["aggregationId"] != nil {
				r["productName"] = fmt.Sprint(r["productName"], " (2)")
			}
		})},
	}
}

// places rewrites the locations.
func places(do func(l map[string]any)) func(string, map[string]any) {
	return func(path string, doc map[string]any) {
		if data, is := doc["data"].([]any); is && strings.HasPrefix(path, "/v3/locations") {
			for _, d := range data {
				do(d.(map[string]any))
			}
		}
	}
}

func locationFlips() []flip {
	return []flip{
		{fact: "2.1", to: "locations need a token", behaviour: "asked once more with it", ends: all, answer: func(req *http.Request) *http.Response {
			if strings.HasPrefix(req.URL.Path, "/v3/locations") && req.Header.Get("Authorization") == "" {
				return envelope(req, http.StatusUnauthorized, "Bad session token - try logging in again.")
			}
			return nil
		}},
		{fact: "2.1", to: "the status is in lower case", behaviour: "compared without case", ends: all, change: places(func(l map[string]any) { l["status"] = strings.ToLower(l["status"].(string)) })},
		{fact: "2.3", to: "the market is null", behaviour: "ordered with an empty market", ends: all, change: places(func(l map[string]any) { l["market"] = nil })},
		{fact: "2.3", to: "the market has another code", behaviour: "refused, then validated with an empty market", ends: all, change: places(func(l map[string]any) { l["market"] = "GB" })},
		{fact: "2.1", to: "`diversityZones` is null", behaviour: "the location sells nothing: blocks", ends: "3, 3, 3; 0", change: places(func(l map[string]any) { l["diversityZones"] = nil })},
		{fact: "2.1", to: "an address is a text", behaviour: "tolerated: nothing hangs on it", ends: all, change: places(func(l map[string]any) { l["address"] = "1 Street" })},
	}
}

func buyFlips() []flip {
	const unconfirmed = "unconfirmed, found in the account by name or tag"
	buy := func(do func(doc map[string]any)) func(string, map[string]any) {
		return func(path string, doc map[string]any) {
			if strings.HasSuffix(path, "/buy") {
				do(doc)
			}
		}
	}
	return []flip{
		{fact: "3.1", to: "buying is v4 alone", behaviour: "falls back to it", ends: all, knobs: func(k *sandbox.Knobs) { k.BuyV3Off = true }},
		{fact: "3.1", to: "buying is v3 alone", behaviour: "falls back to it", ends: all, knobs: func(k *sandbox.Knobs) { k.BuyV4Off = true }},
		{fact: "3.4", to: "the answer to an order is nested", behaviour: unconfirmed, ends: all, change: buy(func(doc map[string]any) { doc["data"] = map[string]any{"orders": doc["data"]} })},
		{fact: "3.4", to: "the answer to an order is an object", behaviour: unconfirmed, ends: all, change: buy(func(doc map[string]any) { doc["data"] = doc["data"].([]any)[0] })},
		{fact: "3.4", to: "a LAG's answer has one element", behaviour: unconfirmed, ends: all, change: buy(func(doc map[string]any) { doc["data"] = doc["data"].([]any)[:1] })},
		{fact: "3.4", to: "the answer names other services", behaviour: unconfirmed, ends: all, lies: []lie{{"other-uid", 2, 9}}},
		{fact: "3.4", to: "the answer names services that do not exist", behaviour: "bought, unverified, until the account shows them: the next run finds the right ones", ends: "0, 7, 0; 4", lies: []lie{{"stray-uid", 1, 9}}},
		{fact: "12.10", to: "429 is a page, and the order was not carried out", behaviour: "unconfirmed: a person resolves it", ends: "0, 5, 5; 3", lies: []lie{{"429-html", 1, 1}}},
		{fact: "12.10", to: "429 is a page, and the order was carried out", behaviour: unconfirmed, ends: all, lies: []lie{{"429-html-after", 1, 9}}},
		{fact: "12.10", to: "429 in the envelope, and the order was carried out", behaviour: "looked up before it is sent again", ends: all, lies: []lie{{"429-after", 1, 9}}},
		{fact: "1.7", to: "401 in the envelope, and the order was carried out", behaviour: "looked up before it is sent again", ends: all, lies: []lie{{"401-after", 1, 9}}},
		{fact: "1.7", to: "an unknown UID is 400", behaviour: "means the same", ends: all, knobs: func(k *sandbox.Knobs) { k.HistoricNotFound = true }},
		{fact: "4.2", to: "names are shown as HTML", behaviour: "bought and known by UID and tag; afterwards blocked, with the line to write", ends: "0, 0, 3; 4", traits: traits{Names: "amp"}},
		{fact: "4.2", to: "names are shown in upper case", behaviour: "the same name; renamed to what the entry says, and told when that does not last", ends: "0, 0, 4; 4", traits: traits{Names: "upper"}},
		{fact: "5.2", to: "tags are dropped", behaviour: "known by UID and name", ends: all, traits: traits{NoTags: true}},
	}
}

func timeFlips() []flip {
	return []flip{
		{fact: "12.12", to: "new ports are listed after 5 minutes", behaviour: "waited for, not bought again", ends: all, knobs: func(k *sandbox.Knobs) { k.ListingLag = 5 * time.Minute }},
		{fact: "8.2", to: "new ports cannot be read for 2 minutes", behaviour: "waited for, not bought again", ends: all, knobs: func(k *sandbox.Knobs) { k.NotFoundAfterBuy = 2 * time.Minute }},
		{fact: "4.4", to: "`aggregationId` is null for 4 minutes", behaviour: "one claim's services are one LAG", ends: all, traits: traits{Aggregation: "null", Unsettled: 4 * time.Minute}},
		{fact: "4.4", to: "`aggregationId` is 0 for 4 minutes", behaviour: "one claim's services are one LAG", ends: all, traits: traits{Aggregation: "zero", Unsettled: 4 * time.Minute}},
		{fact: "4.2", to: "the API's clock is two days ahead", behaviour: "no decision hangs on it alone", ends: all, traits: traits{Clock: 48 * time.Hour}},
		{fact: "4.2", to: "the API's clock is two days behind", behaviour: "no decision hangs on it alone", ends: all, traits: traits{Clock: -48 * time.Hour}},
	}
}
