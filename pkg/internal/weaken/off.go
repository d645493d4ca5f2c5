//go:build !weaken

package weaken

// Off says whether a protection is taken away: never.
func Off(Protection) bool { return false }
