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

// Rule describes one kind of problem. Its ID is stable: scripts and editors may
// rely on it.
type Rule struct {
	// ID is the name in brackets behind a diagnostic, such as "unknown-key".
	ID string `json:"id"`
	// Severity is the same for every diagnostic of the rule.
	Severity Severity `json:"severity"`
	// Summary says in one sentence what the rule asks for.
	Summary string `json:"summary"`
}

// The rule ids, in the order in which Rules lists them.
const (
	ruleNoFile         = "no-file"
	ruleUnreadable     = "unreadable-file"
	ruleTooLarge       = "file-too-large"
	ruleNotUTF8        = "not-utf8"
	ruleControl        = "control-character"
	ruleHidden         = "hidden-character"
	ruleEmptyFile      = "empty-file"
	ruleSyntax         = "yaml-syntax"
	ruleTab            = "tab-indentation"
	ruleUnknownAnchor  = "unknown-anchor"
	ruleAliasCycle     = "alias-cycle"
	ruleAliasBomb      = "alias-bomb"
	ruleMerge          = "bad-merge"
	ruleBoolean        = "yaml-boolean"
	ruleNumber         = "yaml-number"
	ruleReading        = "yaml-text"
	ruleCut            = "cut-by-comment"
	ruleQuotes         = "typographic-quotes"
	ruleType           = "wrong-type"
	ruleKeyType        = "key-not-text"
	ruleDuplicateKey   = "duplicate-key"
	ruleUnknownKey     = "unknown-key"
	ruleMissingKey     = "missing-key"
	ruleEmptyValue     = "empty-value"
	ruleSpace          = "surrounding-space"
	ruleVersion        = "bad-version"
	ruleGivenTwice     = "given-twice"
	ruleEnvironment    = "bad-environment"
	ruleTooLong        = "too-long"
	ruleDuplicateName  = "duplicate-name"
	ruleSpeed          = "bad-speed"
	ruleZone           = "bad-zone"
	ruleTerm           = "bad-term"
	ruleLAG            = "bad-lag"
	ruleLAGSpeed       = "lag-speed"
	ruleLAGOfOne       = "lag-of-one"
	ruleReservedTag    = "reserved-tag"
	ruleLocationID     = "bad-location-id"
	ruleDuplicateSite  = "duplicate-site"
	ruleSiteChain      = "site-chain"
	ruleSiteNearAlias  = "site-near-alias"
	ruleNoPorts        = "no-ports"
	ruleListedTwice    = "listed-twice"
	ruleLedger         = "bad-ledger"
	ruleCurrency       = "bad-currency"
	ruleAmount         = "bad-amount"
	ruleLimit          = "bad-limit"
	rulePolicyTerms    = "policy-terms"
	ruleUnmanagedEntry = "unmanaged-entry"
	ruleUID            = "bad-uid"
	ruleState          = "bad-state"
	ruleContradiction  = "contradiction"
	ruleUIDTwice       = "uid-twice"
	ruleReplaces       = "bad-replaces"
	ruleFormerlyLiving = "formerly-living"
	ruleFormerlyTwice  = "formerly-twice"
	ruleTemplate       = "bad-template"
	ruleTemplateTwice  = "template-collision"
	ruleCount          = "bad-count"
	ruleRolloutSize    = "rollout-too-large"
	ruleSameZone       = "same-zone"
	ruleCSV            = "csv-format"
	ruleCSVColumn      = "csv-column"
	ruleCSVUnused      = "csv-unused-column"
)

// Rules lists every rule that a diagnostic can name, files first, then YAML,
// then the language.
func Rules() []Rule { return slices.Clone(rules) }

