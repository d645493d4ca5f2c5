package megaport

import "strings"

// Environment is one of the places where the Megaport API runs. API keys belong
// to one environment (API facts §1.1, confidence B).
type Environment struct {
	// Name is "production", "staging" or "development".
	Name string
	// BaseURL is where the API answers.
	BaseURL string
	// TokenURL is where access tokens are issued.
	TokenURL string
}

// Environments lists the known environments, production first (API facts §1.1,
// confidence A). Only production bills; staging is reset to a copy of production
// every day, so what is bought there vanishes.
func Environments() []Environment {
	return []Environment{
		{
			Name:     "production",
			BaseURL:  "https://api.megaport.com",
			TokenURL: "https://auth-m2m.megaport.com/oauth2/token",
		},
		{
			Name:     "staging",
			BaseURL:  "https://api-staging.megaport.com",
			TokenURL: "https://auth-m2m-staging.megaport.com/oauth2/token",
		},
		{
			Name:     "development",
			BaseURL:  "https://api-mpone-dev.megaport.com",
			TokenURL: "https://auth-m2m-mpone-dev.megaport.com/oauth2/token",
		},
	}
}

// LookupEnvironment finds a known environment by its name, in whatever case. The
// one to go on with is the Environment's own.
func LookupEnvironment(name string) (Environment, bool) {
	for _, e := range Environments() {
		if strings.EqualFold(e.Name, strings.TrimSpace(name)) {
			return e, true
		}
	}
	return Environment{}, false
}
