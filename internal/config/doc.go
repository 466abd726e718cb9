// Package config reads Ration's settings from a YAML file, the environment and the
// command line. A later one of these overrides an earlier one. One table of settings
// makes the flags, the environment variables, the checks and the reference.
package config
