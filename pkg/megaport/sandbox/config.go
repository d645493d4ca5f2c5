package sandbox

import (
	"cmp"
	"time"

	"github.com/rs/zerolog"
)

// TokenPath is the path of the OAuth2 token endpoint, the same as on the real
// token hosts (API facts §1.1, confidence A).
const TokenPath = "/oauth2/token"

// Config says how a Server starts. The zero value is usable: everything in
// memory, no latency, default prices, the embedded catalog, a port CONFIGURED
// two seconds and LIVE four seconds after its order.
type Config struct {
	// Data is the path of the bbolt file that keeps the account; its folder must
	// exist. Empty keeps everything in memory. Beside it a file with the suffix
	// ".lock" is where processes queue.
	Data string
	// Now is the clock, time.Now when nil. The lifecycle of every service is
	// computed from stored timestamps, so it goes on while no server runs.
	Now func() time.Time
	// NewUID makes the UIDs of what is created; nil gives random version 4 UUIDs.
	// It is called by one goroutine at a time.
	NewUID func() string
	// Knobs are the initial knobs.
	Knobs Knobs
	// Prices is the price table; its zero value gives the default prices.
	Prices Prices
	// Company is the owner of the account; zero fields take fixed defaults, so
	// that a restart finds the same company.
	Company Company
	// Locations replaces the embedded catalog when not nil.
	Locations []Location
	// Credentials lists the access keys and their secrets that may fetch a token.
	// When nil, any non-empty key with any non-empty secret may.
	Credentials map[string]string
	// Log gets one line per request; the zero Logger writes nothing. Neither
	// queries, headers nor bodies are logged.
	Log zerolog.Logger
}

// Company is the owner of everything in the account.
type Company struct {
	ID   int
	UID  string
	Name string
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewUID == nil {
		c.NewUID = newUUID
	}
	c.Company.ID = cmp.Or(c.Company.ID, 1750)
	c.Company.UID = cmp.Or(c.Company.UID, "5f0c2a4e-7b1d-4c39-9a86-d21e04b7c3f8")
	c.Company.Name = cmp.Or(c.Company.Name, "Sandbox Networks")
	c.Prices = c.Prices.withDefaults()
	return c
}
