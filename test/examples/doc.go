// Package examples runs the recipes under examples, and the clients under clients, as
// processes of their own against the built binary: what is allowed, denied, and what
// they do while Ration can't be asked, is slow or comes back.
package examples
