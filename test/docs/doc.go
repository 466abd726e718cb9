// Package docs keeps the documents true: it runs what they show.
package docs
