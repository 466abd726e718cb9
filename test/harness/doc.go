// Package harness runs the built ration binary in tests: instances as processes
// of their own, which can be stopped and killed, an upstream with a log of its
// own to judge them by, and clients that note what they were answered.
package harness
