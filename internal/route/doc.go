// Package route says what a request costs and needs, by its method and path.
//
// Patterns are matched with the decoded path of a request whose bytes are
// passed on unchanged. So that an upstream can't read another path than was
// matched, [CheckPath] refuses what two readers may read differently: encoded
// slashes, dot segments, doubled slashes, backslashes, parameters after ';'.
package route
