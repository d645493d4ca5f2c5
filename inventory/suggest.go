package inventory

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nearest gives the candidate that a word is probably meant to be, or nothing
// when none is near. Case and separators are no difference at all; the
// beginning of a candidate, from three characters on, is as good as a typing
// mistake.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 0
	w := bare(word)
	length := utf8.RuneCountInString(w)
	for _, c := range candidates {
		b := bare(c)
		allowed := tolerance(max(length, utf8.RuneCountInString(b)))
		d := allowed + 1
		switch gap := length - utf8.RuneCountInString(b); {
		case length >= 3 && strings.HasPrefix(b, w):
			d = min(-gap, 1)
		case gap <= allowed && -gap <= allowed: // A larger gap alone is too many mistakes.
			d = distance(w, b)
		}
		if d <= allowed && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// tolerance is how many typing mistakes are forgiven in a word of n characters:
// about one in four.
func tolerance(n int) int {
	switch {
	case n <= 2:
		return 0
	case n <= 5:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// bare is a word without case and separators.
func bare(word string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, word)
}

// distance counts the typing mistakes between two words: a character too many,
// too few, wrong, or swapped with its neighbour.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			wrong := last[j-1]
			if s[i-1] != t[j-1] {
				wrong++
			}
			row[j] = min(wrong, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

// quotedMax is how many characters of a value a message repeats.
const quotedMax = 60

// quoted is a value as messages show it: in quotes, with what cannot be seen
// escaped, and not longer than a line bears.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > quotedMax {
		s = string([]rune(s)[:quotedMax]) + "…"
	}
	return strconv.Quote(s)
}

// list joins words for a message.
func list(words []string) string { return strings.Join(words, ", ") }
