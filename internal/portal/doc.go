// Package portal serves the pages for people who hold a key or want one. A holder sees
// what was used and what remains, and can replace the secret if the operator allows it.
//
// A secret reaches the pages only in the body of a POST, and leaves them only where it
// was just made: it is in no URL, no cookie, no storage and no log. The pages load
// nothing from other hosts, work without JavaScript, and refresh themselves with it.
package portal
