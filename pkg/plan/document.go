package plan

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/go-json-experiment/json"
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
	// Company is the UID of the account's company; nil when no product told it.
	Company   *string      `json:"company" jsonschema:"nullable"`
	Inventory InventoryRef `json:"inventory"`
	// Checksum covers the decisions: what is done and for how much.
	Checksum string `json:"checksum"`
	// Seal covers the envelope: what binds the plan to an account, an inventory
	// and a time. See Sealed.
	Seal string `json:"seal"`
	Plan
}

// InventoryRef names the inventory a plan was made from.
type InventoryRef struct {
	Name string `json:"name"`
	// Digest is that of the expanded desired set.
	Digest string `json:"digest"`
}

// Sealed is the document with its seal, by which an edited envelope is found out.
func (d Document) Sealed() Document {
	company := ""
	if d.Company != nil {
		company = *d.Company
	}
	d.Seal = digest([]string{
		d.Environment, d.BaseURL, company, d.Inventory.Name, d.Inventory.Digest, d.Checksum,
		d.CreatedAt.UTC().Format(time.RFC3339), d.ExpiresAt.UTC().Format(time.RFC3339),
	})
	return d
}

// Encode writes the document as indented JSON with a final newline. The same
// document gives the same bytes.
func (d Document) Encode() ([]byte, error) {
	b, err := json.Marshal(d, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
