package adminsock

// OperationNames returns the names of what is served.
func OperationNames() map[string]bool {
	names := make(map[string]bool, len(operations))
	for name := range operations {
		names[name] = true
	}
	return names
}
