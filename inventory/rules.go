package inventory

import "slices"

// Severity tells whether a problem stops the run.
type Severity string

// The severities.
const (
	// Error is a problem that leaves no inventory to work with.
	Error Severity = "error"
	// Warning is worth reading but stops nothing.
	Warning Severity = "warning"
)

// The rules, files first, then YAML, then the language: the ID of each, which is
// stable, since scripts and editors may rely on it, and what it asks for. The page
// docs/diagnostics.md is made from these lines and from the cases of testdata.
const (
	ruleNoFile         = "no-file"            // There must be an inventory file to read.
	ruleUnreadable     = "unreadable-file"    // Every file and directory named must be there and readable.
	ruleTooLarge       = "file-too-large"     // An inventory file is at most 10 MiB.
	ruleNotUTF8        = "not-utf8"           // An inventory file is text in UTF-8.
	ruleControl        = "control-character"  // Control characters are not allowed, in the file or in a value.
	ruleHidden         = "hidden-character"   // Characters that a reviewer cannot see, or that reorder the line, are not allowed.
	ruleEmptyFile      = "empty-file"         // An inventory file must not be empty.
	ruleSyntax         = "yaml-syntax"        // The file must be YAML.
	ruleTab            = "tab-indentation"    // Indentation is made of spaces.
	ruleUnknownAnchor  = "unknown-anchor"     // An alias (*name) needs an anchor (&name) above it.
	ruleAliasCycle     = "alias-cycle"        // An anchor must not contain itself.
	ruleAliasBomb      = "alias-bomb"         // Aliases must not expand to far more than what is written in the file.
	ruleMerge          = "bad-merge"          // A merge key (<<) takes an alias of a mapping, or a list of them.
	ruleBoolean        = "yaml-boolean"       // Yes, no, on, off, y and n mean different things to different YAML tools, so they are not used unquoted.
	ruleNumber         = "yaml-number"        // Numbers are plain decimal digits.
	ruleReading        = "yaml-text"          // Text that some YAML tools read as a number, a date or something else is in quotes.
	ruleCut            = "cut-by-comment"     // A text that holds a "#" is in quotes, and a comment has a space behind its "#".
	ruleQuotes         = "typographic-quotes" // Text is quoted with straight quotes.
	ruleType           = "wrong-type"         // Every value must have the type that its key asks for.
	ruleKeyType        = "key-not-text"       // Keys are text.
	ruleDuplicateKey   = "duplicate-key"      // A key stands once in its mapping.
	ruleUnknownKey     = "unknown-key"        // Every key must be one that the inventory language has in that place.
	ruleMissingKey     = "missing-key"        // Required keys must be present: nothing about money or location is guessed.
	ruleEmptyValue     = "empty-value"        // A key that is written needs a value.
	ruleSpace          = "surrounding-space"  // Text does not begin or end with a space.
	ruleVersion        = "bad-version"        // The version of the inventory language is 1.
	ruleGivenTwice     = "given-twice"        // What holds for the whole inventory is given once.
	ruleEnvironment    = "bad-environment"    // The environment is one that Megaport has, or the sandbox.
	ruleTooLong        = "too-long"           // Texts keep to the length that the API is known to take.
	ruleDuplicateName  = "duplicate-name"     // The name of a port is unique in the inventory.
	ruleSpeed          = "bad-speed"          // The speed is one that Megaport sells ports at.
	ruleZone           = "bad-zone"           // The diversity zone is red or blue.
	ruleTerm           = "bad-term"           // The term is a number of months that Megaport sells.
	ruleLAG            = "bad-lag"            // A LAG has 1 to 8 members.
	ruleLAGSpeed       = "lag-speed"          // The members of a LAG have 10G or faster.
	ruleLAGOfOne       = "lag-of-one"         // A LAG of one member is not the same as a plain port.
	ruleReservedTag    = "reserved-tag"       // Tags that portctl sets itself cannot be declared.
	ruleLocationID     = "bad-location-id"    // A location id is a positive number.
	ruleDuplicateSite  = "duplicate-site"     // An alias under sites is defined once.
	ruleSiteChain      = "site-chain"         // An alias under sites names a location, not another alias.
	ruleSiteNearAlias  = "site-near-alias"    // A site that is almost an alias is probably meant to be that alias.
	ruleNoPorts        = "no-ports"           // An inventory usually lists ports.
	ruleListedTwice    = "listed-twice"       // A list says each thing once.
	ruleLedger         = "bad-ledger"         // State is kept in a directory or in an s3:// bucket, and its address holds no credentials.
	ruleCurrency       = "bad-currency"       // A currency is named by its three capital letters (ISO 4217).
	ruleAmount         = "bad-amount"         // An amount of money is written in digits, with at most two decimals.
	ruleLimit          = "bad-limit"          // A limit on the number of orders is 1 or more.
	rulePolicyTerms    = "policy-terms"       // Every term is one that the policy allows.
	ruleUnmanagedEntry = "unmanaged-entry"    // A service is an entry or unmanaged, not both.
	ruleUID            = "bad-uid"            // The UID of a service is written out: 32 hexadecimal digits in five groups.
	ruleState          = "bad-state"          // The only state of an entry is absent, which cancels its service.
	ruleContradiction  = "contradiction"      // The keys of an entry do not contradict each other.
	ruleUIDTwice       = "uid-twice"          // A service belongs to one entry.
	ruleReplaces       = "bad-replaces"       // A service is replaced once, and only when no entry keeps it.
	ruleFormerlyLiving = "formerly-living"    // A former name is not the name of an entry.
	ruleFormerlyTwice  = "formerly-twice"     // A former name is that of one entry.
	ruleTemplate       = "bad-template"       // The name of a rollout has the placeholders {site}, {zone} and {n} where, and only where, they tell its ports apart.
	ruleTemplateTwice  = "template-collision" // A rollout gives each of its ports a name of its own.
	ruleCount          = "bad-count"          // The count of a rollout is 1 or more.
	ruleRolloutSize    = "rollout-too-large"  // The rollouts of an inventory expand to at most 100,000 ports.
	ruleSameZone       = "same-zone"          // Two ports in one diversity zone of a site fail together.
	ruleIntended       = "bad-same-zone"      // The only value of sameZone is intended.
	ruleCSV            = "csv-format"         // A CSV file has a row of names and rows of as many cells.
	ruleCSVColumn      = "csv-column"         // The columns of a CSV file are keys of a port, each of them once, and name, site, speed and term are there.
	ruleCSVUnused      = "csv-unused-column"  // A column of a CSV file that is no key of a port is not used.
)

// warnings are the rules whose problems stop nothing.
var warnings = []string{ruleCut, ruleLAGOfOne, ruleSiteNearAlias, ruleNoPorts, ruleSameZone, ruleCSVUnused}

func severityOf(rule string) Severity {
	if slices.Contains(warnings, rule) {
		return Warning
	}
	return Error
}
