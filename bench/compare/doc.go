// Package compare measures Ration beside other ways to count requests, in one
// run on one database, so that ratios can be trusted where absolute figures
// can't. Each measurement checks its own workload: that the distinct keys were
// really seen, and that what was counted is what was admitted.
package compare
