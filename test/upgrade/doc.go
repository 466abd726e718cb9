// Package upgrade runs the build of a former schema on the schema of this source,
// beside this source's build and in turn with it, and judges what both together let
// through and recorded. It builds the former one from the repository's history, and
// fails where that is not at hand.
package upgrade