// rules is never changed.
var rules = []Rule{
	{ruleNoFile, Error, "There must be an inventory file to read."},
	{ruleUnreadable, Error, "Every file and directory named must be there and readable."},
	{ruleTooLarge, Error, "An inventory file is at most 10 MiB."},
	{ruleNotUTF8, Error, "An inventory file is text in UTF-8."},
	{ruleControl, Error, "Control characters are not allowed, in the file or in a value."},
	{ruleHidden, Error, "Characters that a reviewer cannot see, or that reorder the line, are not allowed."},
	{ruleEmptyFile, Error, "An inventory file must say something."},
	{ruleSyntax, Error, "The file must be YAML."},
	{ruleTab, Error, "Indentation is made of spaces."},
	{ruleUnknownAnchor, Error, "An alias (*name) needs an anchor (&name) above it."},
	{ruleAliasCycle, Error, "An anchor must not contain itself."},
	{ruleAliasBomb, Error, "Aliases must not blow a file up far beyond what is written in it."},
	{ruleMerge, Error, "A merge key (<<) takes an alias of a mapping, or a list of them."},
	{ruleBoolean, Error, "Yes, no, on, off, y and n mean different things to different YAML tools, so they are not used unquoted."},
	{ruleNumber, Error, "Numbers are plain decimal digits."},
	{ruleReading, Error, "Text that some YAML tools read as a number, a date or something else is in quotes."},
	{ruleCut, Warning, "A text that holds a \"#\" is in quotes, and a comment has a space behind its \"#\"."},
	{ruleQuotes, Error, "Text is quoted with straight quotes."},
	{ruleType, Error, "Every value must have the type that its key asks for."},
	{ruleKeyType, Error, "Keys are text."},
	{ruleDuplicateKey, Error, "A key stands once in its mapping."},
	{ruleUnknownKey, Error, "Every key must be one that the inventory language has in that place."},
	{ruleMissingKey, Error, "What is required must be there: nothing about money or place is guessed."},
	{ruleEmptyValue, Error, "A key that is written needs a value."},
	{ruleSpace, Error, "Text does not begin or end with a space."},
	{ruleVersion, Error, "The version of the inventory language is 1."},
	{ruleGivenTwice, Error, "What holds for the whole inventory is given once."},
	{ruleEnvironment, Error, "The environment is one that Megaport has, or the sandbox."},
	{ruleTooLong, Error, "Texts keep to the length that the API is known to take."},
	{ruleDuplicateName, Error, "The name of a port is unique in the inventory."},
	{ruleSpeed, Error, "The speed is one that Megaport sells ports at."},
	{ruleZone, Error, "The diversity zone is red or blue."},
	{ruleTerm, Error, "The term is a number of months that Megaport sells."},
	{ruleLAG, Error, "A LAG has 1 to 8 members."},
	{ruleLAGSpeed, Error, "The members of a LAG have 10G or faster."},
	{ruleLAGOfOne, Warning, "A LAG of one member is not the same as a plain port."},
	{ruleReservedTag, Error, "Tags that portctl sets itself can not be declared."},
	{ruleLocationID, Error, "A location id is a positive number."},
	{ruleDuplicateSite, Error, "An alias under sites is defined once."},
	{ruleSiteChain, Error, "An alias under sites names a location, not another alias."},
	{ruleSiteNearAlias, Warning, "A site that is almost an alias is probably meant to be that alias."},
	{ruleNoPorts, Warning, "An inventory usually lists ports."},
	{ruleListedTwice, Error, "A list says each thing once."},
	{ruleLedger, Error, "State is kept in a directory or in an s3:// bucket, and its address holds no credentials."},
	{ruleCurrency, Error, "A currency is named by its three capital letters (ISO 4217)."},
	{ruleAmount, Error, "An amount of money is written in digits, with at most two decimals."},
	{ruleLimit, Error, "A limit on the number of orders is 1 or more."},
	{rulePolicyTerms, Error, "Every term is one that the policy allows."},
	{ruleUnmanagedEntry, Error, "A service is an entry or unmanaged, not both."},
	{ruleUID, Error, "The UID of a service is written out: 32 hexadecimal digits in five groups."},
	{ruleState, Error, "The only state of an entry is absent, which cancels its service."},
	{ruleContradiction, Error, "The keys of an entry do not contradict each other."},
	{ruleUIDTwice, Error, "A service belongs to one entry."},
	{ruleReplaces, Error, "A service is replaced once, and only when no entry keeps it."},
	{ruleFormerlyLiving, Error, "A former name is not the name of an entry."},
	{ruleFormerlyTwice, Error, "A former name is that of one entry."},
	{ruleTemplate, Error, "The name of a rollout has the placeholders {site}, {zone} and {n} where, and only where, they tell its ports apart."},
	{ruleTemplateTwice, Error, "A rollout gives each of its ports a name of its own."},
	{ruleCount, Error, "The count of a rollout is 1 or more."},
	{ruleRolloutSize, Error, "The rollouts of an inventory stand for at most 100,000 ports."},
	{ruleSameZone, Warning, "Two ports in one diversity zone of a site fail together."},
	{ruleCSV, Error, "A CSV file has a row of names and rows of as many cells."},
	{ruleCSVColumn, Error, "The columns of a CSV file are keys of a port, each of them once, and name, site, speed and term are there."},
	{ruleCSVUnused, Warning, "A column of a CSV file that is no key of a port is not used."},
}

// severityOf looks a rule up. An id that is not listed counts as an error; a
// test proves that there is none.
func severityOf(id string) Severity {
	for _, r := range rules {
		if r.ID == id {
			return r.Severity
		}
	}
	return Error
}
