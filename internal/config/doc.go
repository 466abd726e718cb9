// Package config reads Ration's settings from a YAML file, the environment and
// the command line, in that order: what comes later wins. One table of settings
// makes the flags, the variables, the checks and the reference.
package config
