package forge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Marker is what a comment or an issue is found by: a hidden line at its beginning.
type Marker struct {
	// Inventory and Environment say what it is about. A plan that failed early may
	// know neither; then the Files of the inventory stand in.
	Inventory   string   `json:"inventory,omitzero"`
	Environment string   `json:"environment,omitzero"`
	Files       []string `json:"files,omitzero"`
	// Head is the commit that was looked at, Run and Attempt the job that looked.
	Head    string `json:"head,omitzero"`
	Run     int64  `json:"run,omitzero"`
	Attempt int    `json:"attempt,omitzero"`
	// Sum is the hash of what the text says, without what differs from run to run.
	Sum string `json:"sum"`
}

// markerLead begins a marker; it ends with the comment of HTML.
const markerLead = "<!-- portctl:"

// String is the marker as a hidden line. Its text can end no comment of HTML.
func (m Marker) String() string {
	b, err := json.Marshal(m, json.Deterministic(true))
	if err != nil { // a value of texts and numbers
		return ""
	}
	return markerLead + strings.NewReplacer("-", `\u002d`, ">", `\u003e`, "<", `\u003c`).Replace(string(b)) + " -->"
}

// ParseMarker reads the marker at the beginning of a text.
func ParseMarker(body string) (Marker, bool) {
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	text, leads := strings.CutPrefix(strings.TrimSpace(line), markerLead)
	text, ends := strings.CutSuffix(text, "-->")
	var m Marker
	if !leads || !ends || json.Unmarshal([]byte(text), &m) != nil {
		return Marker{}, false
	}
	return m, true
}

// about says that both markers are about one inventory in one environment.
func (m Marker) about(other Marker) bool {
	if m.Inventory == "" || other.Inventory == "" {
		known := m.Environment != "" && other.Environment != ""
		return slices.Equal(m.Files, other.Files) && (!known || m.Environment == other.Environment)
	}
	return m.Inventory == other.Inventory && m.Environment == other.Environment
}

// Text is what is to be shown.
type Text struct {
	Marker
	// Title is that of an issue.
	Title string
	// Body is in Markdown, without the marker.
	Body string
	// Silent says that there is nothing to tell: a text that stands is brought up to
	// date, and none is begun. An issue is closed.
	Silent bool
}

// NewText is a text with its sum, which is that of what it says without what differs
// from run to run.
func NewText(m Marker, title, body, lasting string, silent bool) Text {
	sum := sha256.Sum256([]byte(title + "\x00" + lasting))
	m.Sum = hex.EncodeToString(sum[:16])
	return Text{m, title, body, silent}
}

// Whole is the text as it is sent.
func (t Text) Whole() string { return t.Marker.String() + "\n" + t.Body }

// Posted is a comment or an issue as the forge has it.
type Posted struct {
	ID    int64
	Title string
	Body  string
	// Closed is true of an issue that is closed.
	Closed bool
	// Trusted says that the forge names an author who may write for the repository:
	// what others write is no text of ours, whatever its marker says.
	Trusted bool
}

// Step is what to do about a text.
type Step int

// The steps.
const (
	// Leave changes nothing.
	Leave Step = iota
	// Create begins a new comment or issue.
	Create
	// Update replaces the one that stands.
	Update
	// Close replaces an issue and closes it.
	Close
)

// Decision is a step, the post it is about, and why nothing is done.
type Decision struct {
	Step Step
	Post Posted
	Why  string
}

// DecideComment decides about the comment on a pull request whose head is the given
// commit now.
func DecideComment(t Text, head string, posted []Posted) Decision {
	if t.Head != head {
		return Decision{Why: "the plan is for commit " + short(t.Head) + ", and the pull request is at " + short(head)}
	}
	have, found := find(t, posted)
	was, _ := ParseMarker(have.Body)
	switch {
	case !found && t.Silent:
		return Decision{Why: "nothing would change, and there is no comment"}
	case !found:
		return Decision{Step: Create}
	case was.Head == t.Head && t.before(was):
		return Decision{Post: have, Why: "a later run has commented on this commit"}
	case was.Sum == t.Sum && was.Head == t.Head:
		return Decision{Post: have, Why: "the comment says the same already"}
	}
	return Decision{Step: Update, Post: have}
}

// DecideIssue decides about the issue of an inventory: one that was closed is opened
// again, so that there is one for all time.
func DecideIssue(t Text, posted []Posted) Decision {
	have, found := find(t, posted)
	was, _ := ParseMarker(have.Body)
	switch {
	case !found && t.Silent:
		return Decision{Why: "there is no drift, and no issue"}
	case !found:
		return Decision{Step: Create}
	case t.before(was):
		return Decision{Post: have, Why: "a later run has written the issue"}
	case t.Silent && have.Closed:
		return Decision{Post: have, Why: "there is no drift, and the issue is closed"}
	case t.Silent:
		return Decision{Step: Close, Post: have}
	case was.Sum == t.Sum && !have.Closed:
		return Decision{Post: have, Why: "the issue says the same already"}
	}
	return Decision{Step: Update, Post: have}
}

// find is the first post about the same inventory; an open issue comes before a closed
// one.
func find(t Text, posted []Posted) (Posted, bool) {
	var ours []Posted
	for _, p := range posted {
		if m, marked := ParseMarker(p.Body); marked && p.Trusted && m.about(t.Marker) {
			ours = append(ours, p)
		}
	}
	if len(ours) == 0 {
		return Posted{}, false
	}
	return slices.MinFunc(ours, func(a, b Posted) int {
		closed := func(p Posted) int {
			if p.Closed {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(closed(a), closed(b)), cmp.Compare(a.ID, b.ID))
	}), true
}

// before says that a run began before another.
func (m Marker) before(other Marker) bool {
	return cmp.Or(cmp.Compare(m.Run, other.Run), cmp.Compare(m.Attempt, other.Attempt)) < 0
}

func short(commit string) string {
	if len(commit) > 9 {
		return commit[:9]
	}
	return cmp.Or(commit, "unknown")
}
