// Package deploy tests what Ration is installed with: the static binary, the
// container image's recipe, the service of systemd and the release archives. It
// has no code of its own.
//
// The binary that its tests run is the one of "make build", made once from a copy
// of the source as the container's build sees it.
package deploy
