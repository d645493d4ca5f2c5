package simtest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// loneSurrogate stands in names of services for half an emoji, which only the
// bytes of an answer can hold.
const loneSurrogate = "LONE-SURROGATE"

// read rewrites what the API shows.
func (l *liar) read(req *http.Request, a *http.Response, fast time.Duration) (*http.Response, error) {
	path := req.URL.Path
	listing, one := path == "/v2/products", strings.HasPrefix(path, "/v2/product/") && strings.Count(path, "/") == 3
	tags := strings.HasSuffix(path, "/tags")
	if a.StatusCode != http.StatusOK || !listing && !one && !tags && path != "/v3/order_approvals" {
		return a, nil
	}
	body, err := io.ReadAll(a.Body)
	_ = a.Body.Close()
	if err != nil {
		a.Body = broken{bytes.NewReader(body), err}
		return a, nil
	}
	if tags && l.traits.NoTags {
		return withBody(a, []byte(`{"message":"ok","terms":"This data is subject to the Acceptable Use Policy","data":{"resourceTags":[]}}`)), nil
	}
	var doc map[string]any
	if json.Unmarshal(body, &doc) != nil {
		return withBody(a, body), nil
	}
	switch data := doc["data"].(type) {
	case []any:
		kept := []any{}
		for _, row := range data {
			if r, is := row.(map[string]any); !is || l.row(r, fast) {
				kept = append(kept, row)
			}
		}
		doc["data"] = kept
	case map[string]any:
		if !l.row(data, fast) {
			return envelope(req, http.StatusNotFound, "Could not find a service with UID"), nil
		}
	}
	if body, err = json.Marshal(doc); err != nil {
		return nil, err
	}
	return withBody(a, bytes.ReplaceAll(body, []byte(loneSurrogate), []byte(`\ud83d`))), nil
}

// row rewrites one row; false drops it.
func (l *liar) row(r map[string]any, fast time.Duration) bool {
	uid, _ := r["productUid"].(string)
	if l.traits.Forgets && r["provisioningStatus"] == "DECOMMISSIONED" {
		if end, ok := r["terminateDate"].(float64); ok && time.Since(time.UnixMilli(int64(end))) > 30*24*time.Hour {
			return false
		}
	}
	young := false
	if ms, ok := r["createDate"].(float64); ok {
		young = time.Since(time.UnixMilli(int64(ms))) < l.traits.Unsettled
	}
	for _, date := range []string{"createDate", "liveDate", "terminateDate", "contractStartDate", "contractEndDate"} {
		if ms, ok := r[date].(float64); ok {
			r[date] = ms + float64((l.traits.Clock - fast).Milliseconds())
		}
	}
	if uid == "" {
		return true
	}
	l.mu.Lock()
	if l.vxcs[uid] {
		r["associatedVxcs"] = []any{map[string]any{"productUid": "9e8d7c6b-5a49-4837-a615-243342516071", "productName": "vxc", "productType": "VXC", "provisioningStatus": "LIVE"}}
	}
	l.mu.Unlock()
	if name, ok := r["productName"].(string); ok {
		r["productName"] = l.traits.shown(name)
	}
	if young {
		l.traits.unsettle(r)
	}
	if l.traits.UpperUIDs {
		r["productUid"] = strings.ToUpper(uid)
	}
	return true
}

// unsettle is how a service reads soon after its order.
func (t traits) unsettle(r map[string]any) {
	if r["aggregationId"] != nil {
		switch t.Aggregation {
		case "null":
			r["aggregationId"], r["lagId"], r["lagPrimary"] = nil, nil, false
		case "zero":
			r["aggregationId"], r["lagId"], r["lagPrimary"] = 0, 0, false
		case "other":
			r["aggregationId"] = r["aggregationId"].(float64) + 70000
		}
	}
	if t.SiteLate {
		r["locationId"] = otherSite(r["locationId"])
	}
}

// shown is a name as the API shows it.
func (t traits) shown(name string) string {
	switch t.Names {
	case "amp":
		return strings.ReplaceAll(name, "&", "&amp;")
	case "upper":
		return strings.ToUpper(name)
	case "cut":
		return name[:min(len(name), 12)]
	case "squeeze":
		return strings.Join(strings.Fields(name), " ")
	}
	return name
}
