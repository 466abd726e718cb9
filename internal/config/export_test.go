package config

// OpenToOthers is what decides whether a file of secrets is refused.
var OpenToOthers = openToOthers
