package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FormatVersion is the version of the plan document: major.minor. A reader
// ignores what it does not know of a newer minor and refuses another major.
const FormatVersion = "1.0"

// Document is a plan in its envelope: what portctl prints and saves. The
// envelope holds what the plan itself must not depend on.
type Document struct {
	FormatVersion string `json:"formatVersion"`
	// Tool is the program and version that made the plan.
	Tool      string    `json:"tool"`
	CreatedAt time.Time `json:"createdAt"`
	// ExpiresAt is when the plan may no longer be applied.
	ExpiresAt time.Time `json:"expiresAt"`
	// Environment and BaseURL name the API that was read.
	Environment string `json:"environment"`
	BaseURL     string `json:"baseURL"`
	// Company is the UID of the account's company, the first of several; nil when
	// the API names none.
	Company *string `json:"company" jsonschema:"nullable"`
	// CompanyName is what that company is called, also where its UID is not known yet;
	// empty when the API does not tell.
	CompanyName string `json:"companyName,omitzero"`
	// Account is a fingerprint of the API key that the account was read with. It
	// stands in for the company where the API names none.
	Account string `json:"account,omitzero"`
	// Owner is whose account it is, when the document was just made.
	Owner Owner `json:"-"`
	// SameAccount says that a person vouches for the API key: it is another one than
	// the plan was made with, and of the same account.
	SameAccount bool         `json:"-"`
	Inventory   InventoryRef `json:"inventory"`
	// Origin is the job that made the plan; nil outside CI.
	Origin *Origin `json:"origin,omitzero"`
	// Checksum covers the decisions: what is done and for how much.
	Checksum string `json:"checksum"`
	// Seal covers the whole document but itself: also what a newer version added,
	// and what is only explained. See Sealed.
	Seal string `json:"seal"`
	// Review is the plan as people read it; nil in a document that is not written.
	Review *Review `json:"review,omitzero"`
	// AfterMerge lists where the policy was made looser than that of the base branch,
	// which still holds: the change of the policy takes effect after merge.
	AfterMerge []string `json:"afterMerge,omitzero"`
	// Failure is why there is no plan; nil when there is one. Such a document is no plan
	// to apply: it takes the place of one, so that no older one is taken for it.
	Failure *Failure `json:"failure,omitzero"`
	// Drift is what the plan means as a look at an account that should have been left
	// as it was; nil in a plan that is made to be applied.
	Drift *Drift `json:"drift,omitzero"`
	Plan
}

// InventoryRef names the inventory a plan was made from.
type InventoryRef struct {
	Name string `json:"name"`
	// Digest is that of the expanded desired set.
	Digest string `json:"digest"`
	// Files are the files and directories it was read from, as they were named: a
	// relative path counts from the working directory of whoever reads them again.
	Files []string `json:"files,omitzero"`
}

// Failure is why no plan could be made.
type Failure struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitzero"`
	// ExitCode is what portctl plan ended with.
	ExitCode int `json:"exitCode"`
	// Problems are those of the inventory, when it is not valid.
	Problems []Problem `json:"problems,omitzero"`
}

// Problem is something wrong at a place of the inventory.
type Problem struct {
	// Severity is error or warning, Rule the rule that is broken.
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitzero"`
	Source   Source `json:"source"`
}

// Origin is a job of a CI system, as the system's own variables tell of it. It is told
// and not proven: whoever can run portctl can set the variables.
type Origin struct {
	// System is github or gitlab.
	System     string `json:"system"`
	Repository string `json:"repository"`
	// Actor is the account that started the job.
	Actor string `json:"actor"`
	// Commit is the commit that is looked at: the head of the pull request, or what
	// was pushed.
	Commit string `json:"commit"`
	// PullRequest is the number of the pull or merge request; 0 for none.
	PullRequest int `json:"pullRequest,omitzero"`
	// Run and Attempt number the job among those of its repository: a later one has a
	// higher run, and one that is repeated a higher attempt.
	Run     int64 `json:"run"`
	Attempt int   `json:"attempt"`
	// URL is the page of the run.
	URL string `json:"url,omitzero"`
}

// Sealed is the document with its seal, by which an edited one is found out. It is
// no signature: whoever can make plans can seal them.
func (d Document) Sealed() Document {
	d.Seal = ""
	if b, err := json.Marshal(d, json.Deterministic(true)); err == nil { // or else Encode fails as well
		d.Seal, _ = sealOf(b)
	}
	return d
}

// sealOf is the hash of a document's canonical form (RFC 8785) without its seal.
// It is that of the JSON itself and not of what this version understands of it.
func sealOf(document jsontext.Value) (string, error) {
	rest, err := without(document, "seal")
	if err != nil {
		return "", err
	}
	// A large integer keeps all its digits.
	if err := rest.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		return "", err
	}
	sum := sha256.Sum256(rest)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// without is a JSON object without one of its members.
func without(object jsontext.Value, member string) (jsontext.Value, error) {
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	delete(members, member)
	return json.Marshal(members)
}

// Encode writes the document as indented JSON with a final newline. The same
// document gives the same bytes.
func (d Document) Encode() ([]byte, error) {
	b, err := json.Marshal(d, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(VisibleText(b), '\n'), nil
}
