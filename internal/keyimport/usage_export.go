package keyimport

// exported are the columns that 'ration usage -o csv' writes besides those that an
// import reads. They only say more about the key, and denials are not imported.
var exported = []string{"key_name", "owner", "denied"}

// exportedMapping is the mapping of a table that 'ration usage -o csv' has written.
var exportedMapping = UsageMapping{
	Key: "key_id", Date: "date", RequestCount: "used", LastRequestAt: "last_request_at", Meter: "meter",
}

// isExported reports whether a table has exactly the columns of an export.
func isExported(table *Table) bool {
	if len(table.columns) != len(exportedMapping.columns())+len(exported) {
		return false
	}
	for _, column := range append(exportedMapping.columns(), exported...) {
		if table.column(column) < 0 {
			return false
		}
	}
	return true
}
