package loa

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/portctl/portctl/pkg/plan"
)

// FileName is the name of a port's LOA: the service's name made safe for every
// file system, the member's number within a LAG, and the start of the UID, which
// keeps two services of one name apart.
func FileName(name string, member int, uid plan.ServiceUID) string {
	return fileName(name, member, Safe(uid.Short()))
}

// fileNames lists the names that a port's LOA may have, the nicest first. The
// last holds a hash of the whole UID, so it is nobody else's.
func fileNames(name string, member int, uid plan.ServiceUID) []string {
	sum := sha256.Sum256([]byte(uid))
	return []string{
		FileName(name, member, uid),
		fileName(name, member, Safe(string(uid))),
		fileName(name, member, hex.EncodeToString(sum[:])),
	}
}

func fileName(name string, member int, uid string) string {
	parts := []string{Safe(name)}
	if member > 0 {
		parts = append(parts, strconv.Itoa(member))
	}
	return strings.Join(append(parts, uid), "-") + ".pdf"
}

// longest is how many bytes a name keeps of a text: a name has two such parts,
// and file systems take 255 bytes.
const longest = 100

// Safe keeps letters, digits, dots, dashes and underscores, in the one form that
// file systems which compose characters and those which do not agree on. The
// result is never empty, hidden, taken for an option, or the name of a device.
func Safe(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '_'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune("-_.", r):
			return r
		}
		return '_'
	}, norm.NFC.String(strings.ToValidUTF8(text, "_")))
	for len(clean) > longest {
		_, size := utf8.DecodeLastRuneInString(clean)
		clean = clean[:len(clean)-size]
	}
	clean = strings.Trim(clean, ".")
	first, _ := utf8.DecodeRuneInString(clean)
	if clean == "" || first == '-' || unicode.IsMark(first) || device(clean) {
		clean = "_" + clean
	}
	return clean
}

// device says that Windows takes a name for that of a device, whatever comes
// after its first dot.
func device(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) {
		return true
	}
	port, numbered := strings.CutPrefix(stem, "COM")
	if !numbered {
		port, numbered = strings.CutPrefix(stem, "LPT")
	}
	return numbered && len(port) == 1 && port >= "0" && port <= "9"
}

// inside says that a manifest's file name stays within the folder.
func inside(name string) bool {
	return name != "." && !strings.ContainsAny(name, `/\`) && filepath.IsLocal(name) && filepath.Base(name) == name
}
