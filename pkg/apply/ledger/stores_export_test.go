package ledger

import (
	"os"
	"time"
)

// What the tests of the stores may reach into.

// SetTimeout sets how long the bucket is waited for.
func (b *Bucket) SetTimeout(d time.Duration) { b.timeout = d }

// SetLink replaces how files are given their final names.
func (l *Local) SetLink(link func(old, name string) error) { l.disk.link = link }

// SetSync replaces how files and folders are made durable.
func (l *Local) SetSync(sync func(*os.File) error) { l.disk.sync = sync }

// SetIndexAfter sets after how many closed claims an index of them is written.
func (l *Ledger) SetIndexAfter(n int) { l.indexAfter = n }
