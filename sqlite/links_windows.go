package sqlite

// refuseLinks finds nothing: links of this kind are rare here.
func refuseLinks(string) error { return nil }
