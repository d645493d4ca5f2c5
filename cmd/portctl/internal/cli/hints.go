package cli

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// pasted makes the hints of a plan: their commands meet the same inventory, ledger
// and account when they are pasted into a shell.
func (g *globals) pasted() render.Options {
	return render.Options{Ledger: g.repeatFlags(plan.Selection{})}
}

// command is a command line in backquotes that meets the same inventory, ledger and
// account as this one.
func (g *globals) command(words ...string) string {
	return "`" + render.Command(slices.Concat([]string{"portctl"}, words, g.repeatFlags(plan.Selection{}))...) + "`"
}

// withWayOut adds to an error from below the command that leads out of it. What a
// command of ours said itself stays.
func (g *globals) withWayOut(err error) error {
	var own hinted
	var locked *ledger.LockedError
	var resolve *refresh.ResolveError
	var forgotten *memoryError
	switch {
	case errors.As(err, &own):
	case errors.As(err, &locked) && locked.Breakable && locked.Holder.Run != "":
		return withHint(err, "wait until it is done; when you know that the run is dead, "+g.command("ledger", "unlock", locked.Holder.Run))
	case errors.As(err, &resolve) && resolve.NoClaim:
		return withHint(err, g.command("ledger", "list")+" lists the open claims")
	case errors.As(err, &forgotten):
		list := render.Command(slices.Concat([]string{"portctl", "ledger", "list", "--state", "PLACE"}, g.withoutState())...)
		return withHint(err, "delete it when you know where the open claims are: `"+list+"`")
	}
	return err
}

// withCommands adds to a result the commands that its findings lead to.
func (o *applyOptions) withCommands(r apply.Result) apply.Result {
	r.Audit = slices.Clone(r.Audit)
	for i, f := range r.Audit {
		if f.NotAudited() {
			r.Audit[i].Text += "; " + o.command("plan") + " looks again"
		}
	}
	r.Actions = slices.Clone(r.Actions)
	for i := range r.Actions {
		a := &r.Actions[i]
		a.LOAs = slices.Clone(a.LOAs)
		for j, l := range a.LOAs {
			a.LOAs[j] = o.askAgain(a.Name, l, o.loaDir)
		}
	}
	return r
}

// askAgain adds to an LOA that an earlier run was refused the command that asks for
// it again.
func (g *globals) askAgain(name string, l apply.LOAResult, folder string) apply.LOAResult {
	if l.Final && l.Known && l.Error != nil {
		failure := *l.Error
		failure.Message += "; " + g.refreshLOA(name, folder)
		l.Error = &failure
	}
	return l
}

// refreshLOA is the command that asks for an LOA again. A name after "--" is no flag.
func (g *globals) refreshLOA(name, folder string) string {
	args := append([]string{"portctl", "loa", "--refresh"}, g.repeatFlags(plan.Selection{})...)
	if folder != defaultLOADir {
		args = append(args, "--loa-dir", folder)
	}
	if strings.HasPrefix(name, "-") {
		args = append(args, "--")
	}
	return "`" + render.Command(append(args, name)...) + "` asks again"
}

// hintOf is what an error itself says to do, or else what there is to do about an
// API that cannot be reached or understood; empty when nothing is known.
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	return advice(err)
}

// advice is the way out of failures of the API. The client does not give it,
// because it knows neither flags nor commands.
func advice(err error) string {
	var auth *megaport.AuthError
	var request *megaport.RequestError
	var decode *megaport.DecodeError
	var answer *megaport.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "" // a person stopped it
	case errors.As(err, &auth) && auth.Refused && auth.Status == http.StatusNotFound:
		return "no token endpoint at this address: correct --token-url"
	case errors.As(err, &auth) && auth.Status != 0:
		return "" // the message says what to check
	case errors.As(err, &request) || errors.As(err, &auth):
		return "check the network, the proxy (HTTPS_PROXY) and the address, then run the same command again"
	case errors.As(err, &decode):
		return "portctl does not act on an unreadable answer: give Megaport support the trace id"
	case errors.As(err, &answer):
		return adviceOn(answer.Status)
	}
	return ""
}

func adviceOn(status int) string {
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return "the API is busy or failing: run the same command again later"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the API key lacks permission: check its role in the Megaport portal, and that it belongs to this environment"
	}
	return ""
}
