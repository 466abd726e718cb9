// Package chart renders the Helm chart with Helm itself, holds what comes out against
// the types of Kubernetes and against itself, and runs the binary as the pods would run
// it. It has no cluster. It has no code of its own.
package chart
