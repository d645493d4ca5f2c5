package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// ServiceUID identifies one service of the account (a UUID).
type ServiceUID string

// Short is the form the portal and the LOA use: the first eight characters.
func (u ServiceUID) Short() string {
	if len(u) < 8 {
		return string(u)
	}
	return string(u[:8])
}

// LocationID identifies a Megaport location. It is the only stable key of a
// site: names change (API facts §2.5).
type LocationID int

// Zone is a diversity zone of a location: "red" or "blue". Empty means the API
// chooses, or, in what was read, that it is not known.
type Zone string

// The diversity zones.
const (
	Red  Zone = "red"
	Blue Zone = "blue"
)

// Speed is a port speed in Mbps.
type Speed int

// The speeds that Megaport sells Ports at, in Mbps (API facts §3.2).
const (
	Speed1G   Speed = 1_000
	Speed10G  Speed = 10_000
	Speed100G Speed = 100_000
	Speed400G Speed = 400_000
)

// Speeds lists what a port can be ordered at, slowest first.
func Speeds() []Speed { return []Speed{Speed1G, Speed10G, Speed100G, Speed400G} }

// String writes whole Gbps as "10G" and anything else in Mbps.
func (s Speed) String() string {
	if s > 0 && s%1000 == 0 {
		return strconv.Itoa(int(s)/1000) + "G"
	}
	return strconv.Itoa(int(s)) + "M"
}

// Terms lists the contract terms a port can be ordered for, in months (fact
// sheet 3.2).
func Terms() []int { return []int{1, 12, 24, 36, 48, 60} }

// MaxLagMembers is the largest number of ports in one LAG (API facts §3.2).
const MaxLagMembers = 8

// Source is where in the inventory something was written. Line and Column
// count from 1; a zero Line means "not from a file".
type Source struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String is the file:line:column form that editors jump to.
func (s Source) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Column)
}

// FoldName is the form in which names of ports and services are compared:
// trimmed, NFC, case-folded. Two names with one fold are the same name.
func FoldName(name string) string {
	if plainASCII(name) {
		return strings.ToLower(strings.TrimSpace(name))
	}
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(name)))
}

// plainASCII says that a text is of ASCII alone, as most names are: for these the
// fold is to write them in lower case, which takes no work when they are.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// NameHash names a product name where only letters and digits are allowed, such as
// in the keys of a ledger: names may hold anything.
func NameHash(name string) string {
	sum := sha256.Sum256([]byte(FoldName(name)))
	return hex.EncodeToString(sum[:16])
}

// FoldUID is the form in which UIDs are compared: their letters may come in either
// case.
func FoldUID(uid string) ServiceUID { return ServiceUID(strings.ToLower(strings.TrimSpace(uid))) }
