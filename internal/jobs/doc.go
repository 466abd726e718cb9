// Package jobs does in the background what administrators have asked for: changes of
// many keys, and imports.
//
// Each instance has a [Runner], which does one job at a time. A job goes on in steps of
// some keys or rows. A step is one transaction that changes them and writes how far the
// job is, and that fails if the job is no longer this instance's. So a job goes on
// exactly where it was, in whichever instance, after any crash. Nothing here knows what
// a job does: package admin does.
package jobs
