// Package render draws plans, results and tables for people.
//
// It owns wording and layout. It must not compute anything that another output
// could compute differently: every number comes from the plan or the result.
// Functions take values and a writer; width and colour are options; there is no
// clock and no terminal here. Names from the account are made harmless before
// they are written.
package render
