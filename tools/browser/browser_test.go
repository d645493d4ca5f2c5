// Package browser looks at portctl's HTML pages in a real browser: nothing is fetched,
// what can be pressed works, nobody is kept out (axe-core), and nothing sticks out at any
// width. `make test-browser` runs it.
package browser

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var (
	portctl   = flag.String("portctl", "", "the program")
	inventory = flag.String("inventory", "", "the inventory to roll out")
	axe       = flag.String("axe", "", "axe.min.js of axe-core")
	shots     = flag.String("screenshots", "", "write pictures of the pages into this folder")
)

// pages rolls an inventory out in the embedded sandbox and gives the pages before and
// after it.
func pages(t *testing.T) (plan, report string) {
	t.Helper()
	if *portctl == "" || *axe == "" {
		t.Fatal("run by `make test-browser`")
	}
	dir := t.TempDir()
	plan = write(t, dir, "plan.html", "plan", "-f", *inventory, "--format", "html")
	write(t, dir, "apply.txt", "apply", "-f", *inventory, "--auto-approve", "--result", "result.json", "--events", "events.ndjson")
	report = write(t, dir, "report.html", "report", "-f", *inventory, "--result", "result.json", "--events", "events.ndjson")
	return plan, report
}

// write runs portctl in a folder and keeps what it writes there.
func write(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var said strings.Builder
	cmd := exec.Command(*portctl, append(args, "--state", filepath.Join(dir, "state"))...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, &said
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "MEGAPORT_ENVIRONMENT=")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &said)
	}
	return file
}

// browse opens a page and fails the test for whatever is fetched besides it, and for
// whatever the browser complains of.
func browse(t *testing.T, file string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	allocated, free := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(free)
	ctx, leave := chromedp.NewContext(allocated)
	t.Cleanup(leave)
	ctx, give := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(give)
	address := (&url.URL{Scheme: "file", Path: file}).String()
	var mu sync.Mutex
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		t.Errorf(format, args...)
	}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address {
				complain("the page fetches %s", e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			complain("the page breaks: %s", e.ExceptionDetails.Error())
		case *cdplog.EventEntryAdded:
			complain("the browser says: %s", e.Entry.Text)
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), cdplog.Enable(), chromedp.Navigate(address), chromedp.WaitReady("#table")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func value[T any](t *testing.T, ctx context.Context, script string) (v T) {
	t.Helper()
	do(t, ctx, chromedp.Evaluate(script, &v))
	return v
}

const visibleRows = `[...document.querySelectorAll("#table tbody tr")].filter((r) => r.checkVisibility()).length`

func TestPages(t *testing.T) {
	plan, report := pages(t)
	for name, file := range map[string]string{"plan": plan, "report": report} {
		t.Run(name+" can be used by everybody", func(t *testing.T) {
			ctx := browse(t, file)
			for _, scheme := range []string{"light", "dark"} {
				do(t, ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
				for _, v := range violations(t, ctx) {
					t.Errorf("%s: %s", scheme, v)
				}
			}
		})
		t.Run(name+" fits any width", func(t *testing.T) {
			ctx := browse(t, file)
			for _, width := range []int64{320, 768, 1280, 2560} {
				do(t, ctx, chromedp.EmulateViewport(width, 900))
				if over := value[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("at %d pixels it is %d too wide", width, over)
				}
			}
		})
		t.Run(name+" prints on A4", func(t *testing.T) {
			ctx := browse(t, file)
			var pdf []byte
			do(t, ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
				pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).Do(ctx)
				return err
			}))
			if n := strings.Count(string(pdf), "/Type /Page\n"); n < 1 || n > 6 || !strings.Contains(string(pdf), "/MediaBox [0 0 594") && !strings.Contains(string(pdf), "/MediaBox [0 0 595") {
				t.Errorf("%d pages, %d bytes", n, len(pdf))
			}
		})
	}
	t.Run("the table is filtered", func(t *testing.T) { filters(t, browse(t, report)) })
	t.Run("by keyboard alone", func(t *testing.T) { keyboard(t, browse(t, report)) })
	t.Run("the links lead to LOAs", func(t *testing.T) { links(t, browse(t, report), report) })
	if *shots != "" {
		keep(t, report, *shots)
		picture(t, browse(t, report), filepath.Join(*shots, "report.png"))
	}
}

