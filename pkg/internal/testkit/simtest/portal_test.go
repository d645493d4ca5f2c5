package simtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// portal is the account as a person sees it in a browser: the truth about what is
// visible. It goes by the API, past the liar; a fault that it meets passes when it
// tries again.
type portal struct {
	server *sandbox.Server
	mu     sync.Mutex
	seen   map[string]bool // services that were listed once: one that is not any more is gone
}

// row is a service in the portal.
type row struct {
	UID         string `json:"productUid"`
	Name        string `json:"productName"`
	Status      string `json:"provisioningStatus"`
	Location    int    `json:"locationId"`
	Aggregation int    `json:"aggregationId"`
}

func (r row) alive() bool { return !plan.Status(r.Status).Terminated() }

func (p *portal) call(ctx context.Context, method, path, body string, into any) error {
	var err error
	for range 40 {
		if err = p.once(ctx, method, path, body, into); err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

func (p *portal) once(ctx context.Context, method, path, body string, into any) error {
	var token struct {
		Token string `json:"access_token"`
	}
	if err := p.send(ctx, http.MethodPost, sandbox.TokenPath, "grant_type=client_credentials", "", &token); err != nil {
		return err
	}
	return p.send(ctx, method, path, body, token.Token, into)
}

func (p *portal) send(ctx context.Context, method, path, body, token string, into any) error {
	ctx, leave := context.WithTimeout(ctx, 20*time.Second)
	defer leave()
	req, err := http.NewRequestWithContext(ctx, method, "http://sandbox.invalid"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("person", "secret")
	} else {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := p.server.Transport().RoundTrip(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		return errors.Join(err, fmt.Errorf("the portal: %s %s: %d %s", method, path, answer.StatusCode, content))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(content, into)
}

// rows are the services that the account shows.
func (p *portal) rows(ctx context.Context) (map[string]row, error) {
	var list struct {
		Data []jsontext.Value `json:"data"`
	}
	if err := p.call(ctx, http.MethodGet, "/v2/products", "", &list); err != nil {
		return nil, err
	}
	out := map[string]row{}
	for _, v := range list.Data {
		var r row
		if json.Unmarshal(v, &r) == nil {
			out[r.UID] = r
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for uid := range p.seen {
		if _, listed := out[uid]; !listed {
			out[uid] = row{UID: uid, Status: string(plan.StatusDecommissioned)}
		}
	}
	for uid := range out {
		p.seen[uid] = true
	}
	return out, nil
}

func (p *portal) rename(ctx context.Context, uid, name string) error {
	return p.call(ctx, http.MethodPut, "/v2/product/megaport/"+uid, fmt.Sprintf(`{"name":%q}`, name), nil)
}

// ends notes that a service is terminated: when it is not listed later it is gone.
func (p *portal) ends(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[uid] = true
}

func (p *portal) cancel(ctx context.Context, uid string) error {
	p.ends(uid)
	return p.call(ctx, http.MethodPost, "/v3/product/"+uid+"/action/CANCEL_NOW", "", nil)
}

// others are services that the account has besides: a second company's, and some
// with fields that nothing hangs on and that are odd.
func others() []sandbox.Seed {
	odd := func(members ...string) map[string]jsontext.Value {
		out := map[string]jsontext.Value{}
		for i := 0; i < len(members); i += 2 {
			out[members[i]] = jsontext.Value(members[i+1])
		}
		return out
	}
	return []sandbox.Seed{
		{Name: "partner " + loneSurrogate, SpeedMbps: 10000, Overrides: odd("companyUid", `"6e1a5a0c-31c4-4b8e-9d6f-0c9a7d2e5f11"`, "companyName", `"Partner"`)},
		{Name: loneSurrogate, Status: "DECOMMISSIONED", SpeedMbps: 10000, Overrides: odd("portSpeed", "null", "locationId", "null", "createDate", `"long ago"`)},
		{Name: "ours", SpeedMbps: 1000, Overrides: odd("contractEndDate", `"2027-01-01"`, "market", "null", "resources", "[]", "costCentre", "17")},
	}
}

// byHand is what somebody else does in the portal.
func (w *world) byHand(ctx context.Context, e edit) {
	if !slices.Contains(handEdits(), e.What) || e.What == "absent" {
		return
	}
	rows, err := w.portal.rows(ctx)
	if err != nil {
		return // the person gives up
	}
	var mine []string
	for _, o := range w.server.Record().Orders {
		if o.Committed && entryOf(o.Name) == e.Entry {
			mine = append(mine, o.UIDs...)
		}
	}
	mine = slices.DeleteFunc(mine, func(u string) bool { return !rows[u].alive() || rows[u].UID == "" })
	if len(mine) == 0 {
		return
	}
	w.totals.changed++
	switch e.What {
	case "portal-rename":
		for _, uid := range mine {
			_ = w.portal.rename(ctx, uid, fmt.Sprintf("legacy-%d", e.Entry)) // what fails is not renamed
		}
	case "portal-cancel":
		_ = w.portal.cancel(ctx, mine[0]) // what fails is not cancelled
	case "vxc", "vxc-absent":
		w.liar.mu.Lock()
		w.liar.vxcs[mine[len(mine)-1]] = true
		w.liar.mu.Unlock()
	}
}

// cancelling judges a cancellation by the program: of an entry that says absent,
// and of a LAG only when no member of it has a VXC.
func (w *world) cancelling(uid string) error {
	w.portal.ends(uid)
	for _, o := range w.server.Record().Orders {
		i := entryOf(o.Name)
		if !slices.Contains(o.UIDs, uid) || i < 0 {
			continue
		}
		if !w.file.lines[i].absent {
			w.mistaken("service %s of %s is cancelled, and its entry is wanted", uid, o.Name)
		}
	}
	w.liar.mu.Lock()
	var attached []string
	for u := range w.liar.vxcs {
		attached = append(attached, u)
	}
	w.liar.mu.Unlock()
	for _, u := range attached {
		if w.sameLAG(u, uid) {
			w.mistaken("service %s is cancelled, and VXCs end on %s of the same LAG", uid, u)
		}
	}
	return nil
}

func (w *world) mistaken(format string, args ...any) {
	w.count(func(t *totals) { t.mistakes++ })
	w.violated(format, args...)
}

// sameLAG says that two services are of one entry's LAG.
func (w *world) sameLAG(a, b string) bool {
	entry := func(uid string) int {
		for _, o := range w.server.Record().Orders {
			if slices.Contains(o.UIDs, uid) {
				return entryOf(o.Name)
			}
		}
		return -1
	}
	i := entry(a)
	return i >= 0 && i == entry(b) && w.file.lines[i].lag > 0
}
