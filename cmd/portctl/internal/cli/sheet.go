package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

// fromSheet makes an inventory of a spreadsheet, with the answers of flags and, on a
// terminal, of a person.
func (o initOptions) fromSheet(ctx context.Context, s Env, path string) ([]byte, error) {
	file, name, err := o.spreadsheet(s)
	if err != nil {
		return nil, err
	}
	options := inventory.SheetOptions{Name: name, Sheet: o.sheet, KeepColumns: o.keepColumns}
	if options.Answers, err = o.answers(); err != nil {
		return nil, err
	}
	if options.Environment, options.Catalog, err = o.catalog(ctx, s); err != nil {
		return nil, err
	}
	in := bufio.NewReader(s.In)
	for {
		content, questions, warnings, err := inventory.FromSheet(file, options)
		if err != nil {
			for _, q := range questions {
				fmt.Fprintf(s.Err, "to be answered then: %s\n", asking(q))
			}
			return nil, err
		}
		if len(questions) == 0 {
			if len(warnings) > 0 && !o.quiet {
				if err := warnings.WriteText(s.Err); err != nil {
					return nil, err
				}
			}
			return content, o.saveAnswers(options.Answers)
		}
		if !s.InTerminal || !s.ErrTerminal || o.from == "-" {
			return nil, o.unanswered(s, path, questions)
		}
		if err := ask(ctx, s, in, questions, options.Answers); err != nil {
			return nil, err
		}
	}
}

// spreadsheet reads the file, and names the inventory after it.
func (o initOptions) spreadsheet(s Env) (inventory.File, string, error) {
	if o.from == "-" {
		content, err := io.ReadAll(s.In)
		return inventory.File{Name: "stdin", Content: content}, "inventory", err
	}
	content, err := os.ReadFile(o.from)
	return inventory.File{Name: o.from, Content: content}, inventory.NameFrom(o.from), err
}

// catalog has the locations of the environment, which take no login, or those of a file.
func (o initOptions) catalog(ctx context.Context, s Env) (environment string, c *plan.Catalog, err error) {
	t, err := o.target(s, "")
	from := *o.globals
	if err == nil && o.locations != "" { // a list of the environment's that somebody saved
		from.environment = sandboxName
	}
	var session *session
	if err == nil {
		session, err = from.open(ctx, s, "", true)
	}
	if errors.Is(err, errNoEnvironment) {
		return "", nil, withHint(errors.New("no environment is set, so the sites cannot be looked up"), "--env production needs no API key for that; --env sandbox has some locations to try")
	}
	if err != nil {
		return "", nil, err
	}
	defer session.close()
	all, err := provider.NewReader(session.client).Locations(ctx)
	if err != nil {
		return "", nil, err
	}
	catalog := plan.NewCatalog(all)
	return t.Environment, &catalog, nil
}

// answers are those of --map and --default.
func (o initOptions) answers() (map[string]string, error) {
	answers := map[string]string{}
	for _, m := range o.maps {
		lines := []string{m}
		if file, isFile := strings.CutPrefix(m, "@"); isFile {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			lines = strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n")
		}
		for _, line := range lines {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			key, value, err := answerOf(line)
			if err != nil {
				return nil, err
			}
			answers[key] = value
		}
	}
	for _, d := range o.defaults {
		key, value, found := strings.Cut(d, "=")
		if !found || key == "" || value == "" {
			return nil, withHint(fmt.Errorf("--default %q is not key=value", d), "write for example --default term=12")
		}
		answers["default:"+key] = value
	}
	return answers, nil
}

// answerOf takes an answer apart, at its last "=": what is written may have one.
func answerOf(line string) (key, value string, err error) {
	i := strings.LastIndexByte(line, '=')
	kind, _, _ := strings.Cut(line, ":")
	if i < 0 || line[i+1:] == "" || !slices.Contains([]string{"site", "zone", "speed", "term", "default"}, kind) {
		return "", "", withHint(fmt.Errorf("--map %q is no answer", line), "write site:TEXT=ID, zone:TEXT=red, speed:TEXT=10G or term:TEXT=12")
	}
	return line[:i], line[i+1:], nil
}

func (o initOptions) saveAnswers(answers map[string]string) error {
	if o.saveMap == "" {
		return nil
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		fmt.Fprintf(&b, "%s=%s\n", key, answers[key])
	}
	return os.WriteFile(o.saveMap, []byte(b.String()), 0o644)
}

// asking is a question as a person reads it.
func asking(q inventory.Question) string {
	kind, _, _ := strings.Cut(q.Key, ":")
	text := fmt.Sprintf("%s %q (%s, the first is %d): ", kind, render.Clean(q.Text), render.Plural(q.Rows, "row", "rows"), q.Line)
	switch len(q.Proposals) {
	case 0:
		return text + "not known"
	case 1:
		return text + render.Clean(q.Proposals[0].Means) + "?"
	}
	var all []string
	for _, p := range q.Proposals[:min(len(q.Proposals), 5)] {
		all = append(all, render.Clean(p.Means))
	}
	if more := len(q.Proposals) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("one of %d more", more))
	}
	return text + strings.Join(all, " or ") + "?"
}

// unanswered lists the questions and the command that answers them.
func (o initOptions) unanswered(s Env, path string, questions []inventory.Question) error {
	args := []string{"portctl", "init", "--from", o.from}
	args = append(args, repeated("--map", o.maps...)...)
	args = append(args, repeated("--default", o.defaults...)...)
	for _, q := range questions {
		answer := map[bool]string{true: "ID", false: "VALUE"}[strings.HasPrefix(q.Key, "site:")]
		if len(q.Proposals) == 1 {
			answer = q.Proposals[0].Answer
		}
		fmt.Fprintf(s.Err, "error: %s\n", asking(q))
		args = append(args, "--map", q.Key+"="+answer)
	}
	if o.sheet != "" {
		args = append(args, "--sheet", o.sheet)
	}
	if o.keepColumns {
		args = append(args, "--keep-columns")
	}
	args = slices.Concat(args, o.withoutState(), []string{path})
	return exitWith(exitRefused, withHint(fmt.Errorf("%s to be answered, so nothing is written", render.Plural(len(questions), "thing is", "things are")),
		"say what is meant, and check what is proposed:\n"+render.Command(args...)))
}

// ask has a person answer. No answer ends it.
func ask(ctx context.Context, s Env, in *bufio.Reader, questions []inventory.Question, answers map[string]string) error {
	for _, q := range questions {
		fmt.Fprintln(s.Err, asking(q))
		prompt := "  type what is meant, or nothing to stop: "
		if len(q.Proposals) == 1 {
			prompt = fmt.Sprintf("  type yes for %s, something else that is meant, or nothing to stop: ", q.Proposals[0].Answer)
		}
		answer := typed(ctx, s, in, prompt)
		if answer == "yes" && len(q.Proposals) == 1 {
			answer = q.Proposals[0].Answer
		}
		if answer == "" {
			return exitWith(exitRefused, errors.New("not answered, so nothing is written"))
		}
		answers[q.Key] = answer
	}
	return nil
}