// violations is what axe-core finds wrong.
func violations(t *testing.T, ctx context.Context) []string {
	t.Helper()
	script, err := os.ReadFile(*axe)
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Evaluate(string(script), nil))
	var found string
	do(t, ctx, chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html).join(" | "))))`,
		&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var all []string
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		t.Fatalf("%v: %q", err, found)
	}
	return all
}

func filters(t *testing.T, ctx context.Context) {
	all := value[int](t, ctx, visibleRows)
	if all < 20 {
		t.Fatalf("%d rows", all)
	}
	shown := func(want int) {
		t.Helper()
		if got := value[int](t, ctx, visibleRows); got != want {
			t.Errorf("%d rows are shown, want %d", got, want)
		}
		if got, want := value[string](t, ctx, `document.getElementById("shown").textContent`), fmt.Sprintf("%d of %d ports", want, all); got != want {
			t.Errorf("the page says %q, want %q", got, want)
		}
	}
	shown(all)
	frankfurt := value[int](t, ctx, `[...document.querySelectorAll("#table tbody tr")].filter((r) => r.textContent.includes("Frankfurt")).length`)
	do(t, ctx, chromedp.SendKeys("#find", "FRANKFURT"))
	shown(frankfurt)
	red := value[int](t, ctx, `[...document.querySelectorAll("#table tbody tr")].filter((r) => r.textContent.includes("Frankfurt") && r.textContent.includes("red")).length`)
	do(t, ctx, chromedp.SendKeys("#find", " red"))
	shown(red)
	do(t, ctx, chromedp.SendKeys("#find", kb.End+strings.Repeat(kb.Backspace, len("FRANKFURT red"))))
	shown(all)
	market := value[int](t, ctx, `document.querySelectorAll('#table tbody tr[data-market="DE"]').length`)
	do(t, ctx, chromedp.SetValue(`select[data-key="market"]`, "DE"), chromedp.Evaluate(`document.querySelector('select[data-key="market"]').dispatchEvent(new Event("input", {bubbles: true}))`, nil))
	shown(market)
}

// keyboard goes through the page with the tab key: the first stop leads past everything.
func keyboard(t *testing.T, ctx context.Context) {
	do(t, ctx, chromedp.KeyEvent(kb.Tab))
	if got := value[string](t, ctx, `document.activeElement.className`); got != "skip" {
		t.Errorf("the first stop is %q", got)
	}
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	if got := value[string](t, ctx, `document.activeElement.id`); got != "ports" {
		t.Errorf("the link past everything leads to %q", got)
	}
	do(t, ctx, chromedp.KeyEvent(kb.Tab))
	if got := value[string](t, ctx, `document.activeElement.id`); got != "find" {
		t.Errorf("the next stop is %q", got)
	}
}

// links follows each link of the table to its file.
func links(t *testing.T, ctx context.Context, report string) {
	hrefs := value[[]string](t, ctx, `[...document.querySelectorAll("#table a")].map((a) => a.href)`)
	if rows := value[int](t, ctx, visibleRows); len(hrefs) != rows {
		t.Errorf("%d links for %d ports", len(hrefs), rows)
	}
	for _, href := range hrefs {
		u, err := url.Parse(href)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(u.Path)
		if err != nil || !strings.HasPrefix(string(content), "%PDF-") || !strings.HasPrefix(u.Path, filepath.Dir(report)) {
			t.Errorf("%s is no LOA beside the page: %v", href, err)
		}
	}
}

// keep copies the report with its LOAs into a folder.
func keep(t *testing.T, report, folder string) {
	t.Helper()
	letters, err := filepath.Glob(filepath.Join(filepath.Dir(report), "loas", "*.pdf"))
	if err != nil || len(letters) == 0 {
		t.Fatalf("no LOAs: %v", err)
	}
	for _, file := range append(letters, report) {
		name, err := filepath.Rel(filepath.Dir(report), file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func picture(t *testing.T, ctx context.Context, file string) {
	var png []byte
	do(t, ctx, chromedp.EmulateViewport(1100, 1500), chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}
