// Package condense keeps a log readable while one cause fails thousands of
// requests: of each kind of event one is logged in an interval, with how many of
// its kind were not logged since the one before.
package condense
