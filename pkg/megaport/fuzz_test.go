package megaport

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// seed gives a fuzz target every body there is; each decoder has to survive the
// others' bodies, too.
func seed(f *testing.F) {
	f.Helper()
	for _, dir := range []string{"exchanges", "facts"} {
		entries, err := os.ReadDir(filepath.Join("testdata", dir))
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			f.Add(testdata(f, dir, e.Name()))
		}
	}
	for _, body := range []string{``, `{"data":[` + `{` + strictPort + `}]}`, `{"data":[1e999]}`, `{"data":{"resourceTags":[{}]}}`, `{"message":"m","data":[[[["x"]]]]}`} {
		f.Add(body)
	}
}

func FuzzDecodeLocations(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		list, err := decodeLocations(strings.NewReader(body))
		if (err == nil) != (list != nil) {
			t.Fatalf("%d locations and %v", len(list), err)
		}
		for _, l := range list {
			if l.ID <= 0 || !slices.IsSorted(l.Speeds) || l.Zones == nil {
				t.Fatalf("%+v", l)
			}
		}
	})
}

func FuzzDecodeProducts(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		l, err := decodeProducts(strings.NewReader(body))
		if (err == nil) != (l.Ports != nil) {
			t.Fatalf("%d ports and %v", len(l.Ports), err)
		}
		for _, p := range l.Ports {
			untyped := p.ProductType == "" || strings.ContainsRune(p.ProductType, utf8.RuneError)
			if p.UID == "" || p.Status == "" || p.VXCs < 0 || p.Virtual || !untyped && !strings.EqualFold(p.ProductType, "MEGAPORT") {
				t.Fatalf("%+v", p)
			}
		}
		if p, err := decodeProduct(strings.NewReader(body), testUID, noSecrets); err == nil && p.UID != testUID {
			t.Fatalf("%+v", p)
		}
	})
}

func FuzzDecodeBuy(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		uids, _, err := decodePurchase(strings.NewReader(body))
		if slices.Contains(uids, "") || len(slices.Compact(slices.Sorted(slices.Values(uids)))) != len(uids) {
			t.Fatalf("%q, %v", uids, err)
		}
		if len(uids) > 0 && !strings.Contains(body, "technicalServiceUid") && !strings.Contains(body, `\u`) {
			t.Fatalf("%q out of nothing", uids)
		}
	})
}

func FuzzDecodeValidate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		q, err := decodeQuote(strings.NewReader(body), 1000)
		if q.HasPrice && (err != nil || q.Currency == "" || q.Empty || q.Unknown != "" || q.Monthly.IsNegative() || q.OneTime.IsNegative()) {
			t.Fatalf("%+v, %v", q, err)
		}
		if err == nil && !q.HasPrice && q.Unknown == "" {
			t.Fatalf("no price and no reason: %+v", q)
		}
	})
}

func FuzzDecodeTags(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		if tags, err := decodeTags(strings.NewReader(body)); (err == nil) != (tags != nil) {
			t.Fatalf("%v and %v", tags, err)
		}
	})
}

func FuzzDecodeApprovals(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		list, err := decodeApprovals(strings.NewReader(body))
		if (err == nil) != (list != nil) {
			t.Fatalf("%v and %v", list, err)
		}
		for _, a := range list {
			if a.Status == "" || a.Order.LocationID < 0 || a.Order.Speed < 0 || slices.Contains(a.Order.Texts, "") {
				t.Fatalf("%+v", a)
			}
		}
	})
}

func FuzzDecodeCompanies(f *testing.F) {
	seed(f)
	f.Add(`[{"company":{"uid":"160208ae-01e4-4cb9-8d69-03a197b31cd2"},"companyName":" Example \ud83d"}]`)
	f.Fuzz(func(t *testing.T, body string) {
		found, err := decodeCompanies(strings.NewReader(body))
		if err != nil && len(found.UIDs)+len(found.Names) > 0 {
			t.Fatalf("%v and %v", found, err)
		}
		for _, name := range found.Names {
			if name == "" || name != strings.TrimSpace(name) || !utf8.ValidString(name) {
				t.Fatalf("%q", name)
			}
		}
		for _, uid := range found.UIDs {
			if !isUUID(uid) || uid != strings.ToLower(uid) {
				t.Fatalf("%q", uid)
			}
		}
	})
}

func FuzzDecodeCharges(f *testing.F) {
	seed(f)
	f.Add(`{"data":[{"amount":1.5,"currency":"GBP"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		c, err := decodeCharges(strings.NewReader(body))
		if c.Known && (err != nil || c.Currency == "" || c.Amount.IsNegative()) {
			t.Fatalf("%+v, %v", c, err)
		}
		for _, line := range c.Text {
			checkLine(t, line)
		}
	})
}

func FuzzDecodeError(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, kind := range []string{"application/json", "text/html", body} {
			err := errorOf(500, body, "Content-Type", kind, "Trace-Id", body)
			checkLine(t, err.Error())
			if len(err.Reasons) > maxReasons+1 {
				t.Fatalf("%d reasons", len(err.Reasons))
			}
			if err.FromAPI && !strings.Contains(body, "message") && !strings.Contains(body, `\u`) {
				t.Fatalf("taken for the API's: %+v", err)
			}
		}
	})
}

// checkLine insists on one line that a terminal shows as it is.
func checkLine(t *testing.T, line string) {
	t.Helper()
	for _, r := range line {
		if r != ' ' && !unicode.IsPrint(r) {
			t.Fatalf("%q holds %U", line, r)
		}
	}
}

func FuzzLOA(f *testing.F) {
	seed(f)
	f.Add("%PDF-1.4\n%%EOF\n")
	f.Fuzz(func(t *testing.T, body string) {
		a := testAttempt(classRead)
		a.secrets = noSecrets
		if err := checkPDF(testUID, a, []byte(body)); err == nil && (!strings.HasPrefix(body, "%PDF-") || !strings.Contains(body, "%%EOF")) {
			t.Fatalf("%q passed", body)
		} else if err != nil {
			checkLine(t, err.Error())
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "120", "-1", "1e3", "Fri, 02 Jan 2026 03:05:05 GMT", "Fri Jan  2 03:05:05 2026", "99999999999999999999"} {
		f.Add(value)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		wait, ok := parseRetryAfter(value, now)
		if wait < 0 || wait > 24*time.Hour || !ok && wait != 0 {
			t.Fatalf("%q: %s, %v", value, wait, ok)
		}
	})
}

func FuzzWholeNumber(f *testing.F) {
	for _, text := range []string{"0", "-0", "1000.0", "1e3", "1.5", "1e999", "9223372036854775807", "9007199254740993.0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := decodeQuote(strings.NewReader(`{"data":[{"price":{"monthlyRate":`+text+`,"currency":"GBP"}}]}`), 1000)
		if err == nil && q.HasPrice && len(q.Monthly.String()) > 60 {
			t.Fatalf("%s became a monster of %d digits", text, len(q.Monthly.String()))
		}
		if n, err := wholeNumber(text); err != nil && n != 0 {
			t.Fatalf("%q: %d and %v", text, n, err)
		}
	})
}
