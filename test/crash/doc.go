// Package crash proves promises 1 to 3 with processes that are killed: what was
// let through was counted, nobody passed a limit, and nothing that was answered
// is forgotten. Jobs that they do go on exactly where they were.
package crash
