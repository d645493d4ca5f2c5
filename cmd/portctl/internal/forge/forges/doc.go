// Package forges has stand-ins of GitHub and GitLab for tests: real HTTP servers that
// hold one repository with its pull requests, comments, issues, and what CI left. They
// are strict as the real ones are, and stricter: a path, a method, a parameter, a token
// or a header that the API would not take is refused, and listings are paged.
//
// It owns what the two APIs promise (GitHub REST 2022-11-28, GitLab REST v4). It must
// not know portctl.
package forges
