// Package keyimport reads the keys that another system issued, and what it counted,
// and plans their import: it reads a file, maps its columns to what a key or a count
// has, and tells what is wrong before anything is written. It opens no store. No error
// and no finding shows what stands in a cell: the wrong column may hold the secrets.
package keyimport
